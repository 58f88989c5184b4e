"""What a run costs beyond its collector's own work, on a real Prefect server."""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any, ClassVar, cast

from prefect import State, flow
from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_EPHEMERAL_ENABLED, temporary_settings

import migrations
from benchmarks.measuring import median, seconds
from collectors import AbstractCollector
from deployments.local.postgres import ensure_database
from flows.lifecycle import run_collector
from services.runs.result import CollectResult
from services.runs.run import Run
from tests.support.local_stack import running_prefect

ROUNDS = 15


class Idle(AbstractCollector):
    """Has nothing to do."""

    name: ClassVar[str] = "idle"
    source_key = "nothing"

    def validate_config(self) -> None:
        """Nothing to check."""

    def collect(self, run: Run) -> CollectResult:
        """Nothing to collect."""
        return run.result


@flow
async def empty() -> None:
    """The least that Prefect does."""


@flow
async def idle() -> State[Any]:
    """The least that a run does."""
    return run_collector("idle", lambda _settings: Idle(), {})


def rows() -> list[dict[str, object]]:
    """Medians of interleaved calls, the first of each left out."""
    with running_prefect() as server:
        ensure_database(server.database_url, "bdc")
        url = server.database_url.replace("/prefect?", "/bdc?")
        migrations.upgrade(url)
        os.environ["DATABASE_URL"] = url
        ours = {PREFECT_API_URL: server.api_url, PREFECT_SERVER_EPHEMERAL_ENABLED: False}
        with temporary_settings(ours):
            pairs = [(seconds(_call(empty)), seconds(_call(idle))) for _ in range(ROUNDS)][1:]
    flows = median([pair[0] for pair in pairs])
    runs = median([pair[1] for pair in pairs])
    return [
        {"what": "empty async flow", "seconds": flows, "goal": ""},
        {"what": "run of a collector that has nothing to do", "seconds": runs, "goal": "<= 0.5"},
    ]


def _call(subject: Any) -> Any:
    return lambda: asyncio.run(cast("Coroutine[None, None, object]", subject()))
