"""Which data the schedule promises, and when a promise is broken."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deployments.schedule_model import Schedule
from deployments.status.promises import freshness, group_freshness, promises
from services.health.facts import GroupFacts, Job
from services.runs.services import Source

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
STALE = timedelta(hours=26)
ASIO = Source("github_activity_tracker", "boostorg/asio")


def schedule(*tasks: dict[str, Any]) -> Schedule:
    written = {"default_time": "04:30", "tasks": list(tasks)}
    return Schedule.model_validate({"groups": {"mine": written}})


def task(cadence: str = "daily", **others: Any) -> dict[str, Any]:
    return {"collector": ASIO.collector, "schedule": cadence, **others}


def job(age: timedelta | None, **parameters: Any) -> Job:
    return Job(ASIO, parameters, None if age is None else NOON - age, NOON)


@pytest.mark.parametrize(
    ("written", "within"),
    [
        (task(), timedelta(hours=26)),
        (task("weekly", on="monday"), timedelta(days=7, hours=2)),
        (task("monthly", on=31), timedelta(days=31, hours=2)),
        (task("interval", minutes=30), timedelta(hours=2, minutes=30)),
        (task("on_release"), None),
    ],
    ids=lambda value: value["schedule"] if isinstance(value, dict) else "",
)
def test_each_cadence_promises_its_own_pause_and_some_slack(
    written: dict[str, Any], within: timedelta | None
) -> None:
    (promise,) = promises(schedule(written), STALE)
    assert (promise.within, promise.is_daily) == (within, written["schedule"] == "daily")


def test_how_often_is_said_in_words() -> None:
    found = promises(schedule(task(), task("interval", minutes=30), task("on_release")), STALE)
    assert [one.how_often for one in found] == ["daily", "every 30 minutes", "on release"]


def test_less_than_a_day_leaves_no_slack() -> None:
    found = promises(schedule(task(), task("interval", minutes=30)), timedelta(hours=12))
    assert [one.within for one in found] == [timedelta(hours=12), timedelta(minutes=30)]


def test_a_task_that_is_disabled_promises_nothing() -> None:
    assert promises(schedule(task(enabled=False)), STALE) == []


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        (timedelta(hours=25), "fresh"),
        (timedelta(hours=26), "fresh"),
        (timedelta(hours=26, seconds=1), "stale"),
        (None, "never"),
    ],
)
def test_the_age_of_the_data_decides(age: timedelta | None, verdict: str) -> None:
    (found,) = freshness(promises(schedule(task()), STALE), [job(age)], NOON)
    assert (found.verdict, found.is_broken) == (verdict, verdict != "fresh")
    assert found.source == ASIO


def test_what_has_never_run_has_no_source_yet() -> None:
    (found,) = freshness(promises(schedule(task()), STALE), [], NOON)
    assert (found.verdict, found.source) == ("never", None)


def test_releases_promise_no_day() -> None:
    (found,) = freshness(promises(schedule(task("on_release")), STALE), [job(None)], NOON)
    assert (found.verdict, found.is_broken) == ("no promise", False)


def test_only_runs_that_do_what_the_task_does_keep_its_promise() -> None:
    asio = task(parameters={"repository": "boostorg/asio"})
    beast = task(parameters={"repository": "boostorg/beast"})
    done = [
        job(timedelta(hours=1), repository="boostorg/asio", branches=[]),
        job(timedelta(hours=30), repository="boostorg/beast"),
        Job(Source("outbox", "outbox"), {"repository": "boostorg/beast"}, NOON, NOON),
    ]
    found = freshness(promises(schedule(asio, beast), STALE), done, NOON)
    assert [one.verdict for one in found] == ["fresh", "stale"]


def test_the_newest_of_several_runs_counts() -> None:
    done = [job(None), job(timedelta(hours=30)), job(timedelta(hours=2), more=1)]
    (found,) = freshness(promises(schedule(task()), STALE), done, NOON)
    assert found.data_through == NOON - timedelta(hours=2)


def test_a_group_is_stale_by_its_last_good_batch_and_only_with_daily_tasks() -> None:
    facts = {
        "mine": GroupFacts("mine", NOON - timedelta(hours=27), "failed", NOON),
        "gone": GroupFacts("gone", NOON, "completed", NOON),
    }
    (daily,) = group_freshness(schedule(task()), facts, STALE, NOON)
    assert (daily.is_stale, daily.last_status) == (True, "failed")
    (weekly,) = group_freshness(schedule(task("weekly", on="monday")), facts, STALE, NOON)
    assert weekly.is_stale is None
    (never,) = group_freshness(schedule(task()), {}, STALE, NOON)
    assert (never.is_stale, never.last_success_at, never.last_status) == (True, None, None)
    fresh = {"mine": GroupFacts("mine", NOON - STALE, "completed", NOON)}
    assert group_freshness(schedule(task()), fresh, STALE, NOON)[0].is_stale is False
