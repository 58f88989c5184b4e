"""Which tasks are due when, and the cron that covers them."""

import re
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect._vendor.croniter.croniter import croniter

from deployments.calendar import (
    OpenDays,
    due_tasks,
    effective_day,
    is_due,
    occurrences,
    task_key,
    tightest_cron,
)
from deployments.schedule import Group, Schedule, Task
from services.errors import ConfigError

THIRTY_YEARS = [date(2020, 1, 1) + timedelta(days=n) for n in range(30 * 365 + 8)]


def tasks(*written: dict[str, Any], at: str = "00:05") -> Group:
    numbered = [{"collector": f"c{n}", **task} for n, task in enumerate(written)]
    return Group.model_validate({"default_time": at, "tasks": numbered})


def daily(**more: Any) -> dict[str, Any]:
    return {"schedule": "daily", **more}


def weekly(day: str, **more: Any) -> dict[str, Any]:
    return {"schedule": "weekly", "on": day, **more}


def monthly(day: int, **more: Any) -> dict[str, Any]:
    return {"schedule": "monthly", "on": day, **more}


INTERVAL = {"schedule": "interval", "minutes": 15}
RELEASE = {"schedule": "on_release"}


def due_on(day: date, group: Group, cadence: str = "all") -> list[str]:
    start = datetime.combine(day, time(0, 5), UTC)
    return [task.collector for task in due_tasks(group, start, cadence)]


@given(day=st.integers(1, 31))
def test_every_monthly_task_is_due_exactly_once_a_month_for_thirty_years(day: int) -> None:
    (task,) = tasks(monthly(day)).tasks
    due = Counter((d.year, d.month) for d in THIRTY_YEARS if is_due(task, d))
    assert set(due.values()) == {1}
    assert len(due) == 30 * 12


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 2, 28), [29, 30, 31]),
        (date(2024, 2, 28), []),
        (date(2024, 2, 29), [29, 30, 31]),
        (date(2024, 4, 30), [30, 31]),
        (date(2024, 5, 30), [30]),
        (date(2024, 5, 31), [31]),
        (date(2024, 5, 15), [15]),
        (date(2024, 5, 10), []),
    ],
)
def test_the_last_days_fall_on_the_end_of_a_shorter_month(day: date, expected: list[int]) -> None:
    group = tasks(*(monthly(n, collector=f"c{n}") for n in (15, 29, 30, 31)))
    assert due_on(day, group) == [f"c{n}" for n in expected]


def test_a_batch_has_the_daily_and_the_matching_weekly_and_monthly_tasks_in_order() -> None:
    group = tasks(monthly(23), INTERVAL, daily(), RELEASE, weekly("mon"), weekly("tue"))
    assert due_on(date(2026, 11, 23), group) == ["c0", "c2", "c4"]
    assert due_on(date(2026, 11, 24), group) == ["c2", "c5"]


@pytest.mark.parametrize(
    ("cadence", "expected"),
    [("daily", ["c1"]), ("weekly", ["c2"]), ("monthly", ["c0"]), ("on_release", ["c3"])],
)
def test_one_cadence_can_be_selected(cadence: str, expected: list[str]) -> None:
    group = tasks(monthly(23), daily(), weekly("mon"), RELEASE, INTERVAL)
    assert due_on(date(2026, 11, 23), group, cadence) == expected


def test_a_cadence_that_cannot_be_selected_is_told() -> None:
    with pytest.raises(
        ConfigError, match="cadence to select is called dayly: did you mean `daily`"
    ):
        due_on(date(2026, 11, 23), tasks(daily()), "dayly")
    with pytest.raises(ConfigError, match="there are `all`, `daily`"):
        due_on(date(2026, 11, 23), tasks(daily()), "interval")


def test_disabled_tasks_are_never_due() -> None:
    group = tasks(daily(enabled=False), {**RELEASE, "enabled": False}, daily())
    assert due_on(date(2026, 11, 23), group) == ["c2"]
    assert due_on(date(2026, 11, 23), group, "on_release") == []


def test_neither_intervals_nor_releases_are_due_by_date() -> None:
    group = tasks(INTERVAL, RELEASE)
    assert not any(is_due(task, day) for task in group.tasks for day in THIRTY_YEARS[:400])


