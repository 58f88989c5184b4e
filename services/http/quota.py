"""Who must not ask what before when."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock

from services.http.answers import is_used_up, wait_asked
from services.http.wire import Answer

# Times in headers are whole seconds: asked in the very second, the source may still refuse.
MARGIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Purse:
    """What a quota belongs to: one identity, and one class of resources, or all when None."""

    scope: str
    resource: str | None


class Quotas:
    """Purses known to be empty, shared by threads. A purse fills by itself when its time comes."""

    def __init__(self) -> None:
        self._empty_until: dict[Purse, datetime] = {}
        self._lock = Lock()

    def learn(self, answer: Answer, purse: Purse) -> None:
        """Take note when the answer was the last one that its quota allowed."""
        if not is_used_up(answer):
            return
        resource = answer.headers.get("x-ratelimit-resource", purse.resource)
        self.close(Purse(purse.scope, resource), answer.received_at, wait_asked(answer) or 0.0)

    def close(self, purse: Purse, now: datetime, seconds: float) -> None:
        """Nothing more from this purse for so long."""
        until = now + timedelta(seconds=seconds + MARGIN_SECONDS)
        with self._lock:
            self._empty_until[purse] = max(until, self._empty_until.get(purse, until))

    def seconds_until_open(self, purse: Purse, now: datetime) -> float:
        """How long the purse stays empty; 0 when it is not."""
        purses = (purse, Purse(purse.scope, None))
        with self._lock:
            ends = [self._empty_until[one] for one in purses if one in self._empty_until]
        return max(((end - now).total_seconds() for end in ends), default=0.0)
