"""Errors of ours, named after what the platform does about them.

`services.failures` sorts every error, also those of libraries, into the categories below.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class CollectorFailureCategory(StrEnum):
    """Why a run failed; the closed vocabulary of retries, alerts and dashboards.

    From the most serious, what a person has to act on, to what a retry is likely to cure.
    """

    CONFIG = "config"
    AUTH = "auth"
    PERMISSION = "permission"
    UNKNOWN = "unknown"
    VALIDATION = "validation"
    RATE_LIMIT = "rate_limit"
    TIMEOUT = "timeout"
    NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A category in words, and what the person does whom it reaches."""

    what: str
    what_to_do: str


MEANINGS: Mapping[CollectorFailureCategory, Meaning] = {
    CollectorFailureCategory.CONFIG: Meaning(
        "A setting or parameter is missing or wrong.",
        "Mend what the message names; `.env.example` explains each setting.",
    ),
    CollectorFailureCategory.AUTH: Meaning(
        "The source, or a database, rejects our credentials.",
        "Renew the token or widen what it may read, then run again.",
    ),
    CollectorFailureCategory.PERMISSION: Meaning(
        "The operating system refuses us a file or a socket.",
        "Give the user that runs the worker what the message names.",
    ),
    CollectorFailureCategory.UNKNOWN: Meaning(
        "Nothing known: most often a defect of the collector.",
        "Read the traceback in the run's log; it will fail again until the code is mended.",
    ),
    CollectorFailureCategory.VALIDATION: Meaning(
        "What the source sent is not what it promises.",
        "Look at `bdc dead-letters list`; when the source has changed, so must the parser.",
    ),
    CollectorFailureCategory.RATE_LIMIT: Meaning(
        "The source asks us to slow down.",
        "Nothing, the run waits and tries again; when it recurs, collect less often.",
    ),
    CollectorFailureCategory.TIMEOUT: Meaning(
        "The source, or a lock in the database, did not answer in time.",
        "Nothing at first; when it stays, look at the source's status and at long transactions.",
    ),
    CollectorFailureCategory.NETWORK: Meaning(
        "The source cannot be reached or fails by itself (5xx).",
        "Nothing at first; when it stays, look at the source's status and at our own network.",
    ),
}


class CollectorError(Exception):
    """An error of ours: it knows its own category.

    One whose category is `unknown` is classified by its cause.
    """

    category: CollectorFailureCategory = CollectorFailureCategory.UNKNOWN


class ConfigError(CollectorError):
    """Something the operator must fix; never retried, shown as one line without a traceback."""

    category = CollectorFailureCategory.CONFIG

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("; ".join(self.problems))


class SourceUnavailable(CollectorError):
    """The source cannot be reached or answers 5xx: retried with growing pauses, then failed."""

    category = CollectorFailureCategory.NETWORK


class SourceTimedOut(CollectorError):
    """The source did not answer in time: retried with growing pauses, then failed."""

    category = CollectorFailureCategory.TIMEOUT


class RateLimited(CollectorError):
    """The source asks us to slow down: retried, not before `retry_after` seconds have passed.

    `retry_after` is None when the source does not say; the ordinary pauses apply then.
    """

    category = CollectorFailureCategory.RATE_LIMIT

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class AccessDenied(CollectorError):
    """The source rejects our credentials: fails at once, a person has to renew or widen them."""

    category = CollectorFailureCategory.AUTH


class RequestRefused(CollectorError):
    """The source refuses one request (4xx) and would again: the collector decides what it means.

    `status` is the answer's. Left undecided it fails the run at once, as category `unknown`.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        self.status = status
        super().__init__(message)


class NotFound(RequestRefused):
    """What was asked for is not at the source, any more or ever (404, 410)."""


class RecordRejected(CollectorError):
    """One record is not what the source promises: set aside as a dead letter, the others go on.

    Outside a batch, where nothing can be set aside, it fails the run at once.
    """

    category = CollectorFailureCategory.VALIDATION


class AlreadyRunning(CollectorError):
    """Another run holds the lock of this collector and source key: this one ends, unretried.

    `holder` is a sentence for people that says who holds the lock and since when.
    """

    def __init__(self, holder: str) -> None:
        self.holder = holder
        super().__init__(holder)


class LockLost(CollectorError):
    """Another run has taken the source over: stop writing and fail, the other one does the work."""


class RedactedError(CollectorError):
    """Stands in for an error whose text shows a secret and cannot be cleaned in place.

    The message starts with the type of the original; the category is that of the original.
    """

    def __init__(
        self,
        message: str,
        category: CollectorFailureCategory = CollectorFailureCategory.UNKNOWN,
    ) -> None:
        self.category = category
        super().__init__(message)
