"""A step whose script is gone."""

from __future__ import annotations

import itertools
import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from alekseylearn.orphanhood import stop_when_orphaned


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """Hear SIGTERM instead of dying of it."""
    numbers: list[int] = []

    def hear(number: int, _: FrameType | None) -> None:
        numbers.append(number)

    before = signal.signal(signal.SIGTERM, hear)
    yield numbers
    signal.signal(signal.SIGTERM, before)


def test_it_is_told_to_stop_once_its_parent_is_another(heard: list[int]) -> None:
    parents = itertools.chain([7, 7, 7], itertools.repeat(1))
    stop_when_orphaned(lambda: next(parents), lambda _: None).join()
    assert heard == [signal.SIGTERM]


def test_it_is_left_alone_as_long_as_its_parent_lives(heard: list[int]) -> None:
    looked = threading.Event()
    go_on = threading.Event()

    def sleep(_: float) -> None:
        looked.set()
        go_on.wait()

    stop_when_orphaned(lambda: 7, sleep)
    looked.wait()
    assert heard == []
