"""What production does to a run of the real collector: cancelled in the UI, database restarted."""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import psycopg
import pytest
from prefect import State
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelling
from sqlalchemy import text

import migrations
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.processes import ProcessRecords
from deployments.local.worker import Worker
from flows.github_activity_tracker import github_activity_tracker
from services.database import Database, open_database
from services.runs.services import latest_runs
from tests.flows.records import QUIET
from tests.support.git_repositories import generate_repository
from tests.support.local_stack import LocalPrefect, poll
from tests.support.postgres import start_test_postgres

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]

COMMITS = 6_000
BATCH = 1_000
# The first batch passes, any later one waits.
GATE = """
    create function wait_at_gate() returns trigger language plpgsql as $$ begin
        if exists (select from github_activity_tracker_commit) then
            perform pg_advisory_xact_lock(1);
        end if;
        return null;
    end $$;
    create trigger gate before insert on github_activity_tracker_commit
        for each statement execute function wait_at_gate();
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "source.git"
    generate_repository(path, COMMITS, files_per_commit=1)
    return path


@pytest.fixture
def pool(prefect_api: LocalPrefect, database_url: str, tmp_path: Path) -> Iterator[str]:
    """A pool that a worker of ours serves."""
    name = f"faults-{uuid4().hex[:8]}"
    prefect_api.ensure_pool(name)
    worker = Worker(
        name,
        environment={
            **prefect_api.environment(),
            "DATABASE_URL": database_url,
            "DATABASE_LOCK_TIMEOUT_SECONDS": "1000",  # who waits at the gate is not to give up
            "BDC_HOME": str(tmp_path / "home"),
        },
        records=ProcessRecords(tmp_path / "processes.json"),
        log=tmp_path / "worker.log",
        report=print,
    )
    worker.start()
    yield name
    worker.stop()


def start_run(prefect_api: LocalPrefect, pool: str, repository: Path) -> UUID:
    client = prefect_api.client
    deployment = client.create_deployment(
        flow_id=client.create_flow_from_name("github_activity_tracker"),
        name=pool,
        entrypoint="flows.github_activity_tracker.github_activity_tracker",
        work_pool_name=pool,
        pull_steps=[],
    )
    parameters = {"repository": str(repository)}
    return client.create_flow_run_from_deployment(deployment, parameters=parameters).id


@contextmanager
def gate(database_url: str) -> Iterator[None]:
    """Until the block ends, or the server, a run waits in the middle of its second batch."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(GATE)
        connection.execute("select pg_advisory_lock(1)")
        yield


def stored_commits(database: Database) -> int:
    with database.transaction() as session:
        return session.scalar(text("select count(*) from github_activity_tracker_commit")) or 0


def broken_commits(database: Database) -> int:
    """Commits that are there without what belongs to them."""
    with database.transaction() as session:
        found = session.scalar(
            text(
                "select count(*) from github_activity_tracker_commit c where files_changed <> ("
                "select count(*) from github_activity_tracker_file_change x where x.commit_id = c.id)"
            )
        )
    return found or 0


def test_a_run_cancelled_in_the_ui_ends_within_seconds_between_two_batches(
    prefect_api: LocalPrefect, pool: str, repository: Path, database: Database, database_url: str
) -> None:
    with gate(database_url):
        run_id = start_run(prefect_api, pool, repository)
        poll(lambda: stored_commits(database) > 0, 60, "a first batch")
        prefect_api.client.set_flow_run_state(run_id, Cancelling())
        prefect_api.wait_for_state(run_id, StateType.CANCELLED, timeout=90)
    assert stored_commits(database) == BATCH
    assert broken_commits(database) == 0
    with database.transaction() as session:
        assert [run.status for run in latest_runs(session)] == ["interrupted"]
        assert session.scalar(text("select count(*) from collector_cursor")) == 0

    again = start_run(prefect_api, pool, repository)
    prefect_api.wait_for_state(again, StateType.COMPLETED, timeout=240)
    assert stored_commits(database) == COMMITS
    with database.transaction() as session:
        assert latest_runs(session)[0].counts["fetched"] == COMMITS - BATCH


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = start_test_postgres(tmp_path)
    server.ensure_database("bdc")
    migrations.upgrade(server.url("bdc"))
    yield server
    server.stop()


def restart_after_first_batch(server: EmbeddedPostgres) -> None:
    database = open_database(server.url("bdc"), application_name="watch")
    poll(lambda: stored_commits(database) > 0, 60, "a first batch")
    database.close()
    server.stop()
    server.start()


def test_a_database_restarted_in_mid_run_loses_nothing(
    prefect_api: LocalPrefect,
    own_postgres: EmbeddedPostgres,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", own_postgres.url("bdc"))
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLLECTOR_RETRY_DELAY_SECONDS", "1")
    monkeypatch.setenv("COLLECTOR_RETRIES", "6")  # a minute, in which any server is there again
    restart = threading.Thread(target=restart_after_first_batch, args=[own_postgres])
    with gate(own_postgres.url("bdc")):
        restart.start()
        call = github_activity_tracker(str(repository), return_state=True)
        state = asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
        restart.join()
    assert state.is_completed(), state.message
    database = open_database(own_postgres.url("bdc"), application_name="test")
    assert stored_commits(database) == COMMITS
    assert broken_commits(database) == 0
    with database.transaction() as session:
        assert [run.status for run in latest_runs(session)] == ["completed"]
    database.close()
