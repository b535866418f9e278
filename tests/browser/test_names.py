"""Names on the dashboard's page, for those who cannot see it."""

from playwright.sync_api import expect

from tests.browser.scenes import DASHBOARD, Dash


def test_cards_are_named_by_their_own_titles_and_no_two_elements_share_an_id(voila, page):
    voila.open(page, DASHBOARD)
    page.wait_for_function("window.stage")
    dash = Dash(page)
    expect(page.locator("section.cw-panel")).to_have_count(
        8
    )  # the pad is drawn when it is first shown
    for name in ("Input", "Prediction", "Network", "Training time"):
        expect(page.get_by_role("region", name=name)).to_have_count(1)
    expect(page.get_by_role("listbox", name="Network")).to_have_count(1)
    expect(dash.slider.get_by_role("slider", name="channel")).to_have_count(1)
    ids = page.evaluate("[...document.querySelectorAll('.cw [id]')].map(node => node.id)")
    assert len(ids) > 10
    assert sorted(set(ids)) == sorted(ids)
