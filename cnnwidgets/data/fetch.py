"""One file from the web: whole and verified, or one sentence."""

import hashlib
import http.client
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

# Called with the bytes that have come, and the bytes of the whole file or None if not known.
Progress = Callable[[int, int | None], None]

_SILENCE_S = 30.0  # longest wait for a connection, and for the next bytes
_CHUNK_BYTES = 1 << 16


def fetch(urls: Sequence[str], path: Path, md5: str, progress: Progress | None = None) -> None:
    """Bring a file from the first of several addresses that gives it, into path.

    md5: of the whole file, in hexadecimal.
    progress: called as it comes, and from 0 again for a second address; what it raises ends the
        download. By default a line of text on stderr if that is a terminal.
    Raises ConnectionError, in one sentence, with what each host did; OSError if path cannot be
    written. Either may leave a part of the file in path.
    """
    report = progress or _told(path.name)
    failures = []
    for url in urls:
        try:
            return _fetch(url, path, md5, report)
        except _Failure as failure:
            failures.append(f"{urlsplit(url).hostname} {failure}")
    raise ConnectionError(f"cannot fetch {path.name}: {', and '.join(failures)}") from None


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """An OSError becomes one that names path and the remedy."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"cannot write in {str(path)!r} ({error.strerror or error}); "
            "make room there, or give root= another directory"
        ) from error


class _Failure(Exception):
    """What a host did instead of giving the file; follows its name in a sentence."""


@contextmanager
def _network() -> Iterator[None]:
    """Whatever the network raises becomes a _Failure."""
    try:
        yield
    except urllib.error.HTTPError as error:
        with error:
            raise _Failure(f"answered {error.code} {error.reason}".rstrip()) from error
    except TimeoutError as error:
        raise _Failure(f"was silent for {_SILENCE_S:g} seconds") from error
    except urllib.error.URLError as error:
        raise _Failure(f"cannot be reached ({error.reason})") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Failure(f"broke the connection ({error or type(error).__name__})") from error


def _fetch(url: str, path: Path, md5: str, progress: Progress) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "cnnwidgets"})
    digest = hashlib.md5(usedforsecurity=False)
    done = 0
    with _network():
        response = urllib.request.urlopen(request, timeout=_SILENCE_S)
    with response:
        total = response.length
        with on_disk(path.parent):
            file = path.open("wb")
        with file:
            progress(done, total)
            while chunk := _next(response):
                with on_disk(path.parent):
                    file.write(chunk)
                    file.flush()  # here, where a full disk gets its sentence, not in close
                digest.update(chunk)
                done += len(chunk)
                progress(done, total)
    if total is not None and done < total:
        raise _Failure(f"broke off after {done:,} of {total:,} bytes")
    if digest.hexdigest() != md5:
        raise _Failure("sent other data than expected (its MD5 differs)")


def _next(response: http.client.HTTPResponse) -> bytes:
    with _network():
        return response.read(_CHUNK_BYTES)


def _told(name: str) -> Progress:
    """Progress as a line of text, rewritten in place; nothing where there is no terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        return lambda done, total: None

    shown = -1

    def tell(done: int, total: int | None) -> None:
        nonlocal shown
        percent = 100 * done // total if total else done // 1_000_000
        if percent != shown:
            shown = percent
            of = f" of {total / 1e6:.1f}" if total else ""
            end = "\n" if done == total else ""
            print(f"\r{name}: {done / 1e6:.1f}{of} MB", end=end, file=sys.stderr, flush=True)

    return tell
