"""Starts a deployment and tells what came of it."""

import asyncio
from collections.abc import Callable
from typing import Any

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State

from cli.connection import connected
from deployments.connection import credentials
from deployments.generate import ON_DEMAND
from services.database import count_rows

POLL_SECONDS = 0.5


async def collect_once(
    api_url: str, collector: str, parameters: dict[str, Any], say: Callable[[str], None]
) -> int:
    """Run `<collector>/on-demand`, wait for its end, and print what it did; 0 when it completed."""
    async with PrefectClient(api_url, **credentials()) as client:
        deployment = await client.read_deployment_by_name(f"{collector}/{ON_DEMAND}")
        started = await client.create_flow_run_from_deployment(
            deployment.id, parameters=parameters, name=collector
        )
        run, state = await _ended(client, started)
    say(f"{run.name}: {state.name} {state.message or ''}".rstrip())
    say(f"{api_url.removesuffix('/api')}/runs/flow-run/{run.id}")
    _print_rows(collector, say)
    return 0 if state.is_completed() else 1


async def _ended(client: PrefectClient, run: FlowRun) -> tuple[FlowRun, State[Any]]:
    while run.state is None or not run.state.is_final():
        await asyncio.sleep(POLL_SECONDS)
        run = await client.read_flow_run(run.id)
    return run, run.state


def _print_rows(collector: str, say: Callable[[str], None]) -> None:
    with connected() as database:
        counts = count_rows(database, f"{collector}_") | count_rows(database, "identity_")
    for name, rows in counts.items():
        say(f"  {rows:>9,} rows in {name}")
