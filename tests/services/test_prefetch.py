"""Reading ahead: bounded, in order, and over when the consumer is."""

import threading
from collections.abc import Generator

import pytest

from services.prefetch import prefetched


class Source:
    """Numbers, and what became of their generator."""

    def __init__(self, count: int, error: BaseException | None = None) -> None:
        self.count = count
        self.error = error
        self.made = 0
        self.thread: int | None = None
        self.is_closed = threading.Event()

    def __iter__(self) -> Generator[int, None, None]:
        self.thread = threading.get_ident()
        try:
            for number in range(self.count):
                self.made += 1
                yield number
            if self.error:
                raise self.error
        finally:
            self.is_closed.set()


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_every_item_comes_in_order(depth: int) -> None:
    source = Source(100)
    with prefetched(iter(source), depth) as items:
        assert list(items) == list(range(100))
    assert source.is_closed.is_set()


@pytest.mark.parametrize("depth", [0, 2])
def test_an_error_is_raised_at_its_place(depth: int) -> None:
    source = Source(3, error=ZeroDivisionError("here"))
    taken = []
    with pytest.raises(ZeroDivisionError, match="here"), prefetched(iter(source), depth) as items:
        for item in items:
            taken.append(item)  # noqa: PERF402 - what came before the error is the point
    assert taken == [0, 1, 2]


def test_it_reads_ahead_by_no_more_than_was_allowed() -> None:
    source = Source(100)
    with prefetched(iter(source), 2) as items:
        for item in items:
            assert source.made <= item + 1 + 2 + 1  # taken, waiting, and the one in hand


@pytest.mark.parametrize("depth", [0, 2])
def test_a_consumer_that_stops_ends_the_reader(depth: int) -> None:
    source = Source(10**9)
    with pytest.raises(KeyboardInterrupt), prefetched(iter(source), depth) as items:
        next(items)
        raise KeyboardInterrupt
    assert source.is_closed.is_set()


def test_without_depth_there_is_no_thread() -> None:
    source = Source(1)
    with prefetched(iter(source), 0) as items:
        list(items)
    assert source.thread == threading.get_ident()
