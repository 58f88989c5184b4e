"""Which tasks are due when: arithmetic on dates alone, no clock and no server."""

import hashlib
import json
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, get_args

from deployments.schedule_model import (
    WEEKDAYS,
    Cadence,
    DailyTask,
    Group,
    IntervalTask,
    MonthlyTask,
    ReleaseTask,
    Schedule,
    Task,
    WeeklyTask,
)
from deployments.suggestions import suggestion
from services.errors import ConfigError

Selection = Literal["all", "daily", "weekly", "monthly", "on_release"]
SELECTIONS: tuple[str, ...] = get_args(Selection)
# The last day that every month has.
SHORTEST_MONTH = 28
# What was due earlier than this is not caught up; no task is due more rarely.
LONGEST_LOOK_BACK_DAYS = 31


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One task at one time; `time` is None for what no date decides."""

    time: datetime | None
    when: str
    group: str
    collector: str
    cadence: Cadence
    parameters: dict[str, Any]


def is_due(task: Task, day: date) -> bool:
    """Whether a date alone makes the task due; never so for intervals and releases.

    A task for the 29th, 30th or 31st is due on the last day of a shorter month, so once a month.
    """
    match task:
        case DailyTask():
            return True
        case WeeklyTask():
            return WEEKDAYS[day.weekday()] == task.day_of_week
        case MonthlyTask():
            return day.day == min(task.day_of_month, monthrange(day.year, day.month)[1])
        case _:
            return False


def due_tasks(group: Group, scheduled: datetime, cadence: str = "all") -> list[Task]:
    """The enabled tasks to run, in the order written.

    `scheduled` is when the run was to start, not when it does: a batch that starts late, after
    midnight, still runs what its own day asked for. `cadence` narrows it down to one of
    SELECTIONS; `on_release` takes all release tasks, which no date makes due.

    Raises:
        ConfigError: there is no such cadence to select by.
        ValueError: `scheduled` has no time zone.
    """
    if scheduled.tzinfo is None:
        raise ValueError(f"the scheduled time {scheduled} has no time zone")
    day = scheduled.astimezone(UTC).date()
    selected = selected_tasks(group, cadence)
    return [task for task in selected if cadence == "on_release" or is_due(task, day)]


def selected_tasks(group: Group, cadence: str) -> list[Task]:
    """The enabled tasks of one of SELECTIONS, due or not, in the order written.

    Raises:
        ConfigError: there is no such cadence to select by.
    """
    if cadence not in SELECTIONS:
        hint = suggestion(cadence, SELECTIONS)
        raise ConfigError(f"no cadence to select is called {cadence}: {hint}")
    return [task for task in group.enabled_tasks if cadence in {"all", task.schedule}]


def task_key(task: Task) -> str:
    """What makes two tasks the same, whatever day or cadence they are given: what they run."""
    written = json.dumps(task.parameters, sort_keys=True, default=str)
    return f"{task.collector}-{hashlib.sha256(written.encode()).hexdigest()[:8]}"


def effective_day(group: Group, scheduled: datetime, now: datetime) -> date:
    """The last day that a batch looks at: its own, or a later one whose start has passed.

    So a batch that starts after ten days of downtime catches up to today, and one that waited past
    midnight keeps to the day before, whose turn it still is.
    """
    now = now.astimezone(UTC)
    waits = now.time() < group.default_time
    return max(scheduled.astimezone(UTC).date(), now.date() - timedelta(days=waits))


@dataclass(frozen=True, slots=True)
class OpenDays:
    """The days that a batch answers for: up to `through`, and after what was settled before.

    `settled` says for each task, by its key, the last day that needs no more looking at. A task
    that is not in it is new, and starts with `own_day`, the day the batch was scheduled for.
    """

    own_day: date
    through: date
    settled: Mapping[str, date]

    def due_day(self, task: Task) -> date | None:
        """The latest of these days on which a date makes the task due.

        Only the latest: whatever was missed in between, one run catches it up.
        """
        after = self.settled.get(task_key(task), self.own_day - timedelta(days=1))
        days = min((self.through - after).days, LONGEST_LOOK_BACK_DAYS)
        candidates = (self.through - timedelta(days=back) for back in range(days))
        return next((day for day in candidates if is_due(task, day)), None)


def tightest_cron(group: Group) -> str | None:
    """The cron, in UTC, that fires on every day the group may have something due on.

    As rarely as its cadences allow; `due_tasks` decides what is due, on some days nothing. Daily
    with a release task: an event that nobody heard, or a release that failed, is caught up by the
    next batch. None when no enabled task depends on the date or on releases.
    """
    weekdays = {task.day_of_week for task in group.enabled_tasks if isinstance(task, WeeklyTask)}
    days = {task.day_of_month for task in group.enabled_tasks if isinstance(task, MonthlyTask)}
    is_daily = any(isinstance(task, DailyTask | ReleaseTask) for task in group.enabled_tasks)
    if not (is_daily or weekdays or days):
        return None
    start = f"{group.default_time.minute} {group.default_time.hour}"
    if is_daily or (weekdays and days):
        return f"{start} * * *"
    return f"{start} {_days_of_month(days)} * *" if days else f"{start} * * {_weekdays(weekdays)}"


def occurrences(schedule: Schedule, first: date, days: int) -> list[Occurrence]:
    """What will run in `days` days from `first` on, by time, then in the order written.

    Intervals and releases, which belong to no day, follow as one line each. The time is that of
    the group: its tasks start one after the other from then on.
    """
    groups = sorted(schedule.groups.items(), key=lambda item: item[1].default_time)
    dated = [
        found
        for offset in range(days)
        for name, group in groups
        for found in _batch(name, group, first + timedelta(days=offset))
    ]
    return dated + list(_undated(schedule))


def _batch(name: str, group: Group, day: date) -> Iterator[Occurrence]:
    start = datetime.combine(day, group.default_time, UTC)
    for task in due_tasks(group, start):
        yield _occurrence(name, task, start, f"{start:%Y-%m-%d %H:%M}")


def _undated(schedule: Schedule) -> Iterator[Occurrence]:
    for name, task in schedule.enabled_tasks():
        match task:
            case IntervalTask(minutes=minutes):
                yield _occurrence(name, task, None, every(minutes))
            case ReleaseTask():
                yield _occurrence(name, task, None, "on every release")


def every(minutes: int) -> str:
    """An interval in words."""
    return "every minute" if minutes == 1 else f"every {minutes} minutes"


def _occurrence(group: str, task: Task, time: datetime | None, when: str) -> Occurrence:
    return Occurrence(time, when, group, task.collector, task.schedule, task.parameters)


def _weekdays(names: set[str]) -> str:
    return ",".join(name[:3] for name in WEEKDAYS if name in names)


def _days_of_month(days: set[int]) -> str:
    """Every day on which one of the days may fall due: the 31st as early as on the 28th."""
    possible = {due for day in days for due in range(min(day, SHORTEST_MONTH), day + 1)}
    fixed = [str(day) for day in sorted(possible) if day < SHORTEST_MONTH]
    last = max(possible)
    if last < SHORTEST_MONTH:
        return ",".join(fixed)
    tail = str(last) if last == SHORTEST_MONTH else f"{SHORTEST_MONTH}-{last}"
    return ",".join([*fixed, tail])
