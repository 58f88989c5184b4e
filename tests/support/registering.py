"""Collectors that can be started on demand, for tests of what starts them."""

from collections.abc import Iterable

from deployments.apply import execute, plan_for
from deployments.connection import open_client
from deployments.desired import desired_state
from deployments.schedule import Schedule


async def register_collectors(api_url: str, collectors: Iterable[str], pool: str) -> None:
    """Bring `<collector>/on-demand` for each collector onto the server of this URL."""
    wanted = desired_state(Schedule(), list(collectors), pool, {})
    with open_client(api_url) as client:
        execute(client, plan_for(client, wanted).to_apply, lambda _: None)
