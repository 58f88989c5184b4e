"""What a schedule is: groups of tasks, each a collector with a cadence.

The texts of what is wrong start with a verb; whoever shows them puts the key in front.
"""

import re
from collections.abc import Callable, Iterator
from datetime import time
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictStr,
    Tag,
)
from pydantic_core import PydanticCustomError

from deployments.suggestions import suggestion
from services.errors import ConfigError

Cadence = Literal["daily", "weekly", "monthly", "interval", "on_release"]
CADENCES: tuple[Cadence, ...] = get_args(Cadence)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
LONGEST_INTERVAL_MINUTES = 180
HIGHEST_LIMIT = 100
UNKNOWN = "unknown"
# A group's release deployment is called `release-<group>`.
RESERVED_PREFIX = "release-"
_SLUG = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_WEEKDAY_OF = {name[:length]: name for name in WEEKDAYS for length in (3, len(name))}


def _wrong(text: str) -> PydanticCustomError:
    return PydanticCustomError("schedule", "{text}", {"text": text})


def _group_id(value: str) -> str:
    if not _SLUG.fullmatch(value):
        raise _wrong("is no group's name; use lower-case letters, digits, `-` and `_`")
    if value.startswith(RESERVED_PREFIX):
        raise _wrong(f"is no group's name; names with `{RESERVED_PREFIX}` are kept for releases")
    return value


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    if isinstance(value, str) and _TIME.fullmatch(value):
        return time.fromisoformat(value)
    raise _wrong(f'must be a time of day in UTC such as "04:30", quoted, not {_shown(value)}')


def _weekday(value: object) -> str:
    if isinstance(value, str) and value.strip().lower() in _WEEKDAY_OF:
        return _WEEKDAY_OF[value.strip().lower()]
    hint = suggestion(value, WEEKDAYS)
    raise _wrong(f"must be a weekday such as monday or mon, not {_shown(value)}; {hint}")


def _whole_number(low: int, high: int) -> Callable[[object], int]:
    """An integer from `low` to `high`; in quotes too, since that has one reading only."""

    def check(value: object) -> int:
        text = value if isinstance(value, str) else str(value)
        # `True` and `15.0` are not written with digits only.
        if re.fullmatch(r"[1-9][0-9]*|0", text) and low <= int(text) <= high:
            return int(text)
        raise _wrong(f"must be a whole number from {low} to {high}, not {_shown(value)}")

    return check


def _shown(value: object) -> str:
    match value:
        case None:
            return "left blank"
        case bool():
            return str(value).lower()
        case str():
            return f"`{value}`"
        case _:
            return str(value)


GroupId = Annotated[StrictStr, AfterValidator(_group_id)]
TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Weekday = Annotated[str, BeforeValidator(_weekday)]
DayOfMonth = Annotated[int, BeforeValidator(_whole_number(1, 31))]
Minutes = Annotated[int, BeforeValidator(_whole_number(1, LONGEST_INTERVAL_MINUTES))]
RunsAtOnce = Annotated[int, BeforeValidator(_whole_number(1, HIGHEST_LIMIT))]


class _Written(BaseModel):
    """Nothing is accepted that is not understood, nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class Task(_Written):
    """A collector in a group: the part that every cadence shares."""

    collector: Annotated[StrictStr, Field(min_length=1)]
    schedule: Cadence
    enabled: StrictBool = True
    parameters: dict[str, Any] = Field(default_factory=dict)
    needs: tuple[StrictStr, ...] = ()


class DailyTask(Task):
    """Every day."""

    schedule: Literal["daily"]


class WeeklyTask(Task):
    """On one weekday."""

    schedule: Literal["weekly"]
    day_of_week: Weekday = Field(validation_alias=AliasChoices("on", "day_of_week"))


class MonthlyTask(Task):
    """On one day of each month: on the month's last when it is shorter."""

    schedule: Literal["monthly"]
    day_of_month: DayOfMonth = Field(validation_alias=AliasChoices("on", "day_of_month"))


class IntervalTask(Task):
    """Every so many minutes, by itself, outside its group's batch."""

    schedule: Literal["interval"]
    minutes: Minutes


class ReleaseTask(Task):
    """When a new release is noticed."""

    schedule: Literal["on_release"]


class TaskOfUnknownCadence(Task):
    """Lets the rest of a task be checked when its cadence is wrong; never valid itself."""

    on: Any = None
    day_of_week: Any = None
    day_of_month: Any = None
    minutes: Any = None


TASK_KINDS: dict[str, type[Task]] = {
    "daily": DailyTask,
    "weekly": WeeklyTask,
    "monthly": MonthlyTask,
    "interval": IntervalTask,
    "on_release": ReleaseTask,
    UNKNOWN: TaskOfUnknownCadence,
}


def _kind(task: object) -> str:
    schedule = task.get("schedule") if isinstance(task, dict) else getattr(task, "schedule", None)
    return schedule if isinstance(schedule, str) and schedule in CADENCES else UNKNOWN


AnyTask = Annotated[
    Annotated[DailyTask, Tag("daily")]
    | Annotated[WeeklyTask, Tag("weekly")]
    | Annotated[MonthlyTask, Tag("monthly")]
    | Annotated[IntervalTask, Tag("interval")]
    | Annotated[ReleaseTask, Tag("on_release")]
    | Annotated[TaskOfUnknownCadence, Tag(UNKNOWN)],
    Discriminator(_kind),
]


class Group(_Written):
    """Tasks that run one after the other, in the order written, from one time of day on."""

    default_time: TimeOfDay
    timezone: Literal["UTC"] = "UTC"
    stop_on_failure: StrictBool = False
    tasks: tuple[AnyTask, ...]

    @property
    def enabled_tasks(self) -> list[Task]:
        """In the order written."""
        return [task for task in self.tasks if task.enabled]


class Schedule(_Written):
    """All groups, in the order written; `limits` is how many runs a collector may have at once."""

    groups: dict[GroupId, Group] = Field(default_factory=dict)
    limits: dict[StrictStr, RunsAtOnce] = Field(default_factory=dict)

    def group(self, name: str) -> Group:
        """The group of this name.

        Raises:
            ConfigError: naming the nearest one, or those there are.
        """
        if name not in self.groups:
            raise ConfigError(f"no group is called {name}: {suggestion(name, self.groups)}")
        return self.groups[name]

    def enabled_tasks(self) -> Iterator[tuple[str, Task]]:
        """Every group's name with each of its enabled tasks, in the order written."""
        for name, group in self.groups.items():
            yield from ((name, task) for task in group.enabled_tasks)
