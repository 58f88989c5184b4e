"""What there is to collect of a repository, and which of it a run is to collect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

STREAMS = (
    "metadata",
    "commits",
    "issues",
    "pull_requests",
    "reviews",
    "comments",
    "review_comments",
)
"""In the order in which they are collected."""
BOUNDED = frozenset({"issues", "pull_requests", "reviews", "comments", "review_comments"})
"""Those whose records have a time of update, which a window can bound."""


@dataclass(frozen=True, slots=True)
class Window:
    """Only what was last updated within; an end that is None is open.

    `since` and `until` are days, `2024-01-31`, of which the whole is meant, or times in ISO form, in
    UTC unless they say otherwise.
    """

    since: str | None = None
    until: str | None = None

    @property
    def is_bounded(self) -> bool:
        """Whether anything is left out."""
        return bool(self.since or self.until)

    @property
    def start(self) -> datetime | None:
        """From then on."""
        return _instant(self.since, time.min) if self.since else None

    @property
    def end(self) -> datetime | None:
        """Up to then."""
        return _instant(self.until, time.max) if self.until else None

    def __contains__(self, at: datetime) -> bool:
        """Whether something that was updated then is meant."""
        starts = self.start is None or self.start <= at
        return starts and (self.end is None or at <= self.end)

    def __str__(self) -> str:
        return f"{self.since or ''}..{self.until or ''}"

    def problems(self) -> Iterator[str]:
        """What is wrong with it."""
        for name, text in (("since", self.since), ("until", self.until)):
            if text and not _is_instant(text):
                yield f"{name}: {text!r} is no day like 2024-01-31 and no time in ISO form"
        bad = any(text and not _is_instant(text) for text in (self.since, self.until))
        if not bad and self.start and self.end and self.start > self.end:
            yield f"since: {self.since} comes after until, {self.until}"


def chosen_streams(wanted: Sequence[str], window: Window, *, on_github: bool) -> tuple[str, ...]:
    """The streams of a run, in order: the wanted ones, or all that there can be."""
    possible: tuple[str, ...] = STREAMS if on_github else ("commits",)
    if window.is_bounded:
        possible = tuple(name for name in possible if name in BOUNDED)
    return tuple(name for name in possible if not wanted or name in wanted)


def problems_of_streams(wanted: Sequence[str], window: Window, *, on_github: bool) -> Iterator[str]:
    """What is wrong with the choice."""
    for name in wanted:
        if name not in STREAMS:
            yield f"streams: {name!r} is none of {', '.join(STREAMS)}"
        elif not on_github and name != "commits":
            yield f"streams: {name} come from GitHub, and the repository is not there"
        elif window.is_bounded and name not in BOUNDED:
            yield f"streams: {name} know no time of update: leave since and until out"
    if window.is_bounded and not on_github:
        yield "since, until: commits are collected by ancestry, not by time"


def _instant(text: str, at: time) -> datetime:
    """In UTC, as GitHub is asked."""
    try:
        found = datetime.combine(date.fromisoformat(text), at)
    except ValueError:
        found = datetime.fromisoformat(text)
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware.astimezone(UTC).replace(microsecond=0)


def _is_instant(text: str) -> bool:
    try:
        _instant(text, time.min)
    except ValueError:
        return False
    return True
