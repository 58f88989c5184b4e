"""What a run has left in the ledger and in Prefect, for tests to look at."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
from prefect import State
from prefect.client.schemas.filters import (
    ArtifactFilter,
    ArtifactFilterKey,
    FlowRunFilter,
    FlowRunFilterId,
)
from prefect.client.schemas.objects import Artifact, TaskRun
from prefect.events import emit_event
from sqlalchemy import select

from services.database import Database, open_database
from services.identity.models import Profile
from services.runs import services as ledger
from services.runs.models import CollectorCursor, CollectorDeadLetter, CollectorRun
from tests.support.local_stack import ROOT, LocalPrefect, poll

QUIET = ["ignore:unclosed:ResourceWarning"]


def flow_run_id(state: State[Any]) -> UUID:
    """Of the flow run that ended in this state."""
    found = state.state_details.flow_run_id
    assert found is not None
    return found


@dataclass
class Records:
    """Reads the ledger's tables, and Prefect's API until what is late has arrived."""

    prefect: LocalPrefect
    database: Database
    database_url: str

    @classmethod
    @contextmanager
    def of(cls, prefect: LocalPrefect, database_url: str) -> Iterator["Records"]:
        """With a database connection of its own."""
        database = open_database(database_url, application_name="a test")
        yield cls(prefect, database, database_url)
        database.close()

    def runs(self) -> list[CollectorRun]:
        """The ledger, oldest first."""
        with self.database.transaction() as session:
            return list(reversed(ledger.latest_runs(session)))

    def run(self) -> CollectorRun:
        """The only row of the ledger."""
        (found,) = self.runs()
        return found

    def stored(self) -> list[str]:
        """Keys of the stored records."""
        with self.database.transaction() as session:
            return sorted(session.scalars(select(Profile.external_id)))

    def letters(self) -> list[CollectorDeadLetter]:
        """All dead letters, oldest first."""
        with self.database.transaction() as session:
            return list(session.scalars(select(CollectorDeadLetter).order_by("id")))

    def cursors(self) -> dict[str, Any]:
        """Positions by stream."""
        with self.database.transaction() as session:
            return {c.stream: c.value for c in session.scalars(select(CollectorCursor))}

    def task_runs(self, state: State[Any], count: int) -> list[TaskRun]:
        """The ended task runs in the order of their start, as soon as there are so many."""
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id(state)]))

        def ended() -> list[TaskRun] | None:
            found = self.prefect.client.read_task_runs(flow_run_filter=wanted)
            final = [run for run in found if run.state and run.state.is_final()]
            return final if len(final) >= count else None

        found = poll(ended, 20, f"{count} ended task runs")
        return sorted(found, key=lambda run: str(run.start_time))

    def events(self, state: State[Any], prefix: str = "collector.") -> list[dict[str, Any]]:
        """All our events of the run: they arrive in order, so a last one of ours ends the wait."""
        marker = f"test.{uuid4()}"
        emit_event(marker, resource={"prefect.resource.id": marker})
        poll(lambda: self._events(marker, marker), 20, "the event after the others")
        return self._events(f"prefect.flow-run.{flow_run_id(state)}", prefix)

    def _events(self, resource: str, prefix: str) -> list[dict[str, Any]]:
        wanted = {"any_resource": {"id": [resource]}, "event": {"prefix": [prefix]}}
        found: list[dict[str, Any]] = self._read("/events/filter", {"filter": wanted})["events"]
        return found

    def artifacts(self, state: State[Any]) -> dict[str | None, Artifact]:
        """By key."""
        wanted = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id(state)]))
        found = self.prefect.client.read_artifacts(flow_run_filter=wanted)
        return {artifact.key: artifact for artifact in found}

    def described(self, key: str) -> str | None:
        """What the only artifact of this key says."""
        wanted = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
        (found,) = self.prefect.client.read_artifacts(artifact_filter=wanted)
        return found.description

    def everything_in_prefect(self) -> str:
        """All runs, states, logs, events and artifacts, without the parameters as they were given."""
        flow_runs = self._read("/flow_runs/filter", {"limit": 200})
        found = [
            [{**run, "parameters": None} for run in flow_runs],
            self._read("/task_runs/filter", {"limit": 200}),
            self._read("/logs/filter", {"limit": 200}),
            self._read("/artifacts/filter", {"limit": 200}),
            self._read("/events/filter", {"filter": {"event": {"prefix": ["collector."]}}}),
        ]
        return json.dumps(found)

    def everything_in_database(self) -> str:
        """All rows of all tables."""
        listed = "select table_name from information_schema.tables where table_schema = 'public'"
        with psycopg.connect(self.database_url) as connection:
            tables = [name for (name,) in connection.execute(listed)]
            rows = [
                connection.execute(f'select t::text from "{name}" t').fetchall() for name in tables
            ]
        return json.dumps(rows)

    def start_program(self, *arguments: str) -> subprocess.Popen[str]:
        """The scripted flow in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "tests.support.scripted_collector", *arguments],
            cwd=ROOT,
            env={**self.prefect.environment(), **_like_bdc(self.database_url)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _read(self, path: str, body: dict[str, Any]) -> Any:
        answer = self.prefect.client._client.post(path, json=body)
        answer.raise_for_status()
        return answer.json()


def _like_bdc(database_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "BDC_HOME": os.devnull + "/none",
        "COLLECTOR_RETRY_DELAY_SECONDS": "0",
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "collectors,services,flows",
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.2",
    }
