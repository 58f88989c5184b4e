"""Flow runs that the server believes alive and whose process is gone.

The open-source server never notices them, and neither does a worker that is started again. A run
whose worker died before it had a process is not here alone: see `deployments.status.claims`.
"""

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
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
from prefect.states import Cancelled, Crashed, Scheduled

ENGINE = "prefect.engine"
GONE = "Its process ended without reporting."
RUN_ID_VARIABLE = "PREFECT__FLOW_RUN_ID"
WORKER_LABEL = "prefect.worker.name"
PAGE = 200
ALIVE_STATES = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
ALIVE = FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=ALIVE_STATES)))


@dataclass(frozen=True)
class ReconciledRun:
    """A run that was put right, why, and the state that it is in now.

    Crashed; Cancelled if somebody had asked for that; Scheduled if it had not begun.
    """

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

    What a worker took and had not begun is started anew. Runs that workers of other names started
    are left alone. The runs are read before the processes are: what starts meanwhile has one, and
    what ends meanwhile the server leaves as it ended.
    """
    name = worker or worker_name()
    alive = _alive_runs(client)
    engines = find_engines()
    done: list[ReconciledRun] = []
    for run in filter(_has_own_process, alive):
        if run.labels.get(WORKER_LABEL) == name and not _lives(run, engines):
            done += _put_right(client, run, _reason(run, name))
    while below := _crash_subflows(client, name, {run.id for run in done}):
        done += below
    return done


def crash_if_dead(client: SyncPrefectClient, run: FlowRun) -> FlowRun:
    """The run as it is, put right first when this machine started it and its process is gone."""
    has_started = run.state_type in {StateType.RUNNING, StateType.CANCELLING}
    if run.labels.get(WORKER_LABEL) != worker_name() or not has_started or has_engine(run.id):
        return run
    _put_right(client, run, GONE)
    return client.read_flow_run(run.id)


def has_engine(run_id: UUID) -> bool:
    """Whether a process of this machine is at work on the run."""
    return str(run_id) in find_engines().values()


def find_engines() -> dict[int, str | None]:
    """The flow-run processes of this machine, each with its run where that may be read."""
    return {process.pid: environment.get(RUN_ID_VARIABLE) for process, environment in _engines()}


def engines_under(home: Path) -> list[psutil.Process]:
    """The flow-run processes that were given this absolute path as BDC_HOME, whoever started them."""
    return [process for process, given in _engines() if given.get("BDC_HOME") == str(home)]


def _engines() -> Iterator[tuple[psutil.Process, Mapping[str, str]]]:
    """With the environment of each; an empty one where it may not be read."""
    for process in psutil.process_iter(["environ"]):
        if is_engine(process):
            yield process, process.info["environ"] or {}


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


def _reason(run: FlowRun, worker: str) -> str | None:
    """None for a run without a process that a living worker may just be starting.

    Or that a batch may: one that no batch starts is taken up by the group's next.
    """
    if pid := _pid(run):
        return f"Its process {pid} on {platform.node()} ended without reporting."
    if run.parent_task_run_id is not None:
        return None if run.state_type == StateType.PENDING else GONE
    if _worker_lives(worker, run.work_pool_name):
        return None
    return f"Its worker {worker} ended while starting it."


def _worker_lives(name: str, pool: str | None) -> bool:
    """Whether a worker of this name serves the pool, through whichever of its servers."""
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any(name in command and pool in command for command in commands)


def _crash_subflows(
    client: SyncPrefectClient, worker: str, crashed: set[UUID]
) -> list[ReconciledRun]:
    """One level of subflows whose parent has ended, by us or reported by its worker."""
    alive = _alive_runs(client)
    engines = find_engines()
    done: list[ReconciledRun] = []
    for run in alive:
        parent = None if _has_own_process(run) else _parent(client, run)
        if parent is None or parent.state_type not in TERMINAL_STATES or _lives(parent, engines):
            continue
        if parent.id in crashed or parent.labels.get(WORKER_LABEL) == worker:
            done += _put_right(client, run, "The process of its parent run ended.")
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


def _put_right(client: SyncPrefectClient, run: FlowRun, reason: str | None) -> list[ReconciledRun]:
    """Not forced: the server's rules give back the run's concurrency slots."""
    if reason is None:
        return []
    wanted = _ending(run, reason)
    result: OrchestrationResult[Any] = client.set_flow_run_state(run.id, wanted)
    accepted = result.state is not None and result.state.type == wanted.type
    return [ReconciledRun(run.id, run.name, reason, str(wanted.name))] if accepted else []


def _ending(run: FlowRun, reason: str) -> State[Any]:
    """The server lets a run that is being cancelled end as Cancelled only."""
    if run.state_type == StateType.CANCELLING:
        return Cancelled(message=reason)
    has_begun = run.state_type != StateType.PENDING or _pid(run) or run.parent_task_run_id
    return Crashed(message=reason) if has_begun else Scheduled(message=reason)
