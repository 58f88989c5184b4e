"""What a source such as GitHub does with every request: quotas, revoked tokens, versions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import Lock

from conformance.replay.messages import Answer, Asked, json_answer


@dataclass(slots=True)
class Budget:
    """So many requests of each token to paths with this prefix in a window of time.

    Its headers and its refusal are GitHub's,
    https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api. The first request
    of a token opens its window.
    """

    limit: int
    window: timedelta = timedelta(hours=1)
    resource: str = "core"
    prefix: str = "/"
    _used: Counter[str] = field(default_factory=Counter)
    _resets: dict[str, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def charge(self, asked: Asked, now: datetime) -> "tuple[bool, dict[str, str]]":
        """Whether the token could pay, and the headers that say what it has left."""
        with self._lock:
            self._open_window(asked.token, now)
            can_pay = self._used[asked.token] < self.limit
            self._used[asked.token] += can_pay
            return can_pay, self._headers(asked.token)

    def give_back(self, token: str) -> dict[str, str]:
        """Not counted after all: an answer "not modified" is free."""
        with self._lock:
            self._used[token] -= 1
            return self._headers(token)

    def _open_window(self, token: str, now: datetime) -> None:
        if token not in self._resets or now >= self._resets[token]:
            self._used[token] = 0
            self._resets[token] = now + self.window

    def _headers(self, token: str) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.limit - self._used[token]),
            "x-ratelimit-used": str(self._used[token]),
            "x-ratelimit-reset": str(int(self._resets[token].timestamp())),
            "x-ratelimit-resource": self.resource,
        }


@dataclass(slots=True)
class Tokens:
    """Tokens that are revoked after so many requests; all others are welcome for ever."""

    _left: dict[str, int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def revoke(self, token: str, after: int = 0) -> None:
        """From then on: 401."""
        self._left[token] = after

    def restore(self, token: str) -> None:
        """Welcome again, as new credentials are."""
        self._left.pop(token, None)

    def refuses(self, token: str) -> bool:
        """Whether the request comes too late; counts it."""
        with self._lock:
            left = self._left.get(token, 1)
            self._left.update({token: left - 1} if token in self._left else {})
        return left <= 0


Answering = Callable[[Asked], Answer]


def within_budget(asked: Asked, budget: Budget, now: datetime, answering: Answering) -> Answer:
    """The answer with the headers of the budget, or a refusal."""
    can_pay, headers = budget.charge(asked, now)
    if not can_pay:
        refusal = {"message": "API rate limit exceeded for user ID 1."}
        return json_answer(refusal, 403, **headers)
    answer = answering(asked)
    headers = budget.give_back(asked.token) if answer.status == 304 else headers
    return replace(answer, headers={**headers, **answer.headers})


def versioned(asked: Asked, answer: Answer) -> Answer:
    """With an ETag, which belongs to the token as GitHub's do; 304 where the client has it."""
    if answer.status != 200 or asked.method not in {"GET", "HEAD"}:
        return answer
    etag = blake2b(asked.token.encode() + answer.body, digest_size=8).hexdigest()
    headers = {"etag": f'W/"{etag}"', **answer.headers}
    if _is_known(asked, headers):
        return Answer(304, {"etag": headers["etag"]})
    return replace(answer, headers=headers)


def _is_known(asked: Asked, headers: dict[str, str]) -> bool:
    if "if-none-match" in asked.headers:
        return asked.headers["if-none-match"] == headers["etag"]
    since = asked.headers.get("if-modified-since")
    return since is not None and since == headers.get("last-modified")
