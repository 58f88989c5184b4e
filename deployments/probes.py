"""Questions to a Prefect API whose answers an operator can act on."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
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

from deployments.apply import plan_for
from deployments.connection import REFUSALS, credentials, naming_refusals, open_client
from deployments.desired import DesiredState
from services.errors import ConfigError

# As long as Prefect's own client waits.
ANSWER_SECONDS = 60
# The scheduler looks at new deployments every 5 seconds. One that it misses then, since it is late itself,
# it finds when it looks at all of them, once a minute.
SCHEDULER_SECONDS = 90


async def server(api_url: str) -> str:
    """The server's version.

    Raises:
        ConfigError: when it does not answer.
        AccessDenied: when it refuses our credentials.
    """
    async with PrefectClient(api_url, **credentials()) as client:
        problem = await client.api_healthcheck()
        if problem is not None:
            raise ConfigError(
                f"{api_url} does not answer ({type(problem).__name__}): is the server up?"
            )
        with naming_refusals(api_url):
            return f"{await client.api_version()} at {api_url}"


async def guard(api_url: str) -> str:
    """That a stranger is refused: whoever may start flow runs may do what the worker may.

    Raises:
        ConfigError: when a stranger gets an answer.
    """
    async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS) as stranger:
        answer = await stranger.get(f"{api_url}/admin/version")
    if answer.status_code not in REFUSALS:
        raise ConfigError(
            f"{api_url} asks nobody for credentials: set PREFECT_SERVER_API_AUTH_STRING for the server"
        )
    return "strangers are refused"


def deployments(api_url: str, desired: DesiredState) -> str:
    """That the server holds what the schedule says.

    Raises:
        ConfigError: it does not; or a deployment that is not ours has a name that we need.
        SourceUnavailable: the API does not answer as it should.
    """
    with open_client(api_url) as client:
        found = plan_for(client, desired)
    if found.differs:
        places = len(found.to_apply) + len(found.to_prune)
        raise ConfigError(
            f"the server differs from the schedule in {places} places: `bdc deploy plan` shows them,"
            " `bdc deploy apply` and `prune` mend them; `make up` applies too"
        )
    return f"as the schedule says, {len(desired.deployments)} of them"


async def scheduler(api_url: str, seconds: float = SCHEDULER_SECONDS) -> str:
    """That a scheduled deployment really gets runs, which a server can silently stop to do.

    A deployment that no worker serves is made, watched and removed with its runs.

    Raises:
        ConfigError: when no run appears.
    """
    probe = flow(name="bdc-doctor")(_nothing)
    async with PrefectClient(api_url, **credentials()) as client:
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


async def workers(api_url: str, pool: str) -> str:
    """That somebody takes runs from this work pool.

    Raises:
        ConfigError: when nobody does.
    """
    async with PrefectClient(api_url, **credentials()) as client:
        try:
            await client.read_work_pool(pool)
        except ObjectNotFound:
            raise ConfigError(
                f"there is no work pool {pool}: `make up` or `bdc deploy apply` makes it"
            ) from None
        known = await client.read_workers_for_work_pool(pool)
    online = [worker.name for worker in known if worker.status == WorkerStatus.ONLINE]
    if not online:
        raise ConfigError(f"no worker serves the pool {pool}: start one with `bdc worker`")
    return f"{len(online)} online in the pool {pool}"


def _nothing() -> None:
    """Never runs."""


async def _scheduled(client: PrefectClient, deployment: UUID) -> bool:
    of_probe = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment]))
    return bool(await client.read_flow_runs(flow_run_filter=of_probe, limit=1))
