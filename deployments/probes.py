"""Questions to a Prefect API whose answers an operator can act on."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.objects import WorkerStatus
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.exceptions import ObjectNotFound

from deployments.generate import ON_DEMAND
from deployments.local.worker import WORK_POOL
from services.errors import ConfigError

# The scheduler looks at new deployments every 5 seconds.
SCHEDULER_SECONDS = 30


async def server(api_url: str) -> str:
    """The server's version.

    Raises:
        ConfigError: when it does not answer.
    """
    async with PrefectClient(api_url) as client:
        problem = await client.api_healthcheck()
        if problem is not None:
            raise ConfigError(
                f"{api_url} does not answer ({type(problem).__name__}): is the server up?"
            )
        return f"{await client.api_version()} at {api_url}"


async def deployments(api_url: str, collectors: Iterable[str]) -> str:
    """That every collector can be started from Prefect.

    Raises:
        ConfigError: naming those that cannot.
    """
    async with PrefectClient(api_url) as client:
        missing = [name for name in collectors if not await _exists(client, f"{name}/{ON_DEMAND}")]
    if missing:
        raise ConfigError(f"not registered: {', '.join(missing)}; `make up` registers them")
    return "every collector can be started on demand"


async def scheduler(api_url: str, seconds: float = SCHEDULER_SECONDS) -> str:
    """That a scheduled deployment really gets runs, which a server can silently stop to do.

    A deployment that no worker serves is made, watched and removed with its runs.

    Raises:
        ConfigError: when no run appears.
    """
    probe = flow(name="bdc-doctor")(_nothing)
    async with PrefectClient(api_url) as client:
        every_day = IntervalSchedule(interval=timedelta(days=1), anchor_date=datetime.now(UTC))
        deployment = await client.create_deployment(
            flow_id=await client.create_flow(probe),
            name=f"probe-{datetime.now(UTC):%H%M%S%f}",
            schedules=[DeploymentScheduleCreate(schedule=every_day, slug="probe", active=True)],
        )
        try:
            for _ in range(int(seconds * 2)):
                if await _scheduled(client, deployment):
                    return "a scheduled deployment gets runs"
                await asyncio.sleep(0.5)
        finally:
            await client.delete_deployment(deployment)
    raise ConfigError(
        f"no run was scheduled within {seconds:.0f} s: look for errors of the scheduler in the server's log"
    )


async def workers(api_url: str) -> str:
    """That somebody takes runs from our work pool.

    Raises:
        ConfigError: when nobody does.
    """
    async with PrefectClient(api_url) as client:
        try:
            await client.read_work_pool(WORK_POOL)
        except ObjectNotFound:
            raise ConfigError(f"there is no work pool {WORK_POOL}: `make up` makes it") from None
        known = await client.read_workers_for_work_pool(WORK_POOL)
    online = [worker.name for worker in known if worker.status == WorkerStatus.ONLINE]
    if not online:
        raise ConfigError(f"no worker serves the pool {WORK_POOL}: start one with `bdc worker`")
    return f"{len(online)} online in the pool {WORK_POOL}"


def _nothing() -> None:
    """Never runs."""


async def _exists(client: PrefectClient, name: str) -> bool:
    try:
        await client.read_deployment_by_name(name)
    except ObjectNotFound:
        return False
    return True


async def _scheduled(client: PrefectClient, deployment: UUID) -> bool:
    of_probe = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    return bool(await client.read_flow_runs(flow_run_filter=of_probe, limit=1))
