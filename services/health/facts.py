"""One look at the database: everything that health, the status page and the metrics are made of."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, cast, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from services.batches.models import ScheduleBatch
from services.completeness.services import StreamFacts, all_comparisons
from services.growth.services import Growth, growth
from services.http.models import HttpQuota
from services.outbox.services import Backlog, backlogs
from services.runs.lock import unheld_runs
from services.runs.models import CollectorActivity, CollectorRun
from services.runs.services import Source, latest_run_of_each_source, open_dead_letter_counts
from services.vectors.queue import Lag, lags

# No schedule promises data more rarely than once a month.
LONGEST_LOOK_BACK = timedelta(days=40)
DAYS_OF_ROWS = 14
# Enough of a hash to tell a handful of tokens apart.
OWNER_LENGTH = 8
# Of runs and of batches.
SUCCEEDED = ("completed", "partial")
Part = TypeVar("Part")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """What runs of one collector with the same parameters have done lately."""

    source: Source
    parameters: Mapping[str, Any]
    data_through: datetime | None
    succeeded_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastRun:
    """The newest run of a source; `took` is None while it goes on."""

    id: int
    source: Source
    flow_run_id: UUID | None
    status: str
    phase: str | None
    category: str | None
    error: str | None
    counts: Mapping[str, int]
    started_at: datetime
    finished_at: datetime | None

    @property
    def took(self) -> timedelta | None:
        """From its start to its end."""
        return None if self.finished_at is None else self.finished_at - self.started_at


@dataclass(frozen=True, slots=True)
class Activity:
    """A run that the ledger calls running: what it does, its last sign of life, what it waits for."""

    run: LastRun
    doing: str
    at: datetime
    waits_until: datetime | None
    is_alive: bool

    def state(self, now: datetime, stuck_after: timedelta) -> str:
        """`working`, `waiting` (until a time that is to come), `stuck`, or `dead`: no process has it."""
        if not self.is_alive:
            return "dead"
        if self.waits_until is not None and self.waits_until > now:
            return "waiting"
        last = max(self.at, self.waits_until or self.at)
        return "stuck" if now - last > stuck_after else "working"


@dataclass(frozen=True, slots=True)
class GroupFacts:
    """The batches of one group: the last that ended well, and the newest."""

    name: str
    last_success_at: datetime | None
    last_status: str
    last_started_at: datetime


@dataclass(frozen=True, slots=True)
class QuotaLeft:
    """What a source said last of one quota: `owner` is a short hash of whose it is.

    `remaining` is None where the source only said until when nothing may be asked.
    """

    source: str
    owner: str
    resource: str
    remaining: int | None
    resets_at: datetime | None
    closed_until: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database said at one moment.

    `last_ended` are the newest runs of each source that came to an end of their own. `rows_by_day`
    is rows stored (new and changed) by collector and day, for the last DAYS_OF_ROWS days; `endings`
    is how many runs of the last day ended how, by collector and status; `index` is what search does
    not find by its meaning yet; `compared` is each stream's newest comparison with its source.
    `groups` and `index` are None where only they could not be read.
    """

    last_runs: Sequence[LastRun]
    last_ended: Sequence[LastRun]
    running: Sequence[Activity]
    jobs: Sequence[Job]
    groups: Mapping[str, GroupFacts] | None
    dead_letters: Mapping[Source, int]
    outbox: Sequence[Backlog]
    rows_by_day: Mapping[str, Mapping[date, int]]
    endings: Mapping[tuple[str, str], int]
    quotas: Sequence[QuotaLeft]
    growth: Growth
    index: Sequence[Lag] | None = ()
    compared: Sequence[StreamFacts] = ()


def read_facts(session: Session, now: datetime) -> Facts:
    """Everything at once; one transaction, eighteen queries, nothing is written."""
    return Facts(
        last_runs=[_last_run(run) for run in latest_run_of_each_source(session)],
        last_ended=[_last_run(run) for run in latest_run_of_each_source(session, ended=True)],
        running=_running(session),
        jobs=_jobs(session, now),
        groups=_apart(session, _groups),
        dead_letters=open_dead_letter_counts(session),
        outbox=backlogs(session),
        rows_by_day=_rows_by_day(session, now),
        endings=_endings(session, now),
        index=_apart(session, lags),
        quotas=_quotas(session),
        growth=growth(session, now.date()),
        compared=all_comparisons(session),
    )


