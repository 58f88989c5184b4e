"""How much of a channel is stored, whatever order its pages came in.

Slack gives a channel newest first. A run that ends between two pages leaves a gap below what it has
stored; the position says so, and a later run fills it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

BEGINNING = ""
"""Before every timestamp."""
NOW = "~"
"""After every timestamp."""
_DAY = 24 * 60 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """All that lies between two timestamps, without them."""

    above: str
    below: str

    def without(self, other: "Stretch") -> Iterator["Stretch"]:
        """What of this one is not in the other."""
        if other.below <= self.above or self.below <= other.above:
            yield self
            return
        if self.above < other.above:
            yield Stretch(self.above, other.above)
        if other.below < self.below:
            yield Stretch(other.below, self.below)


@dataclass(frozen=True, slots=True)
class History:
    """All up to the message `newest` is stored, but for the gaps; `is_closed` says: for ever.

    What lies below the message `visible_from` Slack has hidden when it was last read to the end.
    """

    newest: str = BEGINNING
    gaps: tuple[Stretch, ...] = (Stretch(BEGINNING, NOW),)
    is_closed: bool = False
    visible_from: str = BEGINNING

    def opened(self) -> "History":
        """With what may have been written since, as a gap."""
        if any(gap.below == NOW for gap in self.gaps):
            return self
        return replace(self, gaps=(Stretch(self.newest, NOW), *self.gaps), is_closed=False)

    def with_page(self, stretch: Stretch, newest: str) -> "History":
        """After a page of everything in the stretch, whose newest message this is."""
        left = (part for gap in self.gaps for part in gap.without(stretch))
        return replace(self, newest=max(self.newest, newest), gaps=_from_newest(left))

    def with_gap(self, ts: str) -> "History":
        """With one message to be read again."""
        around = Stretch(_beside(ts, -1), _beside(ts, 1))
        if ts > self.newest or any(gap.above < ts < gap.below for gap in self.gaps):
            return self
        return replace(self, gaps=_from_newest([*self.gaps, around]), is_closed=False)

    def hides(self, ts: str) -> bool:
        """Whether what was written then may be hidden by now: each day hides one more."""
        return _beside(ts, -_DAY) < self.visible_from

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self.gaps

    def as_cursor(self) -> dict[str, Any]:
        """To be kept."""
        gaps = [[gap.above, gap.below] for gap in self.gaps]
        kept = {"newest": self.newest, "gaps": gaps, "is_closed": self.is_closed}
        return {**kept, "visible_from": self.visible_from} if self.visible_from else kept


def kept_history(cursor: dict[str, Any] | None) -> History:
    """What was kept; of a channel never read, nothing."""
    if cursor is None:
        return History()
    gaps = tuple(Stretch(above, below) for above, below in cursor["gaps"])
    visible_from = cursor.get("visible_from", BEGINNING)
    return History(cursor["newest"], gaps, cursor["is_closed"], visible_from)


def _from_newest(gaps: Iterable[Stretch]) -> tuple[Stretch, ...]:
    return tuple(sorted(gaps, key=lambda gap: gap.below, reverse=True))


def _beside(ts: str, micros: int) -> str:
    """The timestamp so many microseconds away."""
    seconds, micro = divmod(int(ts.replace(".", "")) + micros, 1_000_000)
    return f"{seconds:010}.{micro:06}"
