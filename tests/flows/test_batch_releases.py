"""Each release is consumed once by each task, whoever starts it, and tried again until it succeeds."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect import State

from flows.child_runs import Child, create_child
from services.database import Database
from services.releases.services import ReleaseTag, store_releases
from tests.flows.groups import (
    COLLECTOR,
    RunGroup,
    collected,
    nowhere,
    occasions,
    repository,
    schedule,
    turns,
)
from tests.flows.records import QUIET
from tests.support.local_stack import LocalPrefect

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


def release(database: Database, *versions: int) -> None:
    tags = [ReleaseTag(f"boost-1.{minor}.0", (1, minor, 0), "abc") for minor in versions]
    with database.transaction() as session:
        store_releases(session, "boost", tags)


def releases_had(database: Database) -> list[tuple[str, str, int]]:
    return [(found.occasion, found.status, found.attempt) for found in occasions(database)]


def test_a_release_is_consumed_once_by_each_task_beginning_with_the_newest(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    first, second = (repository(tmp_path, name).path for name in ("first", "second"))
    run_group(schedule(first, cadence="on_release"))
    assert occasions(database) == []
    release(database, 89, 90)
    for _ in range(2):
        run_group(schedule(first, cadence="on_release"))
    assert releases_had(database) == [
        ("boost boost-1.89.0", "skipped", 0),
        ("boost boost-1.90.0", "succeeded", 1),
    ]
    assert occasions(database)[0].reason == "came before this task"
    run_group(schedule(first, second, cadence="on_release"), missing_only=True)
    assert collected(database) == [("first", "completed"), ("second", "completed")]


def test_a_release_that_failed_is_tried_again_by_the_next_batch(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    late = tmp_path / "late"
    yaml = schedule(late, cadence="on_release")
    release(database, 90)
    assert run_group(yaml, cadence="on_release").is_failed()
    release(database, 91)
    repository(tmp_path, "late")
    assert run_group(yaml, missing_only=True).message == "2 completed"
    assert releases_had(database) == [
        ("boost boost-1.90.0", "succeeded", 2),
        ("boost boost-1.91.0", "succeeded", 1),
    ]


def test_a_need_is_held_against_the_same_release(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    good = repository(tmp_path, "good").path
    yaml = schedule(nowhere(tmp_path), good, cadence="on_release", needs=[COLLECTOR])
    release(database, 90)
    run_group(yaml)
    assert releases_had(database) == [
        ("boost boost-1.90.0", "failed", 1),
        ("boost boost-1.90.0", "skipped", 1),
    ]
    run_group(yaml)
    assert turns(database) == [("place", "failed", 2), ("good", "skipped", 2)]
    assert [name for name, _ in collected(database)] == ["place", "place"]


def test_the_event_and_the_nightly_batch_at_once_run_a_release_once(
    run_group: RunGroup, database: Database, tmp_path: Path
) -> None:
    yaml = schedule(repository(tmp_path, "one").path, cadence="on_release")
    release(database, 90)

    # Each in a context of its own, with the settings of the test's server.
    asked = [(copy_context(), {"cadence": "on_release"}), (copy_context(), {"missing_only": True})]

    def start(context: Context, parameters: dict[str, Any]) -> State[Any]:
        return context.run(lambda: run_group(yaml, **parameters))

    with ThreadPoolExecutor(2) as threads:
        states = list(threads.map(start, *zip(*asked, strict=True)))
    assert all(state.is_completed() for state in states)
    assert collected(database) == [("one", "completed")]
    assert turns(database) == [("one", "succeeded", 1)]


def test_a_flow_that_asks_for_the_release_is_told_it(prefect_api: LocalPrefect) -> None:
    client, schema = prefect_api.client, {"type": "object", "properties": {"release": {}}}
    flow_id = client.create_flow_from_name("release-reader")
    client.create_deployment(flow_id, "on-demand", parameter_openapi_schema=schema)
    child = Child(str(uuid4()), "release-reader", {"page": 1}, release="boost-1.90.0")
    run = create_child(client, child)
    assert run.parameters == {"page": 1, "release": "boost-1.90.0"}
    again = create_child(client, child)
    assert again.id == run.id
