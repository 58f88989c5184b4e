"""Flow runs that the server believes alive and whose process is gone.

The open-source server never notices them, and neither does a worker that is started again.
"""

import platform
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psutil
from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    TaskRunFilter,
    TaskRunFilterId,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, StateType
from prefect.client.schemas.responses import OrchestrationResult
from prefect.states import Cancelled, Crashed

ENGINE = "prefect.engine"
GONE = "Its process ended without reporting."
RUN_ID_VARIABLE = "PREFECT__FLOW_RUN_ID"
WORKER_LABEL = "prefect.worker.name"
PAGE = 200
ALIVE_STATES = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
ALIVE = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=ALIVE_STATES)))


@dataclass(frozen=True)
class ReconciledRun:
    """A run that was set to Crashed, or Cancelled if somebody had asked for that, and why."""

    id: UUID
    name: str
    reason: str
    state: str


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
    claims_are_dead = not _worker_lives(name, str(client.api_url))
    done: list[ReconciledRun] = []
    for run in filter(_has_own_process, _alive_runs(client)):
        if run.labels.get(WORKER_LABEL) == name and not _lives(run, engines):
            done += _crash(client, run, _reason(run, name, claims_are_dead))
    while below := _crash_subflows(client, name, engines, {run.id for run in done}):
        done += below
    return done


def crash_if_dead(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """The run as it is, put right first when this machine started it and its process is gone."""
    has_started = run.state_type in {StateType.RUNNING, StateType.CANCELLING}
    if run.labels.get(WORKER_LABEL) != worker_name() or not has_started or has_engine(run.id):
        return run
    _crash(client, run, GONE)
    return client.read_flow_run(run.id)


def has_engine(run_id: UUID) -> bool:
    """Whether a process of this machine is at work on the run."""
    return str(run_id) in find_engines().values()


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


def _reason(run: FlowRun, worker: str, claims_are_dead: bool) -> str | None:
    """None for a run without a process that a living worker may just be starting.

    Or that a batch may: one that no batch starts is taken up by the group's next.
    """
    if pid := _pid(run):
        return f"Its process {pid} on {platform.node()} ended without reporting."
    if run.parent_task_run_id is not None:
        return None if run.state_type == StateType.PENDING else GONE
    return f"Its worker {worker} ended while starting it." if claims_are_dead else None


def _worker_lives(name: str, api_url: str) -> bool:
    """Whether a worker of this name serves this API; unreadable environments count as if."""
    for process in psutil.process_iter(["cmdline", "environ"]):
        command = process.info["cmdline"] or []
        if name in command and "worker" in command:
            environment = process.info["environ"] or {}
            if environment.get("PREFECT_API_URL", api_url).rstrip("/") == api_url.rstrip("/"):
                return True
    return False


def _crash_subflows(
    client: SyncPrefectClient, worker: str, engines: dict[int, str | None], crashed: set[UUID]
) -> list[ReconciledRun]:
    """One level of subflows whose parent has ended, by us or reported by its worker."""
    done: list[ReconciledRun] = []
    for run in _alive_runs(client):
        parent = None if _has_own_process(run) else _parent(client, run)
        if parent is None or parent.state_type not in TERMINAL_STATES or _lives(parent, engines):
            continue
        if parent.id in crashed or parent.labels.get(WORKER_LABEL) == worker:
            done += _crash(client, run, "The process of its parent run ended.")
    return done


def _parent(client: SyncPrefectClient, run: FlowRun) -> FlowRun | None:
    if run.parent_task_run_id is None:
        return None
    holds = TaskRunFilter(id=TaskRunFilterId(any_=[run.parent_task_run_id]))
    return next(iter(client.read_flow_runs(task_run_filter=holds, limit=1)), None)


def _alive_runs(client: SyncPrefectClient) -> list[FlowRun]:
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(flow_run_filter=ALIVE, limit=PAGE, offset=len(found))
        found += page
        if len(page) < PAGE:
            return found


def _crash(client: SyncPrefectClient, run: FlowRun, reason: str | None) -> list[ReconciledRun]:
    """Not forced: the server's rules give back the run's concurrency slots.

    They also let a run that is being cancelled end as Cancelled only.
    """
    if reason is None:
        return []
    is_cancelled = run.state_type == StateType.CANCELLING
    wanted: State[Any] = Cancelled(message=reason) if is_cancelled else Crashed(message=reason)
    result: OrchestrationResult[Any] = client.set_flow_run_state(run.id, wanted)
    accepted = result.state is not None and result.state.type == wanted.type
    return [ReconciledRun(run.id, run.name, reason, str(wanted.name))] if accepted else []
