"""Groups under a real worker: in parallel, late, killed with kill -9, and nothing is run twice."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psutil
import psycopg
import pytest
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.states import Scheduled

from deployments.local.processes import ProcessRecords, send, wait_until_gone
from deployments.local.reconcile import find_engines
from deployments.local.rest_runs import start_rest_runs
from deployments.local.worker import Worker
from services.batches.models import ScheduleOccasion
from services.database import Database
from tests.flows.groups import (
    COLLECTOR,
    RunGroup,
    batches,
    collected,
    occasions,
    repository,
    schedule,
    turns,
)
from tests.flows.records import QUIET
from tests.support.local_stack import LocalPrefect, poll

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
FINAL = (StateType.COMPLETED, StateType.FAILED, StateType.CRASHED, StateType.CANCELLED)
# A batch takes seconds; a machine that is busy with other tests takes its time.
PATIENCE = 240
# Longer than any test: who waits at a gate is not to give up.
GATE_SECONDS = "1000"


@dataclass
class Site:
    """A pool with the groups of a schedule, and the workers that a test starts for it."""

    prefect: LocalPrefect
    pool: str
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)

    def deploy(self, group: str) -> UUID:
        """The deployment of a group, as the schedule's is."""
        client = self.prefect.client
        return client.create_deployment(
            flow_id=client.create_flow_from_name("collector_group"),
            name=f"{group}-{self.pool}",
            entrypoint="flows.collector_group.collector_group",
            parameters={"group": group},
            work_pool_name=self.pool,
            pull_steps=[],
            concurrency_limit=1,
        )

    def scheduled_run(self, deployment: UUID, at: datetime) -> UUID:
        """A run as the server's scheduler makes it, which only makes runs of the future."""
        run = self.prefect.client.create_flow_run_from_deployment(
            deployment, state=Scheduled(scheduled_time=at)
        )
        url = self.prefect.database_url
        with psycopg.connect(url) as connection:
            connection.execute("update flow_run set auto_scheduled = true where id = %s", [run.id])
        return run.id

    def start_worker(self) -> Worker:
        worker = Worker(
            self.pool,
            environment=self.environment,
            records=ProcessRecords(self.prefect.home / f"{self.pool}.json"),
            log=self.prefect.home / "logs" / f"{self.pool}.log",
            report=self.said.append,
        )
        self.workers.append(worker)
        worker.start()
        return worker

    def ended(self, run_id: UUID) -> FlowRun:
        return self.prefect.wait_for_state(run_id, *FINAL, timeout=PATIENCE)

    def rest_of(self, deployment: UUID, batch: UUID) -> FlowRun:
        """The only other run of a batch's deployment."""
        of_deployment = FlowRunFilterDeploymentId(any_=[deployment])
        found = self.prefect.client.read_flow_runs(
            flow_run_filter=FlowRunFilter(deployment_id=of_deployment)
        )
        (run,) = (run for run in found if run.id != batch)
        return run


@pytest.fixture
def site(
    run_group: RunGroup, prefect_api: LocalPrefect, database_url: str, tmp_path: Path
) -> Iterator[Site]:
    """Its workers see what `run_group` has set up: the database and the file of the schedule."""
    del run_group
    pool = f"pool-{uuid4().hex[:8]}"
    prefect_api.ensure_pool(pool)
    given = {"DATABASE_LOCK_TIMEOUT_SECONDS": GATE_SECONDS, "DATABASE_URL": database_url}
    found = Site(prefect_api, pool, {**prefect_api.environment(), **given})
    yield found
    for worker in found.workers:
        worker.stop()


def write_schedule(text: str) -> None:
    Path(os.environ["BDC_SCHEDULE"]).write_text(text)


@contextmanager
def gate(database_url: str, path: Path) -> Iterator[None]:
    """Until the block ends a collector of this repository waits before it does anything."""
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "insert into collector_run (collector, source_key, status, parameters, host, pid,"
            " started_at) values (%s, %s, 'running', '{}', 'gate', 1, now())",
            [COLLECTOR, str(path)],
        )
        yield
        connection.rollback()


def waiting(site: Site, database: Database, path: Path) -> UUID:
    """The run of the collector that waits at the gate of this repository."""

    def found() -> ScheduleOccasion | None:
        of_path = [o for o in occasions(database) if o.parameters["repository"] == str(path)]
        return next((o for o in of_path if o.flow_run_id), None)

    run_id = poll(found, PATIENCE, f"a run for {path}").flow_run_id
    assert run_id is not None
    site.prefect.wait_for_state(run_id, StateType.RUNNING, timeout=PATIENCE)
    return run_id


def engine_of(run_id: UUID) -> psutil.Process:
    (pid,) = [pid for pid, run in find_engines().items() if run == str(run_id)]
    return psutil.Process(pid)


