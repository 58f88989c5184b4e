"""Under our worker no flow run is left `Running` without a process, whatever ends the worker."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psutil
import pytest
from prefect import Task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    LogFilter,
    LogFilterFlowRunId,
    LogFilterTimestamp,
)
from prefect.client.schemas.objects import FlowRun, StateType, WorkPool
from prefect.states import Cancelling, Pending, Running

from conformance.servers import free_port
from deployments.local import reconcile
from deployments.local import worker as worker_module
from deployments.local.processes import ProcessRecords, answers, send, wait_until_gone
from deployments.local.reconcile import find_engines, reconcile_dead_runs, worker_name
from deployments.local.worker import (
    FLOW_RUN_SECONDS,
    Worker,
    base_job_template,
    ensure_work_pool,
    run_worker,
    worker_environment,
)
from services.errors import ConfigError
from tests.support.local_stack import PATIENCE, LocalPrefect, poll, running_prefect

pytestmark = pytest.mark.xdist_group("worker")


@pytest.fixture(scope="module")
def prefect() -> Iterator[LocalPrefect]:
    with running_prefect() as server:
        yield server


@pytest.fixture(autouse=True)
def _with_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flow run that is asked to end has the time to report it on a busy machine too."""
    monkeypatch.setattr(worker_module, "FLOW_RUN_SECONDS", FLOW_RUN_SECONDS * PATIENCE)


@pytest.fixture
def pool(prefect: LocalPrefect) -> str:
    name = f"pool-{uuid4().hex[:8]}"
    prefect.ensure_pool(name)
    return name


@dataclass
class Supervised:
    """A `run_worker` in a thread of its own."""

    stop: threading.Event = field(default_factory=threading.Event)
    said: list[str] = field(default_factory=list)
    status: Future[int] = field(default_factory=Future)


@contextmanager
def supervised_worker(prefect: LocalPrefect, pool: str) -> Iterator[Supervised]:
    worker = Supervised()
    records = ProcessRecords(prefect.home / f"{pool}.json")
    with ThreadPoolExecutor(1) as executor:
        worker.status = executor.submit(
            run_worker,
            pool,
            env=prefect.environment(),
            stop=worker.stop,
            records=records,
            report=worker.said.append,
        )
        try:
            yield worker
        finally:
            worker.stop.set()


def new_worker(prefect: LocalPrefect, pool: str, said: list[str]) -> Worker:
    return Worker(
        pool,
        environment=prefect.environment(),
        records=ProcessRecords(prefect.home / f"{pool}.json"),
        log=prefect.home / "logs" / f"{pool}.log",
        report=said.append,
    )


def process_of(run: FlowRun) -> psutil.Process:
    assert run.infrastructure_pid is not None
    return psutil.Process(int(run.infrastructure_pid))


def running_with_pid(prefect: LocalPrefect, run_id: UUID) -> FlowRun:
    prefect.wait_for_state(run_id, StateType.RUNNING)

    def with_pid() -> FlowRun | None:
        run = prefect.client.read_flow_run(run_id)
        return run if run.infrastructure_pid else None

    return poll(with_pid, 30, "a process id")


def lines_since(prefect: LocalPrefect, run: FlowRun, moment: datetime) -> int:
    """How many lines a run has said since then, as far as the server shows them at once."""
    said = LogFilter(
        flow_run_id=LogFilterFlowRunId(any_=[run.id]),
        timestamp=LogFilterTimestamp.model_validate({"after_": moment}),
    )
    return len(prefect.client.read_logs(said))


def subflow_of(prefect: LocalPrefect, run: FlowRun) -> FlowRun:
    below = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run.id]))

    def running() -> FlowRun | None:
        found = prefect.client.read_flow_runs(flow_run_filter=below)
        return next((run for run in found if run.state_type == StateType.RUNNING), None)

    return poll(running, 30, "a running subflow")


def test_stopping_the_worker_leaves_its_run_crashed_not_running(
    prefect: LocalPrefect, pool: str
) -> None:
    with supervised_worker(prefect, pool) as worker:
        done = prefect.start_run("quick", pool)
        prefect.wait_for_state(done, StateType.COMPLETED)
        run = running_with_pid(prefect, prefect.start_run("long", pool))
        worker.stop.set()
        assert worker.status.result(timeout=300) == 0
    ended = prefect.client.read_flow_run(run.id)
    assert ended.state_type == StateType.CRASHED
    assert "termination signal" in str(ended.state and ended.state.message)
    assert int(run.infrastructure_pid or 0) not in find_engines()


def test_runs_of_a_killed_worker_are_put_right_by_the_next_start(
    prefect: LocalPrefect, pool: str
) -> None:
    said: list[str] = []
    first = new_worker(prefect, pool, said)
    first.start()
    run = running_with_pid(prefect, prefect.start_run("long_with_subflow", pool))
    subflow = subflow_of(prefect, run)
    assert first.pid is not None
    killed = [psutil.Process(first.pid), process_of(run)]
    for process in killed:
        send(process, signal.SIGKILL)
    wait_until_gone(killed, 60)
    assert "The worker ended by itself: exit status -9" in poll(first.problem, 5, "its end")
    second = new_worker(prefect, pool, said)
    second.start()
    second.stop()
    for run_id in (run.id, subflow.id):
        ended = prefect.client.read_flow_run(run_id)
        assert ended.state_type == StateType.CRASHED
    assert any(run.name in line and f"process {run.infrastructure_pid}" in line for line in said)