def test_the_day_is_that_of_the_scheduled_time_in_utc() -> None:
    group = tasks(weekly("mon"))
    late_sunday_in_berlin = datetime(2026, 11, 23, 0, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert due_tasks(group, late_sunday_in_berlin) == []
    early_tuesday_in_tokyo = datetime(2026, 11, 24, 8, 59, tzinfo=timezone(timedelta(hours=9)))
    assert len(due_tasks(group, early_tuesday_in_tokyo)) == 1


def test_a_time_without_zone_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        due_tasks(tasks(daily()), datetime(2026, 11, 23))  # noqa: DTZ001 - the subject


@pytest.mark.parametrize(
    ("group", "cron"),
    [
        (tasks(), None),
        (tasks(INTERVAL, {**RELEASE, "enabled": False}), None),
        (tasks(INTERVAL, RELEASE), "5 0 * * *"),
        (tasks(weekly("mon"), RELEASE), "5 0 * * *"),
        (tasks(daily(enabled=False)), None),
        (tasks(daily(), at="23:55"), "55 23 * * *"),
        (tasks(daily(), weekly("mon")), "5 0 * * *"),
        (tasks(weekly("thu"), weekly("mon"), weekly("monday"), INTERVAL), "5 0 * * mon,thu"),
        (tasks(weekly("sun"), daily(enabled=False)), "5 0 * * sun"),
        (tasks(weekly("mon"), monthly(1)), "5 0 * * *"),
        (tasks(monthly(15), monthly(1)), "5 0 1,15 * *"),
        (tasks(monthly(28)), "5 0 28 * *"),
        (tasks(monthly(29)), "5 0 28-29 * *"),
        (tasks(monthly(31), monthly(1)), "5 0 1,28-31 * *"),
    ],
)
def test_the_cron_is_the_rarest_that_covers_the_cadences(group: Group, cron: str | None) -> None:
    assert tightest_cron(group) == cron


@pytest.mark.parametrize(
    ("scheduled", "now", "expected"),
    [
        ("2026-03-02 23:55", "2026-03-02 23:55", "2026-03-02"),
        ("2026-03-02 23:55", "2026-03-03 09:00", "2026-03-02"),  # waited past midnight
        ("2026-03-02 23:55", "2026-03-03 23:56", "2026-03-03"),
        ("2026-03-02 23:55", "2026-03-12 10:00", "2026-03-11"),  # after ten days of downtime
        ("2026-03-02 23:55", "2026-03-02 23:54", "2026-03-02"),  # a worker is a little early
        ("2026-03-04 08:00", "2026-03-04 08:00", "2026-03-04"),  # by hand, before its time of day
    ],
)
def test_a_late_batch_catches_up_to_the_latest_day_whose_start_has_passed(
    scheduled: str, now: str, expected: str
) -> None:
    group = tasks(daily(), at="23:55")
    times = [datetime.fromisoformat(f"{text}+00:00") for text in (scheduled, now)]
    assert effective_day(group, *times) == date.fromisoformat(expected)


def test_tasks_are_the_same_when_they_run_the_same() -> None:
    first, *others = tasks(
        daily(collector="c", parameters={"a": 1, "b": date(2026, 1, 1)}),
        weekly("mon", collector="c", parameters={"b": date(2026, 1, 1), "a": 1}, enabled=False),
        daily(collector="c", parameters={"a": 2}),
        daily(collector="d", parameters={"a": 1, "b": date(2026, 1, 1)}),
    ).tasks
    assert [task_key(first) == task_key(other) for other in others] == [True, False, False]
    assert re.fullmatch("c-[0-9a-f]{8}", task_key(first))


def open_days(own_day: date, through: date, **settled: date) -> OpenDays:
    named = {task_key(Task(collector=name, schedule="daily")): day for name, day in settled.items()}
    return OpenDays(own_day, through, named)


def test_only_the_latest_day_missed_is_caught_up() -> None:
    (task, other) = tasks(daily(collector="known"), weekly("mon", collector="known")).tasks
    days = open_days(date(2026, 3, 12), date(2026, 3, 13), known=date(2026, 3, 1))
    assert days.due_day(task) == date(2026, 3, 13)
    assert days.due_day(other) == date(2026, 3, 9)


def test_a_new_task_starts_with_the_batchs_own_day() -> None:
    (monday, thursday) = tasks(weekly("mon"), weekly("thu")).tasks
    days = open_days(date(2026, 3, 12), date(2026, 3, 13), known=date(2026, 3, 1))
    assert days.due_day(monday) is None
    assert days.due_day(thursday) == date(2026, 3, 12)


def test_a_month_is_looked_back_at_most() -> None:
    (task,) = tasks(monthly(1, collector="known")).tasks
    (once,) = tasks(monthly(28, collector="known")).tasks
    through, settled = date(2026, 3, 31), date(2025, 1, 1)
    days = open_days(through, through, known=settled)
    assert days.due_day(task) == date(2026, 3, 1)
    assert open_days(date(2026, 3, 27), date(2026, 3, 27), known=settled).due_day(once) == date(
        2026, 2, 28
    )


def test_what_is_settled_is_not_open() -> None:
    (task,) = tasks(daily(collector="known")).tasks
    day = date(2026, 3, 2)
    assert open_days(day, day, known=day).due_day(task) is None
    assert open_days(day, day, known=day + timedelta(1)).due_day(task) is None


def served_days(downtimes: list[tuple[int, int]], total: int) -> list[date]:
    """The days on which a batch runs, when the service is down now and then."""
    down = {start + n for start, length in downtimes for n in range(length)}
    return [date(2026, 1, 1) + timedelta(n) for n in range(total) if n not in down]


def runs_of(task: Task, served: list[date]) -> list[date]:
    """What the task is run for when every batch settles its days."""
    settled: dict[str, date] = {}
    found: list[date] = []
    for day in served:
        due = OpenDays(day, day, settled).due_day(task)
        found += [] if due is None else [due]
        settled[task_key(task)] = day
    return found


@given(
    written=st.one_of(
        st.builds(daily),
        st.builds(weekly, st.sampled_from(["mon", "wed", "sun"])),
        st.builds(monthly, st.integers(1, 31)),
    ),
    downtimes=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 70)), max_size=6),
)
def test_whatever_the_downtime_each_due_day_is_run_once_or_taken_over_by_a_later_one(
    written: dict[str, Any], downtimes: list[tuple[int, int]]
) -> None:
    (task,) = tasks(written).tasks
    served = served_days(downtimes, 400)
    runs = runs_of(task, served)
    assert len(runs) == len(set(runs))
    assert all(is_due(task, day) for day in runs)
    due = [day for n in range(400) if is_due(task, day := date(2026, 1, 1) + timedelta(n))]
    for day, following in pairwise(due):
        back = next((s for s in served if s >= day), None)
        is_in_time = back is not None and back < following and (back - day).days < 31
        assert (day in runs) == (is_in_time and day >= served[0])


