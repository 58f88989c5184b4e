"""What a batch that crashed had still to do: one new run, which does only that."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterIdempotencyKey,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.client.schemas.sorting import FlowRunSort

from deployments.local.reconcile import WORKER_LABEL, worker_name

BATCH = FlowFilter(name=FlowFilterName(any_=["collector_group"]))
CRASHED = FlowRunFilter(
    state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.CRASHED]))
)
# A batch that crashed earlier has been caught up by the next one of its group.
LONGEST_AGO = timedelta(days=1)


def start_rest_runs(client: SyncPrefectClient, now: datetime) -> list[FlowRun]:
    """Ask for the rest of each batch of this machine's that crashed since yesterday, once for each.

    Dead runs are to be set to Crashed first; a batch that was stopped together with its worker is
    `Crashed` too. A group that has left the schedule is passed over.
    """
    crashed = [run for run in _crashed_batches(client) if _is_recent(run, now)]
    known = _known_keys(client, [_key(run.id) for run in crashed])
    deployments = _existing(client, [run.deployment_id for run in crashed if run.deployment_id])
    return [
        _start_rest(client, run, run.deployment_id)
        for run in crashed
        if run.deployment_id in deployments and _key(run.id) not in known
    ]


def _crashed_batches(client: SyncPrefectClient) -> list[FlowRun]:
    found = client.read_flow_runs(
        flow_filter=BATCH, flow_run_filter=CRASHED, sort=FlowRunSort.END_TIME_DESC
    )
    return [run for run in found if run.labels.get(WORKER_LABEL) == worker_name()]


def _is_recent(run: FlowRun, now: datetime) -> bool:
    return run.end_time is not None and now - run.end_time < LONGEST_AGO


def _known_keys(client: SyncPrefectClient, keys: Collection[str]) -> set[str | None]:
    wanted = FlowRunFilter(idempotency_key=FlowRunFilterIdempotencyKey(any_=list(keys)))
    found = client.read_flow_runs(flow_run_filter=wanted) if keys else []
    return {run.idempotency_key for run in found}


def _existing(client: SyncPrefectClient, deployments: Collection[UUID]) -> set[UUID]:
    wanted = DeploymentFilter(id=DeploymentFilterId(any_=list(deployments)))
    found = client.read_deployments(deployment_filter=wanted) if deployments else []
    return {deployment.id for deployment in found}


def _start_rest(client: SyncPrefectClient, run: FlowRun, deployment: UUID) -> FlowRun:
    """For the day that the batch was for, whatever day it is now."""
    return client.create_flow_run_from_deployment(
        deployment,
        parameters={**run.parameters, "date": _day(run), "missing_only": True},
        name=f"rest of {run.name}",
        idempotency_key=_key(run.id),
    )


def _day(run: FlowRun) -> Any:
    scheduled = run.expected_start_time
    return run.parameters.get("date") or (scheduled.date().isoformat() if scheduled else None)


def _key(run_id: UUID) -> str:
    return f"rest-of-{run_id}"