def _apart(session: Session, read: Callable[[Session], Part]) -> Part | None:
    """What is read, or None: a lock or a missing right there takes nothing from the other parts."""
    try:
        with session.begin_nested():
            return read(session)
    except DBAPIError as error:
        logger.warning("health: a part of the database cannot be read: %s", error.orig)
        return None


def _last_run(run: CollectorRun) -> LastRun:
    return LastRun(
        run.id,
        Source(run.collector, run.source_key),
        run.flow_run_id,
        run.status,
        run.phase,
        run.category,
        run.error,
        run.counts,
        run.started_at,
        run.finished_at,
    )


def _running(session: Session) -> list[Activity]:
    """The locks first: what starts meanwhile has one, what ends meanwhile is not found any more."""
    run, activity = CollectorRun, CollectorActivity
    unheld = unheld_runs(session)
    found = session.execute(
        select(run, activity)
        .outerjoin(activity, activity.run_id == run.id)
        .where(run.status == "running")
        .order_by(run.collector, run.source_key)
    ).tuples()
    return [_activity(one, noted, one.id not in unheld) for one, noted in found]


def _activity(run: CollectorRun, noted: CollectorActivity | None, is_alive: bool) -> Activity:
    """A run from before activities were kept has its start as its only sign of life."""
    last = _last_run(run)
    if noted is None:
        return Activity(last, run.phase or "starting", run.started_at, None, is_alive)
    return Activity(last, noted.doing, noted.at, noted.waits_until, is_alive)


def _jobs(session: Session, now: datetime) -> list[Job]:
    run = CollectorRun
    found = session.execute(
        select(
            run.collector,
            run.source_key,
            run.parameters,
            func.max(run.data_through),
            func.max(run.finished_at).filter(run.status.in_(SUCCEEDED)),
        )
        .where(run.started_at > now - LONGEST_LOOK_BACK)
        .group_by(run.collector, run.source_key, run.parameters)
    ).tuples()
    return [Job(Source(collector, key), *rest) for collector, key, *rest in found]


def _groups(session: Session) -> dict[str, GroupFacts]:
    batch = ScheduleBatch
    well = func.max(batch.finished_at).filter(batch.status.in_(SUCCEEDED), batch.settles)
    successes = dict(
        session.execute(select(batch.group_name, well).group_by(batch.group_name)).tuples().all()
    )
    newest = session.scalars(
        select(batch).distinct(batch.group_name).order_by(batch.group_name, batch.started_at.desc())
    )
    return {
        one.group_name: GroupFacts(
            one.group_name, successes[one.group_name], one.status, one.started_at
        )
        for one in newest
    }


def _rows_by_day(session: Session, now: datetime) -> dict[str, dict[date, int]]:
    run = CollectorRun
    day = cast(func.date_trunc("day", run.started_at), Date)
    stored = sum(
        (
            func.coalesce(cast(run.counts[kind].astext, BigInteger), 0)
            for kind in ("inserted", "updated")
        ),
        start=cast(0, BigInteger),
    )
    found = session.execute(
        select(run.collector, day, func.sum(stored))
        .where(run.started_at > now - timedelta(days=DAYS_OF_ROWS))
        .group_by(run.collector, day)
    ).tuples()
    rows: dict[str, dict[date, int]] = {}
    for collector, of_day, count in found:
        rows.setdefault(collector, {})[of_day] = int(count)
    return rows


def _endings(session: Session, now: datetime) -> dict[tuple[str, str], int]:
    run = CollectorRun
    found = session.execute(
        select(run.collector, run.status, func.count())
        .where(run.finished_at > now - timedelta(days=1))
        .group_by(run.collector, run.status)
    ).tuples()
    return {(collector, status): count for collector, status, count in found}


def _quotas(session: Session) -> list[QuotaLeft]:
    """Those that still count, by the database's clock, which they are kept by."""
    quota = HttpQuota
    owner = func.left(quota.scope, OWNER_LENGTH)
    found = session.execute(
        select(
            quota.source,
            owner,
            quota.resource,
            quota.remaining,
            quota.resets_at,
            quota.closed_until,
        )
        .where(func.greatest(quota.resets_at, quota.closed_until) > func.now())
        .order_by(quota.source, quota.resource, quota.scope)
    ).tuples()
    return [QuotaLeft(*row) for row in found]