@given(
    day=st.integers(1, 31),
    downtimes=st.lists(st.tuples(st.integers(0, 400), st.integers(1, 70)), max_size=6),
)
def test_a_monthly_task_is_run_for_every_month_with_service_after_its_day(
    day: int, downtimes: list[tuple[int, int]]
) -> None:
    (task,) = tasks(monthly(day)).tasks
    served = served_days(downtimes, 400)
    months = Counter((run.year, run.month) for run in runs_of(task, served))
    wanted = {(s.year, s.month) for s in served if _due_in_month(task, s, since=served[0])}
    assert all(months[month] == 1 for month in wanted)


def _due_in_month(task: Task, served: date, since: date) -> bool:
    """Whether the month's due day has come by this day, and the service had begun by then."""
    days = (served.replace(day=n) for n in range(1, served.day + 1))
    return any(is_due(task, day) and day >= since for day in days)


WRITTEN_TASKS = st.one_of(
    st.builds(daily, enabled=st.booleans()),
    st.builds(weekly, st.sampled_from(["mon", "wed", "sun"]), enabled=st.booleans()),
    st.builds(monthly, st.integers(1, 31), enabled=st.booleans()),
    st.just(INTERVAL),
)


@given(
    written=st.lists(WRITTEN_TASKS, max_size=4), first=st.dates(date(2020, 1, 1), date(2040, 1, 1))
)
def test_the_cron_fires_on_every_day_on_which_something_is_due(
    written: list[dict[str, Any]], first: date
) -> None:
    group = tasks(*written)
    cron = tightest_cron(group)
    for day in (first + timedelta(days=n) for n in range(62)):
        start = datetime.combine(day, group.default_time, UTC)
        fires = cron is not None and croniter.match(cron, start)  # type: ignore[no-untyped-call]
        assert fires or not due_tasks(group, start)


def test_the_calendar_goes_by_time_and_ends_with_what_no_date_decides() -> None:
    schedule = Schedule(
        groups={
            "late": tasks(daily(parameters={"a": 1}), {**INTERVAL, "minutes": 1}, at="16:00"),
            "early": tasks(weekly("tue"), RELEASE, INTERVAL, daily(enabled=False)),
        }
    )
    found = occurrences(schedule, date(2026, 11, 23), 2)
    assert [(o.when, o.group, o.collector, o.cadence) for o in found] == [
        ("2026-11-23 16:00", "late", "c0", "daily"),
        ("2026-11-24 00:05", "early", "c0", "weekly"),
        ("2026-11-24 16:00", "late", "c0", "daily"),
        ("every minute", "late", "c1", "interval"),
        ("on every release", "early", "c1", "on_release"),
        ("every 15 minutes", "early", "c2", "interval"),
    ]
    assert found[0].time == datetime(2026, 11, 23, 16, tzinfo=UTC)
    assert found[0].parameters == {"a": 1}


def test_a_task_can_be_made_in_code_by_its_own_names() -> None:
    (task,) = Group.model_validate(
        {
            "default_time": time(4),
            "tasks": [{"collector": "c", "schedule": "monthly", "day_of_month": 3}],
        }
    ).tasks
    assert isinstance(task, Task)
    assert is_due(task, date(2026, 1, 3))
