"""What a server has been asked: for assertions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from conformance.replay.messages import Asked

SECRET_HEADERS = frozenset({"authorization", "cookie", "x-api-key"})


@dataclass(slots=True)
class Traffic:
    """Requests in the order of their arrival, and how many were under way at once.

    Headers that hold credentials are hidden; `tokens` has what tells them apart.
    """

    requests: list[Asked] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    under_way: int = 0
    peak: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def targets(self) -> list[str]:
        """Path and query of each request."""
        return [asked.target for asked in self.requests]

    def count(self, path: str) -> int:
        """How often the path was asked for."""
        return sum(asked.path == path for asked in self.requests)

    @contextmanager
    def noting(self, asked: Asked) -> Iterator[None]:
        """One request, from its arrival until it is answered."""
        with self._lock:
            self.requests.append(_hidden(asked))
            self.tokens.append(asked.token)
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
        try:
            yield
        finally:
            with self._lock:
                self.under_way -= 1


def _hidden(asked: Asked) -> Asked:
    headers = {
        name: "***" if name in SECRET_HEADERS else value for name, value in asked.headers.items()
    }
    return Asked(asked.method, asked.target, headers, asked.body, asked.base_url)