def test_a_run_whose_process_outlives_its_worker_is_left_alone(
    prefect: LocalPrefect, pool: str
) -> None:
    worker = new_worker(prefect, pool, [])
    worker.start()
    run = running_with_pid(prefect, prefect.start_run("long", pool))
    flow_run = process_of(run)
    assert worker.pid is not None
    killed = psutil.Process(worker.pid)
    send(killed, signal.SIGKILL)
    try:
        assert not wait_until_gone([killed], 60)
        alone = datetime.now(UTC)
        poll(lambda: lines_since(prefect, run, alone) > 20, 30, "what it says to no reader")
        assert reconcile_dead_runs(prefect.client) == []
        assert prefect.client.read_flow_run(run.id).state_type == StateType.RUNNING
    finally:
        send(flow_run, signal.SIGKILL)
    assert not wait_until_gone([flow_run], 60)
    worker.stop()
    assert prefect.client.read_flow_run(run.id).state_type == StateType.CRASHED


def test_a_subflow_whose_parent_was_killed_is_put_right_when_the_worker_stops(
    prefect: LocalPrefect, pool: str
) -> None:
    worker = new_worker(prefect, pool, [])
    worker.start()
    run = running_with_pid(prefect, prefect.start_run("long_with_subflow", pool))
    subflow = subflow_of(prefect, run)
    send(process_of(run), signal.SIGKILL)
    prefect.wait_for_state(run.id, StateType.CRASHED)
    worker.stop()
    assert prefect.client.read_flow_run(subflow.id).state_type == StateType.CRASHED


def claimed_run(prefect: LocalPrefect, pool: str, pid: int | None, worker: str) -> UUID:
    """A run as a worker leaves it that is killed while the run is `Running`."""
    run_id = prefect.start_run("quick", pool, Pending())
    prefect.client.update_flow_run_labels(run_id, {reconcile.WORKER_LABEL: worker})
    if pid is not None:
        prefect.client.set_flow_run_state(run_id, Running())
        prefect.client.update_flow_run(run_id, infrastructure_pid=str(pid))
    return run_id


def test_a_process_id_used_again_by_another_program_does_not_keep_a_run_alive(
    prefect: LocalPrefect, pool: str
) -> None:
    run_id = claimed_run(prefect, pool, os.getpid(), worker_name())
    assert [run.id for run in reconcile_dead_runs(prefect.client)] == [run_id]
    assert reconcile_dead_runs(prefect.client) == []