def kill(*processes: psutil.Process) -> None:
    for process in processes:
        send(process, signal.SIGKILL)
    assert wait_until_gone(processes, 60) == []


def today_at(hour: int = 0, minute: int = 5) -> datetime:
    return datetime.now(UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)


def test_two_groups_run_at_once_and_the_tasks_of_each_in_order(
    site: Site, database: Database, database_url: str, tmp_path: Path
) -> None:
    paths = {name: repository(tmp_path, name).path for name in ("a", "b", "c", "d")}
    morning = schedule(paths["a"], paths["b"])
    evening = schedule(paths["c"], paths["d"]).replace("groups:\n  nightly", "  evening")
    write_schedule(morning + evening)
    with gate(database_url, paths["a"]):
        runs = [site.scheduled_run(site.deploy(g), today_at()) for g in ("nightly", "evening")]
        site.start_worker()
        assert site.ended(runs[1]).state_type == StateType.COMPLETED
        assert collected(database) == [("c", "completed"), ("d", "completed")]
        site.prefect.wait_for_state(runs[0], StateType.RUNNING, timeout=PATIENCE)
    assert site.ended(runs[0]).state_type == StateType.COMPLETED
    names = [name for name, _ in collected(database)]
    assert sorted(names) == ["a", "b", "c", "d"]
    assert names.index("a") < names.index("b")


def test_after_kill_9_of_everything_a_new_worker_runs_the_rest_and_nothing_twice(
    site: Site, database: Database, database_url: str, tmp_path: Path
) -> None:
    first, second, third = (repository(tmp_path, name).path for name in ("1st", "2nd", "3rd"))
    write_schedule(schedule(first, second, third))
    deployment, scheduled = site.deploy("nightly"), today_at()
    with gate(database_url, second):
        batch = site.scheduled_run(deployment, scheduled)
        worker = site.start_worker()
        child = waiting(site, database, second)
        assert worker.pid is not None
        kill(psutil.Process(worker.pid), engine_of(batch), engine_of(child))
    site.start_worker()
    rest = site.rest_of(deployment, batch)
    assert rest.parameters == {
        "group": "nightly",
        "date": f"{scheduled:%Y-%m-%d}",
        "missing_only": True,
    }
    assert site.ended(rest.id).state_name == "Completed"
    assert turns(database) == [
        ("1st", "succeeded", 1),
        ("2nd", "succeeded", 2),
        ("3rd", "succeeded", 1),
    ]
    assert [name for name, _ in collected(database)] == ["1st", "2nd", "3rd"]
    assert [found.status for found in batches(database)] == ["crashed", "completed"]
    for run_id in (batch, child):
        assert site.prefect.client.read_flow_run(run_id).state_type == StateType.CRASHED
    assert any(f"Flow run {rest.name} started" in line for line in site.said)
    assert start_rest_runs(site.prefect.client, datetime.now(UTC)) == []


def test_when_only_the_batch_is_killed_its_collector_ends_and_is_not_run_again(
    site: Site, database: Database, database_url: str, tmp_path: Path
) -> None:
    first, second = repository(tmp_path, "1st").path, repository(tmp_path, "2nd").path
    write_schedule(schedule(first, second))
    deployment = site.deploy("nightly")
    with gate(database_url, first):
        batch = site.scheduled_run(deployment, today_at())
        worker = site.start_worker()
        child = waiting(site, database, first)
        kill(engine_of(batch))
    assert site.ended(child).state_type == StateType.COMPLETED
    assert site.ended(batch).state_type == StateType.CRASHED
    worker.stop()
    site.start_worker()
    assert site.ended(site.rest_of(deployment, batch).id).state_name == "Completed"
    assert turns(database) == [("1st", "succeeded", 1), ("2nd", "succeeded", 1)]
    assert collected(database) == [("1st", "completed"), ("2nd", "completed")]
    assert occasions(database)[0].flow_run_id == child


def test_after_days_without_a_worker_late_runs_catch_up_once(
    site: Site, database: Database, tmp_path: Path
) -> None:
    write_schedule(schedule(repository(tmp_path, "one").path, at="00:00"))
    deployment = site.deploy("nightly")
    late = [site.scheduled_run(deployment, today_at(0, 0) - timedelta(days=n)) for n in (3, 2, 1)]
    site.start_worker()
    states = [site.ended(run_id).state_name for run_id in late]
    assert states == ["Superseded", "Superseded", "Completed"]
    assert turns(database) == [("one", "succeeded", 1)]
    assert occasions(database)[0].occasion == f"{today_at():%Y-%m-%d}"
    today = site.scheduled_run(deployment, today_at(0, 0))
    assert site.ended(today).state_name == "Superseded"
    assert [found.settles for found in batches(database)] == [True]
