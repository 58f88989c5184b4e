"""One look at everything, and somebody who keeps looking."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from deployments.schedule import known_collectors, read_schedule
from deployments.status.prefect_api import PrefectApi
from deployments.status.promises import (
    Freshness,
    GroupFreshness,
    freshness,
    group_freshness,
    promises,
)
from services.database import Database, DatabaseError
from services.errors import ConfigError
from services.health.facts import Activity, Facts, LastRun, QuotaLeft, read_facts
from services.health.settings import HealthSettings
from services.vectors.queue import Lag

DATABASE_FAILED = "database_check_failed"
WORKERS_FAILED = "workers_check_failed"
SCHEDULER_FAILED = "scheduler_check_failed"
SCHEDULE_UNAVAILABLE = "collector_schedule_unavailable"
GROUPS_FAILED = "collector_check_failed"
INDEX_FAILED = "search_index_check_failed"
NO_PREFECT = "prefect_api_not_set"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was seen at one moment. What could not be seen has a fixed code in `errors`, by subject.

    `late` is deployments whose run has not started, and since when; `unscheduled` those without a
    next run. `facts` is None when the database did not answer, these and `workers` when Prefect did
    not, `freshness` and `groups` when the schedule could not be read, or not compared.
    """

    at: datetime
    latency_ms: int | None
    facts: Facts | None
    freshness: tuple[Freshness, ...] | None
    groups: tuple[GroupFreshness, ...] | None
    workers: tuple[str, ...] | None
    unscheduled: tuple[str, ...] | None
    late: dict[str, datetime] | None
    errors: dict[str, str]

    def running(self, stuck_after: timedelta) -> list[tuple[Activity, str]]:
        """What runs, each with what it is: working, waiting, stuck or dead."""
        runs = self.facts.running if self.facts else ()
        return [(one, one.state(self.at, stuck_after)) for one in runs]

    def last_runs(self) -> list[LastRun]:
        """The newest run of each source; none are known without a database."""
        return list(self.facts.last_runs) if self.facts else []

    def lags(self) -> list[Lag]:
        """What search does not find by its meaning yet; none are known where it cannot be read."""
        return list((self.facts and self.facts.index) or ())

    def quotas(self) -> list[QuotaLeft]:
        """What sources said last of their quotas; one that is open again is not called closed."""
        known = self.facts.quotas if self.facts else ()
        return [
            replace(one, closed_until=None)
            if one.closed_until is not None and one.closed_until <= self.at
            else one
            for one in known
        ]


@dataclass
class Observer:
    """Looks when it is called. Without `prefect` that part counts as failed."""

    database: Database
    prefect: PrefectApi | None
    schedule: Path
    pool: str
    settings: HealthSettings
    now: Callable[[], datetime]

    def __call__(self) -> Snapshot:
        """One look; what does not answer is named in the snapshot, by a code that gives nothing away."""
        errors: dict[str, str] = {}
        now = self.now()
        started = time.perf_counter()
        facts = self._facts(now, errors)
        latency = None if facts is None else round((time.perf_counter() - started) * 1000)
        fresh, groups = self._compared(facts, now, errors)
        workers = self._workers(now, errors)
        unscheduled, late = self._scheduled(now, errors)
        return Snapshot(now, latency, facts, fresh, groups, workers, unscheduled, late, errors)

    def _facts(self, now: datetime, errors: dict[str, str]) -> Facts | None:
        try:
            with self.database.transaction() as session:
                facts = read_facts(session, now)
        except DatabaseError:
            errors["database"] = DATABASE_FAILED
            return None
        if facts.groups is None:
            errors["groups"] = GROUPS_FAILED
        if facts.index is None:
            errors["index"] = INDEX_FAILED
        return facts

    def _compared(
        self, facts: Facts | None, now: datetime, errors: dict[str, str]
    ) -> tuple[tuple[Freshness, ...] | None, tuple[GroupFreshness, ...] | None]:
        try:
            schedule = read_schedule(self.schedule, known_collectors())
        except ConfigError:
            errors["schedule"] = SCHEDULE_UNAVAILABLE
            return None, None
        if facts is None:
            return None, None
        stale_after = timedelta(hours=self.settings.collector_stale_hours)
        fresh = freshness(promises(schedule, stale_after), facts.jobs, now)
        if facts.groups is None:
            return tuple(fresh), None
        return tuple(fresh), tuple(group_freshness(schedule, facts.groups, stale_after, now))

    def _workers(self, now: datetime, errors: dict[str, str]) -> tuple[str, ...] | None:
        if self.prefect is None:
            errors["workers"] = NO_PREFECT
            return None
        try:
            return tuple(self.prefect.online_workers(self.pool, now))
        except (httpx.HTTPError, ValueError):
            errors["workers"] = WORKERS_FAILED
            return None

    def _scheduled(
        self, now: datetime, errors: dict[str, str]
    ) -> tuple[tuple[str, ...] | None, dict[str, datetime] | None]:
        if self.prefect is None:
            errors["scheduler"] = NO_PREFECT
            return None, None
        try:
            return tuple(self.prefect.unscheduled(now)), self.prefect.late(now)
        except (httpx.HTTPError, ValueError):
            errors["scheduler"] = SCHEDULER_FAILED
            return None, None


class Watcher:
    """Looks every so many seconds in a thread, so that whoever asks is answered at once.

    Between `start` and `stop`; outside of it every question is a look. `then` is called with every
    look of the thread.
    """

    def __init__(
        self,
        observe: Callable[[], Snapshot],
        seconds: float,
        then: Callable[[Snapshot], None] = lambda _: None,
    ) -> None:
        self._observe = observe
        self._then = then
        self._seconds = seconds
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._latest: Snapshot | None = None

    def start(self) -> None:
        """The first look is done on return."""
        self._latest = self._observe()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """The thread has ended on return."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._latest = None

    def latest(self) -> Snapshot:
        """What was seen last, as old as it may be: whoever uses it looks at its time."""
        return self._latest or self._observe()

    def _watch(self) -> None:
        while not self._stopping.wait(self._seconds):
            self._latest = self._observe()
            self._then(self._latest)
