"""When a kernel may start, and when it must end; no process is started here."""

import asyncio
import time

import pytest
import zmq
import zmq.asyncio

from cnnwidgets.app.kernels import Full, PageKernel, PageKernels, RunningPython


class Line:
    def __init__(self):
        self.heard = []

    def hang_up(self, reason):
        self.heard.append(reason)


@pytest.fixture
def ended():
    return []


@pytest.fixture
def kernels(monkeypatch, ended):
    """A manager of three kernels a, b, c at most four, whose ends are written down."""
    manager = PageKernels(max_kernels=4, cull_idle_timeout=300)
    manager._kernels.update(a=None, b=None, c=None)

    async def end(self, kernel_id, now=False, restart=False):
        await asyncio.sleep(0)
        self._kernels.pop(kernel_id)
        ended.append(kernel_id)

    monkeypatch.setattr(PageKernels.__mro__[1], "shutdown_kernel", end)
    return manager


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr("cnnwidgets.app.kernels.time.monotonic", lambda: now[0])
    return now


def test_a_seat_is_refused_when_all_are_taken_and_free_again_when_given_back(kernels):
    seat = kernels.reserve()
    with pytest.raises(Full):
        kernels.reserve()
    kernels.release(seat)
    kernels.reserve()


def test_a_kernel_that_is_ending_leaves_its_seat(kernels):
    async def run():
        kernels.reserve()
        ending = asyncio.ensure_future(kernels.shutdown_kernel("a"))
        await asyncio.sleep(0)
        kernels.reserve()
        await ending

    asyncio.run(run())


def test_ending_twice_at_once_ends_once(kernels, ended):
    async def run():
        await asyncio.gather(kernels.shutdown_kernel("a"), kernels.shutdown_kernel("a"))
        await kernels.shutdown_kernel("a")

    asyncio.run(run())
    assert ended == ["a"]


def test_a_page_that_leaves_ends_its_kernel_and_no_other(kernels, ended):
    async def run():
        line = Line()
        kernels.pick_up("a", line)
        kernels.put_down("a", line, page_left=True)
        await asyncio.gather(*kernels._tasks)

    asyncio.run(run())
    assert ended == ["a"]


def test_a_page_whose_line_broke_has_time_to_come_back(kernels, ended, clock):
    async def run():
        line = Line()
        kernels.pick_up("a", line)
        kernels.put_down("a", line, page_left=False)
        clock[0] += 299
        await kernels.cull_kernel_if_idle("a")
        assert ended == []
        clock[0] += 1
        await kernels.cull_kernel_if_idle("a")

    asyncio.run(run())
    assert ended == ["a"]


def test_a_page_that_stays_open_keeps_its_kernel_over_lunch(kernels, ended, clock):
    async def run():
        kernels.pick_up("a", Line())
        clock[0] += 3 * 3600
        await kernels.cull_kernel_if_idle("a")

    asyncio.run(run())
    assert ended == []


def test_a_page_hears_why_its_kernel_ended(kernels):
    async def run():
        kernels.pick_up("a", ended_line := Line())
        kernels.pick_up("b", died_line := Line())
        await kernels.shutdown_kernel("a")
        kernels._handle_kernel_died("b")
        await asyncio.gather(*kernels._tasks)
        assert (ended_line.heard, died_line.heard) == (["ended"], ["died"])

    asyncio.run(run())


def test_every_kernel_name_means_the_python_that_runs_the_app(monkeypatch):
    monkeypatch.setattr("sys.executable", "/opt/python/bin/python")
    specs = RunningPython()
    assert list(specs.get_all_specs()) == ["python3"]
    for name in ("python3", "conda-env-other"):
        assert specs.get_kernel_spec(name).argv[1:3] == ["-m", "ipykernel_launcher"]


def test_who_waits_for_a_kernels_answer_hears_it_though_a_message_is_sent_meanwhile(tmp_path):
    async def run():
        address = f"inproc://{tmp_path}"
        with zmq.asyncio.Context() as context:
            kernel = zmq.Context.shadow(context.underlying).socket(zmq.ROUTER)
            client = context.socket(zmq.DEALER)
            with kernel, client:
                kernel.bind(address)
                client.connect(address)
                session.send(client, "execute_request")
                name = kernel.recv_multipart()[0]
                waiting = client.poll(None)
                await asyncio.sleep(0.01)
                kernel.send_multipart([name, b"execute_reply"])
                time.sleep(0.1)  # the answer arrives while this thread is busy
                session.send(client, "comm_msg")
                assert await asyncio.wait_for(waiting, 5) == zmq.POLLIN

    manager = PageKernels().kernel_manager_factory()
    assert isinstance(manager, PageKernel)
    session = manager.client().session  # what Voilà sends by
    asyncio.run(run())
