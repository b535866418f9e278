"""Pages made before they are asked for: one kernel each, counted, current, and ended."""

import asyncio
from types import SimpleNamespace

import pytest

from cnnwidgets.app import preheat
from cnnwidgets.app.kernels import PageKernels
from cnnwidgets.app.preheat import HEARTBEAT, Preheated


@pytest.fixture
def kernels(monkeypatch):
    """A manager of at most three kernels, which starts and ends them by name only."""
    manager = PageKernels(max_kernels=3, cull_idle_timeout=300)
    names = iter("abcdefgh")

    async def start(self, **kwargs):
        await asyncio.sleep(0)
        name = next(names)
        self._kernels[name] = None
        return name

    async def end(self, kernel_id, now=False, restart=False):
        await asyncio.sleep(0)
        self._kernels.pop(kernel_id)

    monkeypatch.setattr(PageKernels.__mro__[1], "start_kernel", start)
    monkeypatch.setattr(PageKernels.__mro__[1], "shutdown_kernel", end)
    monkeypatch.setattr(PageKernels, "get_kernel", lambda self, kernel_id: None)
    return manager


class Renderer:
    """Makes a page of two pieces; `broken` says that it fails after the first."""

    broken = False
    notebook = SimpleNamespace(metadata=SimpleNamespace(kernelspec=SimpleNamespace(name="python3")))

    async def initialize(self):
        pass

    async def generate_content_generator(self, kernel_id, kernel_future):
        yield f"head of {kernel_id}, ", None
        await asyncio.sleep(0)
        if self.broken:
            raise RuntimeError("the notebook cannot be shown")
        yield "foot", None


@pytest.fixture
def notebook(tmp_path):
    path = tmp_path / "page.ipynb"
    path.write_text("1")
    return path


@pytest.fixture
def pages(kernels, notebook, monkeypatch):
    monkeypatch.setattr(preheat, "REFILL_S", 0)
    return lambda count: Preheated(kernels, Renderer, notebook, count, {"WORD": "yes"})


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def settled():
    for _ in range(20):
        await asyncio.sleep(0)


async def text_of(made):
    return "".join([piece async for piece in made.html()])


def test_a_visitor_waits_for_a_page_whose_kernel_is_starting(kernels, pages):
    async def run():
        made = pages(1)
        made.fill()
        assert (await made.take()).kernel_id == "a"

    asyncio.run(run())


def test_a_page_is_made_once_for_one_visitor_and_another_takes_its_place(kernels, pages):
    async def run():
        made = pages(1)
        made.fill()
        await until(lambda: kernels.list_kernel_ids() == ["a"])
        await settled()
        first = await made.take()
        assert await made.take() is None
        assert await text_of(first) == "head of a, foot"
        await until(lambda: kernels.list_kernel_ids() == ["a", "b"])
        await settled()
        assert (await text_of(await made.take())) == "head of b, foot"

    asyncio.run(run())


def test_pages_that_wait_count_as_kernels_and_never_pass_the_cap(kernels, pages):
    async def run():
        made = pages(2)
        kernels.reserve()
        kernels.reserve()
        made.fill()
        made.fill()
        await settled()
        assert kernels.list_kernel_ids() == ["a"]

    asyncio.run(run())


def test_a_page_that_could_not_be_made_for_want_of_a_seat_is_made_when_one_is_free(kernels, pages):
    async def run():
        made = pages(1)
        seats = [kernels.reserve() for _ in range(3)]
        made.fill()
        await settled()
        assert kernels.list_kernel_ids() == []
        kernels.release(seats[0])
        await until(lambda: kernels.list_kernel_ids() == ["a"])

    asyncio.run(run())


def test_what_kept_a_page_from_being_made_is_told_to_one_visitor(kernels, pages, monkeypatch):
    async def run():
        made = pages(1)
        with monkeypatch.context() as patch:

            async def fails(self):
                raise OSError("no more processes")

            patch.setattr(Renderer, "initialize", fails)
            made.fill()
            await settled()
        made.fill()
        with pytest.raises(OSError, match="no more processes"):
            await made.take()
        await until(lambda: kernels.list_kernel_ids() == ["a"])

    asyncio.run(run())


def test_without_a_free_seat_it_is_tried_again_once_in_a_while(kernels, pages, monkeypatch):
    monkeypatch.setattr(preheat, "REFILL_S", 3600)

    async def run():
        made = pages(3)
        for _ in range(3):
            kernels.reserve()
        timers = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda *what: timers.append(what) or object())
        made.fill()
        await settled()
        assert timers == [(3600, made.fill)]

    asyncio.run(run())


def test_a_page_of_a_notebook_that_has_changed_is_ended_unseen(kernels, pages, notebook):
    async def run():
        made = pages(1)
        made.fill()
        await until(lambda: kernels.list_kernel_ids() == ["a"])
        await settled()
        notebook.unlink()
        assert await made.take() is None
        made.stop()
        await until(lambda: kernels.list_kernel_ids() == [])

    asyncio.run(run())


def test_a_page_whose_kernel_has_died_is_not_given_away(kernels, pages):
    async def run():
        made = pages(1)
        made.fill()
        await until(lambda: kernels.list_kernel_ids() == ["a"])
        await settled()
        made.count = 0
        kernels._handle_kernel_died("a")
        await settled()
        assert await made.take() is None

    asyncio.run(run())


def test_a_page_that_fails_while_it_is_made_ends_its_kernel(kernels, pages, monkeypatch):
    async def run():
        heard = []
        asyncio.get_running_loop().set_exception_handler(lambda _, about: heard.append(about))
        monkeypatch.setattr(Renderer, "broken", True)
        made = pages(1)
        made.fill()
        await until(lambda: "a" in kernels)
        await until(lambda: "a" not in kernels)
        assert await made.take() is None
        made.stop()

    asyncio.run(run())


def test_a_kernel_waits_for_its_page_however_long_that_takes(kernels, pages, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("cnnwidgets.app.kernels.time.monotonic", lambda: now[0])

    async def run():
        made = pages(1)
        made.fill()
        await until(lambda: kernels.list_kernel_ids() == ["a"])
        await settled()
        now[0] += 24 * 3600
        await kernels.cull_kernel_if_idle("a")
        assert "a" in kernels
        assert (await made.take()).kernel_id == "a"
        await kernels.cull_kernel_if_idle("a")
        assert "a" in kernels, "its page has the usual time to come"
        now[0] += 301
        await kernels.cull_kernel_if_idle("a")
        assert "a" not in kernels

    asyncio.run(run())


def test_a_page_that_is_still_being_made_sends_heartbeats(kernels, pages, monkeypatch):
    monkeypatch.setattr(preheat, "HEARTBEAT_S", 0.01)

    async def run():
        made = preheat.Made("a", asyncio.Queue(), 0)
        html = made.html()
        assert await anext(html) == HEARTBEAT
        made.pieces.put_nowait("head")
        made.pieces.put_nowait(None)
        assert [piece async for piece in html] == ["head"]

    asyncio.run(run())
