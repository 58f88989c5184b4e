"""What a comparison finds, and how the place of a difference is found with few questions."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

WHOLE = "*"
"""Key of a repair that means the whole stream."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A record that is `missing` here, `stale`, or here and `gone` from the source."""

    item_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a stream holds at its source and here; `sampled` records were compared one by one."""

    stream: str
    at_source: int
    stored: int
    sampled: int
    gaps: Sequence[Gap]


def pages_that_differ(last: int, excess: Callable[[int], int]) -> Iterator[int]:
    """The pages, of 1 to `last`, on which a source and the tables do not hold equally many.

    `excess(n)` says how many more records are here than at the source, up to the end of page n.
    Halving, it is asked about twice the logarithm of the pages for each place that differs, and
    once where none does. What is missing and what is gone on one page make up for one another.
    """
    known = cache(excess)
    pending = [(0, 0, last, known(last))]
    while pending:
        start, before, end, after = pending.pop()
        if before == after:
            continue
        if end - start == 1:
            yield end
            continue
        middle = (start + end) // 2
        pending += [(middle, known(middle), end, after), (start, before, middle, known(middle))]


def spread(wanted: int, last: int, turn: int) -> list[int]:
    """Pages evenly spread over 1 to `last`, `wanted` at most; other ones at another `turn`."""
    count = min(wanted, last)
    return sorted({1 + (place * last // count + turn) % last for place in range(count)})
