"""Flow runs that the server believes alive and whose process is gone.

The open-source server never notices them, and neither does a worker that is started again.
"""

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterParentFlowRunId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import OrchestrationResult
from prefect.states import Crashed

ENGINE = "prefect.engine"
RUN_ID_VARIABLE = "PREFECT__FLOW_RUN_ID"
WORKER_LABEL = "prefect.worker.name"
PAGE = 200
ALIVE = FlowRunFilterState(
    type=FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING, StateType.CANCELLING])
)


@dataclass(frozen=True)
class ReconciledRun:
    """A run that was set to Crashed, and why."""

    id: UUID
    name: str
    reason: str


def worker_name() -> str:
    """The name of this machine's workers, which Prefect stamps on every run that they start.

    It tells our process ids from those of other machines: no two may share a host name.
    """
    return f"bdc@{platform.node()}"


def reconcile_dead_runs(
    client: SyncPrefectClient, *, worker: str | None = None
) -> list[ReconciledRun]:
    """Set the runs of this machine that have no process to Crashed, their subflows included.

    Runs that workers of other names started are left alone.
    """
    name = worker or worker_name()
    engines = find_engines()
    claims_are_dead = not _worker_lives(name)
    dead: list[tuple[FlowRun, str]] = []
    for run in filter(_has_own_process, _alive_runs(client)):
        if run.labels.get(WORKER_LABEL) == name and not _lives(run, engines):
            dead += _verdict(run, name, claims_are_dead)
    dead += list(_subflows(client, [run for run, _ in dead]))
    return [done for run, reason in dead if (done := _crash(client, run, reason)) is not None]


def find_engines() -> dict[int, str | None]:
    """The flow-run processes of this machine, each with its run where that may be read."""
    found: dict[int, str | None] = {}
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        if is_engine(process):
            found[process.pid] = (process.info["environ"] or {}).get(RUN_ID_VARIABLE)
    return found


def is_engine(process: psutil.Process) -> bool:
    """Whether this is a living process of Prefect's engine."""
    try:
        return ENGINE in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _has_own_process(run: FlowRun) -> bool:
    """A subflow lives in its parent's process; one started as a deployment has its own."""
    return run.parent_task_run_id is None or run.deployment_id is not None


def _lives(run: FlowRun, engines: dict[int, str | None]) -> bool:
    """A process whose run may not be read counts when the id fits: better late than wrong."""
    if str(run.id) in engines.values():
        return True
    pid = _pid(run)
    return pid in engines and engines[pid] is None


def _pid(run: FlowRun) -> int:
    """Its process; older workers put the host's name and a colon before the number."""
    text = (run.infrastructure_pid or "").rpartition(":")[2]
    return int(text) if text.isdigit() else 0


def _verdict(run: FlowRun, worker: str, claims_are_dead: bool) -> list[tuple[FlowRun, str]]:
    """A run without a process id may be one that a living worker is just starting."""
    pid = _pid(run)
    if pid:
        return [(run, f"Its process {pid} on {platform.node()} ended without reporting.")]
    if claims_are_dead:
        return [(run, f"Its worker {worker} ended while starting it.")]
    return []


def _worker_lives(name: str) -> bool:
    processes = psutil.process_iter(["cmdline"])
    return any(name in command and "worker" in command for command in map(_command, processes))


def _command(process: psutil.Process) -> list[str]:
    return process.info["cmdline"] or []


def _subflows(client: SyncPrefectClient, parents: list[FlowRun]) -> Iterator[tuple[FlowRun, str]]:
    while parents:
        ids = [parent.id for parent in parents]
        below = _alive_runs(client, FlowRunFilterParentFlowRunId(any_=ids))
        parents = [run for run in below if not _has_own_process(run)]
        yield from ((run, "The process of its parent run ended.") for run in parents)


def _alive_runs(
    client: SyncPrefectClient, parent: FlowRunFilterParentFlowRunId | None = None
) -> list[FlowRun]:
    wanted = FlowRunFilter(state=ALIVE, parent_flow_run_id=parent)
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=len(found))
        found += page
        if len(page) < PAGE:
            return found


def _crash(client: SyncPrefectClient, run: FlowRun, reason: str) -> ReconciledRun | None:
    """Not forced: the server's rules give back the run's concurrency slots."""
    result: OrchestrationResult[Any] = client.set_flow_run_state(run.id, Crashed(message=reason))
    accepted = result.state is not None and result.state.type == StateType.CRASHED
    return ReconciledRun(run.id, run.name, reason) if accepted else None
