"""A collector's run in a process of its own, shown below the run that waits for it.

A collector that leaks, crashes or is killed takes nobody else with it.
"""

import os
import subprocess
import sys
from typing import Any
from uuid import UUID, uuid4

from prefect import State, Task
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    FlowFilter,
    FlowFilterName,
)
from prefect.settings import get_current_settings
from prefect.states import Crashed, Pending

from deployments.generate import ON_DEMAND
from flows.reporting import api_client, current_flow_run_id
from services.errors import ConfigError

STOP_SECONDS = 10.0


def run_as_child(collector: str, parameters: dict[str, Any]) -> State[Any]:
    """Run `<collector>/on-demand` now, wait for its end, and return the state that it ended in.

    Its first state is Pending, so that no worker takes it from us.

    Raises:
        ConfigError: when the collector is not registered with Prefect.
    """
    with api_client() as client:
        run = client.create_flow_run_from_deployment(
            _deployment(client, collector),
            parameters=parameters,
            state=Pending(),
            name=collector,
            parent_task_run_id=_place_below_us(client, collector),
        )
        _execute(str(run.id))
        return _end(client, run.id)


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


def _end(client: SyncPrefectClient, run_id: UUID) -> State[Any]:
    """How it ended; a process that died without a word has crashed."""
    ended = client.read_flow_run(run_id).state
    if ended is not None and ended.is_final():
        return ended
    crashed: State[Any] = Crashed(message="its process ended without a word")
    client.set_flow_run_state(run_id, crashed, force=True)
    return crashed


def _deployment(client: SyncPrefectClient, collector: str) -> UUID:
    found = client.read_deployments(
        flow_filter=FlowFilter(name=FlowFilterName(any_=[collector])),
        deployment_filter=DeploymentFilter(name=DeploymentFilterName(any_=[ON_DEMAND])),
    )
    if not found:
        raise ConfigError(
            f"{collector}/{ON_DEMAND} is not registered with Prefect: `make up` does it"
        )
    return found[0].id


def _execute(run_id: str) -> None:
    """Ends with its run; when we are asked to stop, it is asked first."""
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    environment = {**os.environ, **settings, "PREFECT__FLOW_RUN_ID": run_id}
    with subprocess.Popen(
        [sys.executable, "-m", "prefect.engine", run_id], env=environment
    ) as process:
        try:
            process.wait()
        except BaseException:
            _stop(process)
            raise


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
