"""Who must not ask what before when, and how much is left of each quota."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Protocol

from services.http.answers import is_used_up, quota_left, seconds_to_reset, wait_asked
from services.http.wire import Answer

# Times in headers are whole seconds: asked in the very second, the source may still refuse.
MARGIN_SECONDS = 1.0
# How old what others have learned may be before it is looked up again, and the same for what we
# tell them; an empty quota is told at once.
SHARING_SECONDS = 1.0
UNKNOWN = 10**9
"""More than any quota: one that nothing is known of is asked first, and so becomes known."""


@dataclass(frozen=True, slots=True)
class Purse:
    """What a quota belongs to: one identity, and one class of resources, or all when None."""

    scope: str
    resource: str | None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is known of a purse: how many requests are left until when, and when it was shut.

    Times are by our own clock, counted from when the source said how long.
    """

    remaining: int | None = None
    resets_at: datetime | None = None
    closed_until: datetime | None = None

    def left(self, now: datetime) -> int:
        """How many requests are left; UNKNOWN once it has been filled again."""
        if self.remaining is None or (self.resets_at is not None and self.resets_at <= now):
            return UNKNOWN
        return self.remaining

    def closed_for(self, now: datetime) -> float:
        """Seconds until it may be used; not above 0 when it may."""
        return (self.closed_until - now).total_seconds() if self.closed_until else 0.0

    def merged(self, other: "Allowance") -> "Allowance":
        """Both, whichever is the more careful; of two windows the later."""
        later = max(self, other, key=_window)
        ends = [end for end in (self.closed_until, other.closed_until) if end]
        return replace(later, closed_until=max(ends, default=None))


class SharedQuotas(Protocol):
    """Where processes tell each other what they have learned."""

    def read(self, now: datetime) -> Mapping[Purse, Allowance]:
        """All that is known, with times by the clock that says it is `now`."""

    def write(self, purse: Purse, allowance: Allowance, now: datetime) -> None:
        """Tell the others."""


class UnsharedQuotas:
    """Nobody else uses them."""

    def read(self, now: datetime) -> Mapping[Purse, Allowance]:
        """Nothing."""
        del now
        return {}

    def write(self, purse: Purse, allowance: Allowance, now: datetime) -> None:
        """Tells nobody."""


class Quotas:
    """What is known of each purse, by threads and, through `shared`, by other processes.

    Nothing is reserved: the source counts, and says with every answer what is left. So a process
    that is killed holds nothing back, and a quota that is asked by several at once may be overdrawn
    by as many requests as are under way; these are refused, and sent again when it is full.
    A purse fills by itself when its time comes.
    """

    def __init__(self, shared: SharedQuotas | None = None) -> None:
        self._shared = shared or UnsharedQuotas()
        self._known: dict[Purse, Allowance] = {}
        self._told: dict[Purse, datetime] = {}
        self._read_at: datetime | None = None
        self._lock = Lock()

    def learn(self, answer: Answer, purse: Purse) -> None:
        """Take note of what is left; close the purse when that is nothing."""
        remaining = quota_left(answer)
        if remaining is None:
            return
        purse = Purse(purse.scope, answer.headers.get("x-ratelimit-resource", purse.resource))
        self._note(purse, remaining, seconds_to_reset(answer), answer.received_at)
        if is_used_up(answer):
            self.close(purse, answer.received_at, wait_asked(answer) or 0.0)

    def close(self, purse: Purse, now: datetime, seconds: float) -> None:
        """Nothing more from this purse for so long."""
        until = now + timedelta(seconds=seconds + MARGIN_SECONDS)
        with self._lock:
            known = self._known.get(purse, Allowance()).merged(Allowance(closed_until=until))
            self._known[purse] = known
        self._tell(purse, known, now)

    def seconds_until_open(self, purse: Purse, now: datetime) -> float:
        """How long the purse stays closed; 0 when it is not."""
        self._listen(now)
        both = (purse, Purse(purse.scope, None))
        with self._lock:
            waits = [self._known[one].closed_for(now) for one in both if one in self._known]
        return max([0.0, *waits])

    def left(self, purse: Purse, now: datetime) -> int:
        """How many requests are left, as far as is known."""
        with self._lock:
            return self._known.get(purse, Allowance()).left(now)

    def _note(self, purse: Purse, remaining: int, seconds: float | None, now: datetime) -> None:
        resets_at = None if seconds is None else now + timedelta(seconds=seconds)
        with self._lock:
            closed_until = self._known.get(purse, Allowance()).closed_until
            known = self._known[purse] = Allowance(remaining, resets_at, closed_until)
            is_due = _is_older(self._told.get(purse), now)
        if is_due:
            self._tell(purse, known, now)

    def _tell(self, purse: Purse, allowance: Allowance, now: datetime) -> None:
        self._told[purse] = now
        self._shared.write(purse, allowance, now)

    def _listen(self, now: datetime) -> None:
        """One thread looks, the others go on with what is known."""
        with self._lock:
            if not _is_older(self._read_at, now):
                return
            self._read_at = now
        found = self._shared.read(now)
        with self._lock:
            for purse, allowance in found.items():
                self._known[purse] = self._known.get(purse, allowance).merged(allowance)


def _is_older(time: datetime | None, now: datetime) -> bool:
    return time is None or abs((now - time).total_seconds()) >= SHARING_SECONDS


def _window(allowance: Allowance) -> tuple[float, float]:
    """A later window comes after, and in the same one (to a few seconds) the one with less left."""
    end = allowance.resets_at.timestamp() if allowance.resets_at else 0.0
    left = UNKNOWN if allowance.remaining is None else allowance.remaining
    return end // 10, -left
