"""Every widget alone and bound, and every public trait."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from traitlets import HasTraits, Int, TraitError, link

import cnnwidgets as cw
from cnnwidgets.traits import same
from tests.pages import Page, state_of, unchanged

MAPS = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
LAYERS = [{"name": "conv1", "kind": "Conv2d", "shape": [3, 4, 5]}, {"name": "fc"}]


def alone():
    images = cw.ImageSet.from_arrays(np.zeros((6, 1, 8, 8), "uint8"), [0, 1, 2, 0, 1, 2])
    return {
        cw.ChannelSlider: {"maps": MAPS},
        cw.DigitPicker: {"images": images},
        cw.FeatureMaps: {"maps": MAPS},
        cw.Filters: {"kernels": MAPS[None]},
        cw.LayerSelector: {"layers": LAYERS},
        cw.Prediction: {"probabilities": [0.2, 0.8], "logits": [0, 1.4], "classes": ["a", "b"]},
    }


KINDS = list(alone())


@pytest.fixture(params=KINDS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_a_view_works_alone(page, kind):
    view = kind(**alone()[kind])
    assert view.stage is None
    assert view.error == ""
    assert view.get_state().keys() >= set(view.public_traits())
    view.close()
    view.close()


def test_where_it_cannot_be_shown_it_says_what_to_do(page, kind):
    bundle = kind(**alone()[kind])._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert data["text/plain"] == f"{kind.__name__}: run this cell to see it"


def test_every_public_trait_can_be_linked(page, kind, scope):
    for one, other in (
        (kind(**alone()[kind]), kind(**alone()[kind])),
        (kind(scope), kind(scope)),
    ):
        for name in set(kind.public_traits()) - {"stage", "error", "order", "version"}:
            link((one, name), (other, name)).unlink()


def test_arrays_of_two_views_follow_each_other_when_linked(page):
    one, other = cw.FeatureMaps(maps=MAPS), cw.FeatureMaps()
    link((one, "maps"), (other, "maps"))
    one.maps = MAPS * 2
    assert other.maps is one.maps


def test_a_plain_object_can_be_linked_to_a_bound_view(page, scope):
    class Slider(HasTraits):
        value = Int()

    slider, maps = Slider(), cw.FeatureMaps(scope)
    link((slider, "value"), (maps, "channel"))
    slider.value = 4
    assert scope.channel == 4
    scope.channel = 2
    assert slider.value == 2


@pytest.mark.parametrize("bound", [False, True])
def test_a_misspelt_name_gets_a_suggestion(page, kind, scope, bound):
    name = next(name for name in kind.public_traits() if name not in ("stage", "error", "size"))
    args = (scope,) if bound else ()
    with pytest.raises(TypeError, match=f"{kind.__name__} has no '{name}x'; did you mean '{name}'"):
        kind(*args, **({} if bound else alone()[kind]), **{f"{name}x": 3})
    assert scope._stage is None


def test_what_the_microscope_decides_cannot_be_given_beside_it(page, kind, scope):
    name = sorted(set(kind.public_traits()) & {"maps", "image", "kernels"})[0]
    with pytest.raises(TypeError, match=f"{name} of {kind.__name__} follows the microscope"):
        kind(scope, **{name: None})
    assert scope._stage is None


def test_what_the_microscope_decides_cannot_be_set_on_a_view(page, kind, scope):
    view = kind(scope)
    name = sorted(set(kind.public_traits()) & {"maps", "image", "kernels"})[0]
    before = getattr(view, name)
    with pytest.raises(TraitError, match="follows the microscope"):
        setattr(view, name, np.zeros_like(before))
    assert getattr(view, name) is before


@pytest.mark.parametrize("thing", [3, MAPS, "scope"])
def test_what_is_no_microscope_is_refused_in_words(page, kind, thing):
    with pytest.raises(TypeError, match=f"{kind.__name__} shows a Microscope"):
        kind(thing)


def test_two_views_of_one_microscope_follow_each_other(page, scope):
    slider, maps = cw.ChannelSlider(scope), cw.FeatureMaps(scope)
    slider.channel = 5
    assert (maps.channel, scope.channel) == (5, 5)
    maps.pixel = (2, 3)
    assert (slider.pixel, scope.pixel) == ((2, 3), (2, 3))
    with pytest.raises(TraitError, match="from 0 to 7"):
        slider.channel = 8
    assert slider.channel == maps.channel == scope.channel == 5


def test_maps_alone_refuse_a_channel_and_a_pixel_that_they_do_not_have(page):
    view = cw.FeatureMaps(maps=MAPS, channel=2, pixel=(3, 4))
    with pytest.raises(TraitError, match="from 0 to 2"):
        view.channel = 3
    with pytest.raises(TraitError, match="4 rows and 5 columns"):
        view.pixel = (4, 0)
    view.maps = MAPS[:1, :2, :2]
    assert (view.channel, view.pixel) == (0, None)
    view.maps = None
    view.channel = 7


def test_filters_alone_measure_their_kernels(page):
    kernels = np.array([1, -3, np.inf, np.nan]).reshape(2, 1, 1, 2)
    view = cw.Filters(kernels=kernels, channel=1)
    assert (view.kernels_count, view.kernels_limit) == (2, 3)
    with pytest.raises(TraitError, match="from 0 to 1"):
        view.channel = 2
    view.kernels = kernels[:1]
    assert view.channel == 0
    view.kernels = None
    assert view.kernels_count == 0


def test_a_strip_of_layers_alone_knows_its_layers(page):
    view = cw.LayerSelector(layers=LAYERS)
    assert view.layer == "conv1"
    assert view.layers[1] == {
        "name": "fc",
        "kind": "",
        "detail": "",
        "parameters": 0,
        "shape": [],
    }
    with pytest.raises(TraitError, match="did you mean 'conv1'"):
        view.layer = "conv2"
    with pytest.raises(TraitError, match="name for each"):
        view.layers = [{"kind": "ReLU"}]
    page.write(view, {"layer": "nowhere"})
    assert view.layer == "conv1"
    assert "no layer 'nowhere'" in view.error


@pytest.mark.parametrize("zoom", [float("nan"), 0, 9, float("inf"), "large"])
def test_a_zoom_out_of_range_is_refused(page, zoom):
    view = cw.FeatureMaps(maps=MAPS, zoom=2)
    with pytest.raises(TraitError, match="zoom"):
        view.zoom = zoom
    assert view.zoom == 2


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"maps": None}, "a page may not write maps"),
        ({"channel": 1, "nonsense": 1}, "a page may not write nonsense"),
        ({"channel": "one"}, "whole number"),
        ({"channel": True}, "whole number"),
        ({"channel": None}, "whole number"),
        ({"channel": 10**400}, "from 0 to 2"),
        ({"channel": [0] * 10_000}, "whole number"),
        ({"zoom": float("nan")}, "zoom"),
        ({"colormap": ["grey"]}, "colormap"),
        ({"pixel": {"row": 1}}, "pixel"),
        ({"error": "forged"}, "may not write error"),
        ([1, 2], "names and values"),
        ("text", "names and values"),
    ],
)
def test_a_page_that_sends_nonsense_is_told_so_and_put_right(page, state, words):
    view = cw.FeatureMaps(maps=MAPS, channel=2)
    before = {name: getattr(view, name) for name in view.public_traits()}
    page.clear()
    page.write(view, state)
    assert words in view.error
    assert len(view.error) < 500
    after = {name: getattr(view, name) for name in view.public_traits()}
    assert all(after[name] is before[name] for name in before if name != "error")
    (sent,) = page.updates()
    assert sent["error"] == view.error
    if isinstance(state, dict):
        assert sent.keys() - {"error"} == state.keys() & set(view.keys) - {"error"}
    page.write(view, {"channel": 1})
    assert view.error == ""


@pytest.fixture(scope="module")
def played():
    """A dashboard that random messages are sent to."""
    model, history = cw.pretrained()
    test = cw.load("mnist")
    images = cw.ImageSet.from_arrays(test.images[:20], test.labels[:20], test.classes)
    scope = cw.Microscope(model, images, history=history)
    return scope, cw.Dashboard(scope)


INTEGERS = st.one_of(st.integers(-2, 30), st.integers())
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    INTEGERS,
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["conv1", "conv2", "fc", "auto", "viridis", "shared", "one"]),
    st.lists(INTEGERS, max_size=3),
    st.dictionaries(st.text(max_size=3), st.none(), max_size=2),
)
NAMES = st.sampled_from(
    [
        "index",
        "image",
        "label",
        "layer",
        "channel",
        "pixel",
        "step",
        "run",
        "maps",
        "kernels",
        "only",
        "seed",
        "misread",
        "order",
        "version",
        "view",
        "colormap",
        "scale",
        "zoom",
        "stage",
        "error",
        "classes",
        "comm",
        "keys",
        "layout",
        "_esm",
        "nonsense",
    ]
)
# Messages such as a page sends; only then do most of them get as far as the microscope.
LIKELY = st.one_of(
    st.builds(lambda value: {"index": value}, st.integers(-1, 20)),
    st.builds(lambda value: {"channel": value}, st.integers(-1, 16)),
    st.builds(
        lambda layer, channel: {"layer": layer, "channel": channel},
        st.sampled_from(["conv1", "pool1", "conv2", "fc", "none"]),
        st.integers(0, 16),
    ),
    st.builds(lambda pixel: {"pixel": pixel}, st.lists(st.integers(-1, 28), max_size=3)),
)
# Lists that every view has a copy of.
FIXED = ("thumbnails",)
STATES = st.one_of(LIKELY, st.dictionaries(NAMES, ANYTHING, max_size=3), ANYTHING)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), STATES), min_size=4, max_size=12))
def test_whatever_a_page_sends_the_dashboard_stays_consistent(played, caplog, messages):
    scope, dashboard = played
    widgets = [scope._stage, dashboard, *dashboard.parts]
    for which, custom, state in messages:
        before = state_of(scope)
        widget = widgets[which]
        if isinstance(state, dict):
            state.pop("misread", None)  # it starts a thread, tested by itself
        (Page.ask if custom else Page.write)(widget, state)
        if widget.error or custom:
            assert unchanged(scope, before)
        assert not caplog.records, "an exception reached the log"
    assert len(scope.maps()) > scope.channel >= 0
    assert scope.label == scope.images.labels[scope.index]
    stage = scope._stage
    assert (stage.maps == scope.maps()).all()
    for name in ("index", "layer", "channel", "pixel", "label"):
        assert getattr(stage, name) == getattr(scope, name)
    for part in dashboard.parts:
        for name in part._shared:
            assert same(getattr(part, name), getattr(stage, name)) or name in FIXED, name
