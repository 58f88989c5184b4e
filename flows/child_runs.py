"""A collector's run in a process of its own, shown below the run that waits for it.

A collector that leaks, crashes or is killed takes nobody else with it.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID, uuid4

from prefect import State, Task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterIdempotencyKey,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import get_current_settings
from prefect.states import Crashed, Pending

from deployments.generate import ON_DEMAND
from deployments.local.reconcile import WORKER_LABEL, crash_if_dead, has_engine, worker_name
from flows.reporting import current_flow_run_id
from services.errors import ConfigError

STOP_SECONDS = 10.0
# How soon the end of one of several is noticed.
LOOK_SECONDS = 0.1
# The parameter that a flow may have for the tag of the release that it runs for.
RELEASE = "release"
NOT_STARTED = (StateType.PENDING, StateType.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Child:
    """A collector to run through `<collector>/on-demand`.

    `key` names this attempt for good: asked for twice, there is one run. `release` goes to flows
    that have a parameter for it.
    """

    key: str
    collector: str
    parameters: Mapping[str, Any]
    release: str | None = None


def find_child(client: SyncPrefectClient, key: str) -> FlowRun | None:
    """The run that an earlier process created for this attempt, put right when it has died."""
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=[key]))
    found = client.read_flow_runs(flow_run_filter=wanted, limit=1)
    return crash_if_dead(client, found[0]) if found else None


def is_at_work(run: FlowRun) -> bool:
    """Whether some process has this run, or may have: on another machine we cannot look."""
    if run.state is None or run.state.is_final():
        return False
    return run.state_type not in NOT_STARTED or has_engine(run.id)


def create_child(client: SyncPrefectClient, child: Child) -> FlowRun:
    """Create the run, to be started with `run_child`.

    Its first state is Pending, so that no worker takes it from us. Its label lets the next worker
    of this machine put it right when this process and its own are killed.

    Raises:
        ConfigError: when the collector is not registered with Prefect.
    """
    deployment = _deployment(client, child.collector)
    return client.create_flow_run_from_deployment(
        deployment.id,
        parameters=_parameters(deployment, child),
        state=Pending(),
        name=child.collector,
        idempotency_key=child.key,
        parent_task_run_id=_place_below_us(client, child.collector),
        labels={WORKER_LABEL: worker_name()},
    )


def run_child(client: SyncPrefectClient, run: FlowRun) -> State[Any]:
    """Run it in a process of its own, wait for its end, and return the state that it ended in."""
    _make_ours(client, run)
    with StartedChild(run) as started:
        started.wait()
    return started.end(client)


class StartedChild:
    """A run in a process of its own, which is stopped when the block is left before its end."""

    def __init__(self, run: FlowRun) -> None:
        self._run_id = run.id
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prefect.engine", str(run.id)],
            env={**os.environ, **settings, "PREFECT__FLOW_RUN_ID": str(run.id)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.stop()

    @property
    def is_at_work(self) -> bool:
        """Whether its process lives."""
        return self._process.poll() is None

    def ask_to_stop(self) -> None:
        """As a worker does."""
        self._process.terminate()

    def stop(self) -> None:
        """End it, if it is at work; it is asked first."""
        if not self.is_at_work:
            return
        self.ask_to_stop()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Until its process has ended."""
        self._process.wait()

    def end(self, client: SyncPrefectClient) -> State[Any]:
        """The state that it ended in; a process that died without a word has crashed."""
        return _end(client, self._run_id)


class StartedChildren:
    """Several at once, by name; all that are left are stopped when the block is."""

    def __init__(self) -> None:
        self._by_name: dict[str, StartedChild] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        for child in self._by_name.values():
            child.ask_to_stop()
        for child in self._by_name.values():
            child.stop()

    def __len__(self) -> int:
        return len(self._by_name)

    def __str__(self) -> str:
        return ", ".join(self._by_name)

    def start(self, name: str, run: FlowRun) -> None:
        """One more."""
        self._by_name[name] = StartedChild(run)

    def wait_for_some(self) -> list[tuple[str, StartedChild]]:
        """Those that have ended, as soon as one has; they are no more among us."""
        while not (over := [name for name, one in self._by_name.items() if not one.is_at_work]):
            time.sleep(LOOK_SECONDS)
        return [(name, self._by_name.pop(name)) for name in over]


def _parameters(deployment: DeploymentResponse, child: Child) -> dict[str, Any]:
    takes_release = RELEASE in (deployment.parameter_openapi_schema or {}).get("properties", {})
    if child.release is None or not takes_release:
        return dict(child.parameters)
    return {**child.parameters, RELEASE: child.release}


def _place_below_us(client: SyncPrefectClient, collector: str) -> UUID | None:
    """A task run that stands for the child in the run that we are in, as Prefect's own do."""
    parent = current_flow_run_id()
    if parent is None:
        return None
    stand_in = Task(fn=lambda: None, name=collector)
    key = f"{collector}-{uuid4()}"
    return client.create_task_run(
        task=stand_in, flow_run_id=parent, dynamic_key=key, name=collector, state=Pending()
    ).id


def _make_ours(client: SyncPrefectClient, run: FlowRun) -> None:
    """A batch of another machine may have created it: a worker there would miss its process."""
    if run.labels.get(WORKER_LABEL) != worker_name():
        client.update_flow_run_labels(run.id, {WORKER_LABEL: worker_name()})


def _end(client: SyncPrefectClient, run_id: UUID) -> State[Any]:
    """How it ended; a process that died without a word has crashed."""
    ended = client.read_flow_run(run_id).state
    if ended is not None and ended.is_final():
        return ended
    crashed: State[Any] = Crashed(message="its process ended without a word")
    client.set_flow_run_state(run_id, crashed, force=True)
    return crashed


def _deployment(client: SyncPrefectClient, collector: str) -> DeploymentResponse:
    found = client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[collector])),
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[ON_DEMAND])),
    )
    if not found:
        raise ConfigError(
            f"{collector}/{ON_DEMAND} is not registered with Prefect: `make up` does it"
        )
    return found[0]
