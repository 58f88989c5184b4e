"""A real Prefect server on a real PostgreSQL, and flow runs to watch on it."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun, StateType

from conformance import servers
from deployments.connection import credentials
from deployments.local.worker import base_job_template, ensure_work_pool

ROOT = Path(__file__).parents[2]
SAMPLE_FLOWS = "tests.support.sample_flows"
# Tests share two cores with others: who waits gives up so many times later than on a free machine.
PATIENCE = 4.0
# Who asks a server of a test waits so long for an answer, where nothing is promised about it.
ANSWER_SECONDS = 60.0

Found = TypeVar("Found")


@dataclass(frozen=True)
class LocalPrefect:
    """A running server, and where it and its children may leave things."""

    home: Path
    database_url: str
    api_url: str
    client: SyncPrefectClient

    def environment(self) -> dict[str, str]:
        """For workers and programs that are to use this server."""
        home = str(self.home / "client")
        return {**os.environ, "PREFECT_API_URL": self.api_url, "PREFECT_HOME": home}

    def ensure_pool(self, name: str) -> None:
        """A pool whose flow runs can import the tests."""
        ensure_work_pool(self.client, name, base_job_template(ROOT))

    def start_run(self, flow_name: str, pool: str, state: State[Any] | None = None) -> UUID:
        """Ask for a run of one of the sample flows, through a deployment in `pool`.

        With a `state`, in which no worker takes it.
        """
        flow_id = self.client.create_flow_from_name(flow_name.replace("_", "-"))
        deployment = self.client.create_deployment(
            flow_id=flow_id,
            name=pool,
            entrypoint=f"{SAMPLE_FLOWS}.{flow_name}",
            work_pool_name=pool,
            pull_steps=[],
        )
        return self.client.create_flow_run_from_deployment(deployment, state=state).id

    def wait_for_state(self, run_id: UUID, *wanted: StateType, timeout: float = 45) -> FlowRun:
        """The run as soon as it is in one of these states."""

        def run_in_state() -> FlowRun | None:
            run = self.client.read_flow_run(run_id)
            return run if run.state_type in wanted else None

        return poll(run_in_state, timeout, f"run {run_id} in {wanted}")


def poll(
    question: Callable[[], Found | None], timeout: float, wanted: str, patience: float = PATIENCE
) -> Found:
    """The first answer that is not None or False.

    `timeout` is what it takes at most on a machine that does nothing else, in seconds.
    """
    seconds = timeout * patience
    deadline = time.monotonic() + seconds
    while not (answer := question()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {wanted}"
        time.sleep(0.1)
    return answer


def far_off() -> str:
    """A time of day, in UTC, that does not come while a test runs."""
    return f"{datetime.now(UTC) + timedelta(hours=12):%H:%M}"


@contextmanager
def running_prefect() -> Iterator[LocalPrefect]:
    """A server of the kit's, and a client of it."""
    with (
        servers.running_prefect() as server,
        SyncPrefectClient(server.api_url, **credentials()) as client,
    ):
        yield LocalPrefect(server.home, server.database_url, server.api_url, client)
