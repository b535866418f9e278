"""A page without a browser: what the kernel sends it, and what it sends back."""

import copy
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import comm
import numpy as np
import pytest
from comm.base_comm import BaseComm
from ipywidgets.widgets.widget import _instances, _put_buffers

import cnnwidgets as cw


class Page:
    """Receives every message that a widget sends, and can answer for its front end."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any], list[Any]]] = []

    def open(self, *args: Any, **kwargs: Any) -> BaseComm:
        page = self

        class Channel(BaseComm):
            def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
                page.messages.append((self.comm_id, data or {}, list(buffers or ())))

        return Channel(*args, **kwargs)

    def updates(self) -> list[dict[str, Any]]:
        """The states sent since the last `clear`, one a message, without the echoes."""
        return [
            _whole(data, buffers)
            for _, data, buffers in self.messages
            if data.get("method") == "update"
        ]

    def echoes(self) -> int:
        return sum(data.get("method") == "echo_update" for _, data, _ in self.messages)

    def replies(self) -> list[tuple[dict[str, Any], list[Any]]]:
        """Custom messages: content and buffers."""
        return [
            (data["content"], buffers)
            for _, data, buffers in self.messages
            if data.get("method") == "custom"
        ]

    def clear(self) -> None:
        self.messages.clear()

    @staticmethod
    def write(widget: Any, state: Any) -> None:
        """What arrives when a page sets traits of a widget."""
        data = {"method": "update", "state": state, "buffer_paths": []}
        widget._handle_msg({"content": {"data": data}, "buffers": []})

    @staticmethod
    def ask(widget: Any, content: Any) -> None:
        """What arrives when a page sends a custom message."""
        data = {"method": "custom", "content": content}
        widget._handle_msg({"content": {"data": data}, "buffers": []})


def _whole(data: dict[str, Any], buffers: list[Any]) -> dict[str, Any]:
    """A state with its binary buffers put back where they belong."""
    state = copy.deepcopy(data["state"])
    _put_buffers(state, data["buffer_paths"], buffers)
    return state


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    """A page that every widget made in the test talks to; they are closed after it."""
    page = Page()
    monkeypatch.setattr(comm, "create_comm", page.open)
    before = set(_instances)
    yield page
    for name in set(_instances) - before:
        if name in _instances:
            _instances[name].close()


@pytest.fixture(scope="session")
def shipped() -> tuple[Any, Any, Any]:
    """The shipped model, its history, and the first 200 test images."""
    model, history = cw.pretrained()
    test = cw.load("mnist", split="test")
    few = cw.ImageSet.from_arrays(
        test.images[:200], test.labels[:200], test.classes, name="digits", mean=0.1307, std=0.3081
    )
    return model, history, few


@pytest.fixture
def scope(shipped: tuple[Any, Any, Any]) -> cw.Microscope:
    model, history, images = shipped
    return cw.Microscope(model, images, history=history)


def wait_for(condition: Callable[[], Any], timeout_s: float = 30) -> None:
    """Returns when the condition holds; fails when that takes too long."""
    end = time.monotonic() + timeout_s
    changed = threading.Event()
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        changed.wait(0.005)


def state_of(scope: Any) -> dict[str, Any]:
    """Everything that a microscope shows, to be compared with `unchanged`."""
    return {name: getattr(scope, name) for name in scope.trait_names()}


def unchanged(scope: Any, before: dict[str, Any]) -> bool:
    return all(
        value is getattr(scope, name)
        or (not isinstance(value, np.ndarray) and value == getattr(scope, name))
        for name, value in before.items()
    )