def test_a_run_that_another_worker_starts_meanwhile_is_left_alone(
    prefect: LocalPrefect, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = claimed_run(prefect, pool, None, worker_name())
    list_runs = prefect.client.read_flow_runs
    with ExitStack() as stack:

        def start_then_list(**wanted: Any) -> list[FlowRun]:
            if prefect.client.read_flow_run(run_id).infrastructure_pid is None:
                engine = stack.enter_context(idle_engine(run_id))
                prefect.client.set_flow_run_state(run_id, Running())
                prefect.client.update_flow_run(run_id, infrastructure_pid=str(engine.pid))
            return list_runs(**wanted)

        monkeypatch.setattr(prefect.client, "read_flow_runs", start_then_list)
        assert reconcile_dead_runs(prefect.client) == []
    assert prefect.client.read_flow_run(run_id).state_type == StateType.RUNNING
    assert [run.id for run in reconcile_dead_runs(prefect.client)] == [run_id]


@contextmanager
def idle_engine(run_id: UUID) -> Iterator[subprocess.Popen[bytes]]:
    """What looks from outside like a process of Prefect's engine at work on the run."""
    environment = {**os.environ, reconcile.RUN_ID_VARIABLE: str(run_id)}
    command = [sys.executable, "-c", "import time; time.sleep(600)", reconcile.ENGINE]
    with subprocess.Popen(command, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_run_claimed_but_never_started_is_started_by_the_next_worker(
    prefect: LocalPrefect, pool: str
) -> None:
    run_id = claimed_run(prefect, pool, None, worker_name())
    with supervised_worker(prefect, pool) as worker:
        run = prefect.wait_for_state(run_id, StateType.COMPLETED)
    assert any(f"{run.name} set to Scheduled: Its worker" in line for line in worker.said)


def test_what_another_worker_of_this_machine_may_be_starting_is_left_alone(
    prefect: LocalPrefect, pool: str
) -> None:
    other = new_worker(prefect, pool, [])
    other.start()
    elsewhere = f"{pool}-elsewhere"
    prefect.ensure_pool(elsewhere)
    try:
        run_id = claimed_run(prefect, pool, None, worker_name())
        lost = claimed_run(prefect, elsewhere, None, worker_name())
        assert [run.id for run in reconcile_dead_runs(prefect.client)] == [lost]
    finally:
        other.stop()
    assert prefect.client.read_flow_run(run_id).state_type == StateType.SCHEDULED


def test_what_a_batch_runs_is_put_right_once_it_has_started(
    prefect: LocalPrefect, pool: str
) -> None:
    parent = prefect.start_run("long_with_subflow", pool)
    place = prefect.client.create_task_run(
        Task(fn=lambda: None, name="child"), parent, "child", state=Pending()
    ).id
    child = prefect.client.create_flow_run_from_deployment(
        prefect.client.read_flow_run(parent).deployment_id or parent,
        state=Pending(),
        parent_task_run_id=place,
        labels={reconcile.WORKER_LABEL: worker_name()},
    )
    assert reconcile_dead_runs(prefect.client) == []
    prefect.client.set_flow_run_state(child.id, Running())
    assert [run.id for run in reconcile_dead_runs(prefect.client)] == [child.id]


def test_a_dead_run_that_is_being_cancelled_is_set_to_cancelled(
    prefect: LocalPrefect, pool: str
) -> None:
    run_id = claimed_run(prefect, pool, 999_999_999, worker_name())
    prefect.client.set_flow_run_state(run_id, Cancelling(), force=True)
    (run,) = reconcile_dead_runs(prefect.client)
    assert (run.id, run.state) == (run_id, "Cancelled")
    assert prefect.client.read_flow_run(run_id).state_type == StateType.CANCELLED


def test_runs_of_other_machines_are_left_alone(prefect: LocalPrefect, pool: str) -> None:
    run_id = claimed_run(prefect, pool, 999_999_999, "bdc@elsewhere")
    assert reconcile_dead_runs(prefect.client) == []
    assert prefect.client.read_flow_run(run_id).state_type == StateType.RUNNING


def test_a_worker_can_be_stopped_though_our_parent_ignores_interrupts(
    prefect: LocalPrefect, pool: str
) -> None:
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from deployments.local.processes import ProcessRecords\n"
        "from deployments.local.worker import Worker\n"
        "records = ProcessRecords(Path(sys.argv[2]))\n"
        "log = Path(sys.argv[3])\n"
        "w = Worker(sys.argv[1], environment=os.environ, records=records, log=log, report=print)\n"
        "w.start()\n"
    )
    records = prefect.home / "ignored.json"
    log = prefect.home / "ignored.log"
    command = [sys.executable, "-c", script, pool, str(records), str(log)]
    shell = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    subprocess.run(shell, check=True, env={**prefect.environment(), "PYTHONPATH": "."})
    process = ProcessRecords(records).read()[0].find()
    assert process is not None
    poll(lambda: "started" in log.read_text(), 30, "the worker's start")
    send(process, signal.SIGTERM)
    assert wait_until_gone([process], 60) == []


def test_the_pool_is_written_only_when_it_differs(prefect: LocalPrefect) -> None:
    name = f"pool-{uuid4().hex[:8]}"
    template = base_job_template(None)
    assert ensure_work_pool(prefect.client, name, template) == "created"
    assert ensure_work_pool(prefect.client, name, template) == "unchanged"
    changed = base_job_template(prefect.home)
    assert ensure_work_pool(prefect.client, name, changed) == "updated"
    assert prefect.client.read_work_pool(name).base_job_template == changed


def test_a_pool_that_another_worker_makes_at_the_same_moment_is_taken_as_it_is(
    prefect: LocalPrefect, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = SyncPrefectClient.create_work_pool

    def second(client: SyncPrefectClient, wanted: WorkPoolCreate) -> WorkPool:
        create(client, wanted)
        return create(client, wanted)

    monkeypatch.setattr(SyncPrefectClient, "create_work_pool", second)
    name = f"pool-{uuid4().hex[:8]}"
    assert ensure_work_pool(prefect.client, name, base_job_template(None)) == "unchanged"


def test_a_pool_of_another_type_is_not_touched(prefect: LocalPrefect) -> None:
    name = f"pool-{uuid4().hex[:8]}"
    prefect.client.create_work_pool(WorkPoolCreate(name=name, type="docker"))
    with pytest.raises(ConfigError, match="is of type 'docker'"):
        ensure_work_pool(prefect.client, name, base_job_template(None))


def test_flow_runs_find_our_python_first() -> None:
    environment = worker_environment({"PATH": "/bin", "PREFECT_WORKER_QUERY_SECONDS": "7"})
    assert environment["PATH"].startswith(str(Path(sys.executable).parent))
    assert environment["PATH"].endswith(":/bin")
    assert environment["PREFECT_WORKER_QUERY_SECONDS"] == "7"


def test_whoever_asks_a_worker_how_it_is_gets_an_answer_where_a_port_is_set(
    prefect: LocalPrefect, pool: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("PREFECT_WORKER_WEBSERVER_PORT", str(port))
    monkeypatch.setenv("PREFECT_WORKER_WEBSERVER_HOST", "127.0.0.1")
    with supervised_worker(prefect, pool):
        poll(lambda: answers(f"http://127.0.0.1:{port}/health"), 45, "the worker's health")
