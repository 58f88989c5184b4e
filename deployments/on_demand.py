"""One deployment without a schedule for each collector: what a person, a script or the UI starts."""

from collections.abc import Iterable

from prefect import Flow
from prefect.client.orchestration import PrefectClient
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

from deployments.generate import ON_DEMAND, TAG


async def register_collectors(api_url: str, collectors: Iterable[str], pool: str) -> None:
    """`register_on_demand` at the API of this URL."""
    async with PrefectClient(api_url) as client:
        await register_on_demand(client, collectors, pool)


async def register_on_demand(client: PrefectClient, collectors: Iterable[str], pool: str) -> None:
    """Create or update `<collector>/on-demand` for each collector.

    The entrypoint is a module's path: a file's path would put `flows/` on sys.path and shadow
    libraries. Without schedules a second creation changes nothing that a person has set.
    """
    for name in collectors:
        entrypoint = f"flows.{name}.{name}"
        flow: Flow[..., object] = load_flow_from_entrypoint(entrypoint)
        await client.create_deployment(
            flow_id=await client.create_flow(flow),
            name=ON_DEMAND,
            entrypoint=entrypoint,
            description=flow.description,
            tags=[TAG, f"collector:{name}"],
            work_pool_name=pool,
            pull_steps=[],
            parameter_openapi_schema=parameter_schema(flow).model_dump_for_openapi(),
            enforce_parameter_schema=True,
        )
