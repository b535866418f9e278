"""What the app was asked to do, checked before anything starts."""

import ipaddress
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

LOOPBACK = "127.0.0.1"
KERNEL_BYTES = 320 * 2**20
MOST_KERNELS = 16
FEWEST_KERNELS = 2


@dataclass(frozen=True, slots=True)
class AppSettings:
    """A checked request to serve.

    notebook: an absolute path to a notebook, or to a folder of notebooks.
    host: an address or a name; port: 0 stands for a free one.
    token: the word visitors must know, "" for none.
    max_kernels: how many pages may be open at once.
    preheat: how many pages are made before they are asked for; they count as open.
    """

    notebook: Path
    host: str
    port: int
    token: str
    open_browser: bool
    max_kernels: int
    preheat: int

    @classmethod
    def checked(
        cls,
        notebook: Path | None = None,
        host: str | None = None,
        port: int = 0,
        token: str | None = None,
        open_browser: bool = True,
        max_kernels: int | None = None,
        preheat: int = 0,
    ) -> "AppSettings":
        """Settings with every default filled in.

        Raises ValueError, naming value and remedy, for a port, a token or a number that cannot be,
        and FileNotFoundError for a notebook that is not there.
        """
        if not 0 <= port <= 65535:
            raise ValueError(f"port (={port}) must lie in 0 to 65535; 0 picks a free one")
        if max_kernels is not None and max_kernels < 1:
            raise ValueError(f"max-kernels (={max_kernels}) must be at least 1")
        host = LOOPBACK if host is None else host.strip()
        if not host:
            raise ValueError("host must not be empty; 0.0.0.0 listens on every network")
        if token is not None and not token.isascii():
            raise ValueError(f"token (={token!r}) must be plain ASCII, so that it fits in a link")
        if token is None or not token.strip():
            token = "" if is_loopback(host) else secrets.token_urlsafe(24)
        notebook = find_dashboard() if notebook is None else _existing(notebook)
        if max_kernels is None:
            max_kernels = kernels_that_fit()
        if not 0 <= preheat <= max_kernels:
            raise ValueError(f"preheat (={preheat}) must be 0 to {max_kernels}, the most kernels")
        if preheat and notebook.is_dir():
            raise ValueError(f"preheat (={preheat}) needs one notebook, and {notebook} is a folder")
        return cls(
            notebook=notebook,
            host=host,
            port=port,
            token=token,
            open_browser=open_browser,
            max_kernels=max_kernels,
            preheat=preheat,
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def find_dashboard() -> Path:
    """The dashboard's notebook: inside an installed package, else in the checkout beside it."""
    package = Path(__file__).resolve().parents[1]
    places = [folder / "notebooks" / "dashboard.ipynb" for folder in (package, package.parent)]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"no dashboard.ipynb in {places[0].parent} or {places[1].parent}; "
        "install cnnwidgets again, or name a notebook: cnnwidgets app NOTEBOOK"
    )


def kernels_that_fit() -> int:
    """How many pages half of this machine's memory holds, in 2 to 16.

    A page's Python with PyTorch takes about 320 MB.
    """
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return MOST_KERNELS
    return max(FEWEST_KERNELS, min(MOST_KERNELS, memory // 2 // KERNEL_BYTES))


def _existing(notebook: Path) -> Path:
    path = notebook.expanduser().resolve()
    if path.is_dir():
        return path
    if not path.is_file():
        raise FileNotFoundError(f"no notebook at {notebook}; name a file that ends in .ipynb")
    if path.suffix != ".ipynb":
        raise ValueError(f"notebook (={notebook}) must end in .ipynb, or be a folder of such files")
    return path
