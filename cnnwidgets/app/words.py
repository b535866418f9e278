"""The sentences of the pages that show no notebook."""

from dataclasses import dataclass
from http.client import responses


@dataclass(frozen=True, slots=True)
class Notice:
    """A plain page: what happened, and what the person can do about it.

    links: (address, text) pairs; retry_s: seconds until the page asks again by itself, 0 for never.
    """

    status: int
    title: str
    text: str
    remedy: str = ""
    links: tuple[tuple[str, str], ...] = ()
    retry_s: int = 0


TOKEN = Notice(
    403,
    "This page needs its token",
    "It is open only to people who have the full address, the one that ends in ?token=…",
    "Copy the whole address from the terminal where cnnwidgets was started.",
)
EMBEDDED = Notice(
    403,
    "This page opens in a tab of its own",
    "It was asked for from inside another page, and every request starts a Python process.",
    "Open its address in a new tab.",
)


def full(max_kernels: int) -> Notice:
    """Every seat is taken."""
    pages = "page is" if max_kernels == 1 else "pages are"
    return Notice(
        503,
        "All places are taken",
        f"Every open page has a Python of its own, and {max_kernels} {pages} open, "
        "as many as this server allows.",
        "Close a page that you no longer need. This one tries again by itself.",
        retry_s=5,
    )


def contents(names: list[str]) -> Notice:
    """A folder of notebooks."""
    if not names:
        return Notice(200, "No notebooks here", "The folder that is served holds no .ipynb file.")
    return Notice(
        200,
        "Notebooks",
        "Each opens with a Python of its own.",
        links=tuple((name, name.removesuffix(".ipynb")) for name in names),
    )


def failure(status: int) -> Notice:
    """Any other answer that is not a page."""
    if status == 404:
        return Notice(404, "Nothing here", "No notebook has this address.", "Check its spelling.")
    if status >= 500:
        return Notice(
            status,
            "The server failed",
            "The page could not be made.",
            "The reason is in the terminal where cnnwidgets was started. Reload to try again.",
        )
    return Notice(status, responses.get(status, "Refused"), "The server refused this request.")
