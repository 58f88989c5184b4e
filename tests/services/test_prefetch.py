"""Reading ahead: bounded, in order, and over when the consumer is."""

import threading
from collections.abc import Generator

import pytest

from services.prefetch import prefetched, prefetched_each


class Source:
    """Numbers, and what became of their generator."""

    def __init__(self, count: int, error: BaseException | None = None) -> None:
        self.count = count
        self.error = error
        self.made = 0
        self.thread: int | None = None
        self.is_begun = threading.Event()
        self.is_closed = threading.Event()

    def __iter__(self) -> Generator[int, None, None]:
        self.thread = threading.get_ident()
        self.is_begun.set()
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


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_several_come_one_after_the_other(depth: int) -> None:
    sources = [Source(5), Source(0), Source(7)]
    with prefetched_each([iter(one) for one in sources], depth) as each:
        assert [list(items) for items in each] == [list(range(one.count)) for one in sources]
    assert all(one.is_closed.is_set() for one in sources)


def test_the_next_one_begins_while_the_last_of_one_are_used() -> None:
    first, second = Source(2), Source(2)
    with prefetched_each([iter(first), iter(second)], 3) as (ones, others):
        assert next(ones) == 0
        assert second.is_begun.wait(60)
        assert [*ones, *others] == [1, 0, 1]


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_one_that_fails_leaves_the_next_one_whole(depth: int) -> None:
    failing, second = Source(2, error=ZeroDivisionError("here")), Source(3)
    with prefetched_each([iter(failing), iter(second)], depth) as (ones, others):
        with pytest.raises(ZeroDivisionError, match="here"):
            list(ones)
        assert not second.is_begun.is_set()
        assert list(others) == [0, 1, 2]


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("error", [None, ZeroDivisionError("unseen")])
def test_one_may_be_left_early_or_out(depth: int, error: BaseException | None) -> None:
    sources = [Source(5, error=error), Source(5, error=error), Source(3)]
    with prefetched_each([iter(one) for one in sources], depth) as (first, _, last):
        assert next(first) == 0
        assert list(last) == [0, 1, 2]


def test_those_that_were_not_begun_never_are() -> None:
    first, second = Source(10**9), Source(1)
    with prefetched_each([iter(first), iter(second)], 2) as (ones, _):
        next(ones)
    assert first.is_closed.is_set()
    assert not second.is_begun.is_set()
