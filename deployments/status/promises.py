"""How new the schedule promises the data to be, and whether it is."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from deployments.calendar import every
from deployments.schedule_model import (
    DailyTask,
    IntervalTask,
    MonthlyTask,
    Schedule,
    Task,
    WeeklyTask,
)
from services.health.facts import GroupFacts, Job
from services.runs.services import Source, fit_to_keep

DAY = timedelta(days=1)
LONGEST_MONTH = timedelta(days=31)
# `never` is stale too: nothing has ever been stored.
Verdict = Literal["fresh", "stale", "never", "no promise"]


@dataclass(frozen=True, slots=True)
class Promise:
    """A task of the schedule: its data is never older than `within`; None: it promises nothing.

    `how_often` is the cadence as people say it.
    """

    group: str
    collector: str
    cadence: str
    how_often: str
    parameters: Mapping[str, Any]
    within: timedelta | None
    is_daily: bool

    def covers(self, job: Job) -> bool:
        """Whether runs of these parameters are the task's, or do at least what it does."""
        wanted = fit_to_keep(self.parameters).items()
        return job.source.collector == self.collector and all(
            job.parameters.get(name) == value for name, value in wanted
        )


@dataclass(frozen=True, slots=True)
class Freshness:
    """What has become of a promise; `source` is None as long as nothing has run for it."""

    promise: Promise
    source: Source | None
    data_through: datetime | None
    verdict: Verdict

    @property
    def is_broken(self) -> bool:
        """Stale, or never there."""
        return self.verdict in {"stale", "never"}


@dataclass(frozen=True, slots=True)
class GroupFreshness:
    """When the last batch ended well; `is_stale` is None for a group without daily tasks."""

    name: str
    last_success_at: datetime | None
    last_status: str | None
    is_stale: bool | None


def promises(schedule: Schedule, stale_after: timedelta) -> list[Promise]:
    """One for each enabled task.

    `stale_after` is for what runs daily. Others have their own pause, and as much longer as a
    daily one has beyond its day.
    """
    return [
        Promise(
            group=group,
            collector=task.collector,
            cadence=task.schedule,
            how_often=_how_often(task),
            parameters=task.parameters,
            within=_within(task, stale_after),
            is_daily=isinstance(task, DailyTask),
        )
        for group, task in schedule.enabled_tasks()
    ]


def _how_often(task: Task) -> str:
    if isinstance(task, IntervalTask):
        return every(task.minutes)
    return task.schedule.replace("_", " ")


def _within(task: Task, stale_after: timedelta) -> timedelta | None:
    slack = max(stale_after - DAY, timedelta())
    match task:
        case DailyTask():
            return stale_after
        case WeeklyTask():
            return 7 * DAY + slack
        case MonthlyTask():
            return LONGEST_MONTH + slack
        case IntervalTask(minutes=minutes):
            return timedelta(minutes=minutes) + slack
        case _:
            return None


def freshness(promised: Iterable[Promise], jobs: Iterable[Job], now: datetime) -> list[Freshness]:
    """What became of each, by the data itself.

    A run counts from its start, and not at all when it read only a part of its source.
    """
    known = list(jobs)
    return [_freshness(promise, filter(promise.covers, known), now) for promise in promised]


def _freshness(promise: Promise, jobs: Iterator[Job], now: datetime) -> Freshness:
    newest = max(
        jobs, key=lambda job: (job.data_through is not None, job.data_through), default=None
    )
    through = newest.data_through if newest else None
    source = newest.source if newest else None
    return Freshness(promise, source, through, _verdict(promise.within, through, now))


def _verdict(within: timedelta | None, through: datetime | None, now: datetime) -> Verdict:
    if within is None:
        return "no promise"
    if through is None:
        return "never"
    return "stale" if through < now - within else "fresh"


def group_freshness(
    schedule: Schedule, facts: Mapping[str, GroupFacts], stale_after: timedelta, now: datetime
) -> list[GroupFreshness]:
    """Every group of the schedule; stale when its last good batch is older than `stale_after`.

    Only groups with an enabled daily task can be: the others promise no day.
    """
    found = []
    for name, group in schedule.groups.items():
        known = facts.get(name)
        success = known.last_success_at if known else None
        is_old = success is None or success < now - stale_after
        has_daily = any(isinstance(task, DailyTask) for task in group.enabled_tasks)
        status = known.last_status if known else None
        found.append(GroupFreshness(name, success, status, is_old if has_daily else None))
    return found
