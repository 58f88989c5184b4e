"""One lifecycle hook as one Prefect task: its name, its retries, its failure."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from prefect import State, Task
from prefect.cache_policies import NO_CACHE
from prefect.states import Completed, Failed
from prefect.tasks import exponential_backoff

from services.errors import CollectorError, ConfigError
from services.failures import classify_failure, is_retryable, retry_after_seconds
from services.logging import printable
from services.redaction import redact, redact_exception

logger = logging.getLogger(__name__)
T = TypeVar("T")
Say = Callable[[str, datetime | None], None]
# Half of each delay is random, so that collectors that failed together do not come back together.
JITTER = 0.5


class _ToldByTheLifecycle(logging.Filter):
    """Drops Prefect's own lines, with an empty traceback, on a failure that is logged once by us."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let all but these pass."""
        return not str(record.msg).startswith("Task run failed with state")


logging.getLogger("prefect.task_runs").addFilter(_ToldByTheLifecycle())


class CollectorExited(CollectorError):
    """A collector called sys.exit: a failure like any other, not the end of the process."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and after how many seconds (doubling) a phase is tried again."""

    retries: int
    first_delay_seconds: float

    @property
    def delays(self) -> list[float]:
        """Seconds before each retry; at most what Prefect takes, fifty of them."""
        return list(exponential_backoff(self.first_delay_seconds)(self.retries))


@dataclass
class Phase(Generic[T]):
    """A hook on its way through its attempts.

    With `may_skip` a hook that returns None is shown as skipped.
    """

    name: str
    work: Callable[[], T]
    policy: RetryPolicy
    may_skip: bool = False
    before_retry: Callable[[], None] = lambda: None
    say: Say = lambda *_: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    error: Exception | None = None
    not_before: datetime | None = None
    results: list[T] = field(default_factory=list)

    def run(self) -> T:
        """The hook's result.

        Only failures that may pass are tried again, and not before the source said so. A failure
        is kept as a state with one line and without a traceback: it is logged once, by the
        lifecycle.

        Raises:
            Exception: the hook's own last one.
        """
        task = Task(
            fn=self._attempt,
            name=self.name,
            task_run_name=self.name,
            retries=self.policy.retries,
            retry_delay_seconds=self.policy.delays,
            retry_jitter_factor=JITTER,
            retry_condition_fn=lambda *_: self._may_pass(),
            cache_policy=NO_CACHE,
            persist_result=False,
        )
        task(return_state=True)
        if self.error is not None:
            raise self.error
        return self.results[-1]

    def _attempt(self) -> State[None] | None:
        try:
            self._wait_for_turn()
            result = self.work()
        except SystemExit as error:
            return self._failed(CollectorExited(f"the collector called sys.exit({error.code!r})"))
        except Exception as error:  # noqa: BLE001 - the lifecycle sorts every error of a hook
            _raise_interruption_behind(error)
            return self._failed(error)
        self.results.append(result)
        return Completed(name="Skipped") if result is None and self.may_skip else None

    def _wait_for_turn(self) -> None:
        if self.error is None:
            return
        self.error = None
        if self.not_before is not None:
            self.sleep(max(0.0, (self.not_before - self.clock()).total_seconds()))
        self.before_retry()
        self.say(f"trying {self.name} again", None)

    def _failed(self, error: Exception) -> State[None]:
        cleaned = redact_exception(error)
        self.error = cleaned if isinstance(cleaned, Exception) else error
        after = retry_after_seconds(error, self.clock())
        self.not_before = None if after is None else self.clock() + timedelta(seconds=after)
        name = "ConfigError" if isinstance(error, ConfigError) else None
        return Failed(name=name, message=describe(self.error))

    def _may_pass(self) -> bool:
        error = self.error
        passes = error is not None and is_retryable(classify_failure(error))
        if passes and error is not None:
            logger.warning("%s failed and may be tried again: %s", self.name, describe(error))
            self.say(f"waits to try {self.name} again: {describe(error)}", self._next_try())
        return passes

    def _next_try(self) -> datetime:
        """At the latest, by Prefect's own pause or the source's wish."""
        longest = max(self.policy.delays, default=0.0) * (1 + JITTER)
        own = self.clock() + timedelta(seconds=longest)
        return max(own, self.not_before or own)


def _raise_interruption_behind(error: Exception) -> None:
    """An error in the clean-up after a signal must not pass for the outcome of the hook."""
    context: BaseException | None = error
    while context is not None:
        if not isinstance(context, Exception | SystemExit | GeneratorExit):
            raise context from error
        context = context.__context__


def describe(error: BaseException) -> str:
    """The error in one line: category, type, first line of its text, no secrets."""
    first = printable(redact(str(error))).strip().splitlines() or [""]
    return f"{classify_failure(error)}: {type(error).__name__}: {first[0]}"
