"""What a run leaves in Prefect: events, artifacts, progress. Never a reason for a run to fail."""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.context import SyncClientContext
from prefect.events import emit_event
from prefect.runtime import flow_run, task_run

from services.redaction import redact
from services.runs.result import CollectResult
from services.runs.services import Ending, Source

logger = logging.getLogger(__name__)
# Progress costs an API call each time it is shown.
SECONDS_BETWEEN_UPDATES = 2.0


def current_flow_run_id() -> UUID | None:
    """Prefect's id of the flow run that this code is in."""
    found = flow_run.get_id()
    return UUID(found) if found else None


def run_name(parameter: str) -> Callable[[], str]:
    """Names a flow run for what it does: its flow and one of its parameters, without secrets."""

    def name() -> str:
        return f"{flow_run.get_flow_name()} {redact(str(flow_run.get_parameters()[parameter]))}"

    return name


@contextmanager
def api_client() -> Iterator[SyncPrefectClient]:
    """The client of the run that we are in, else one of our own: each costs about 35 ms."""
    present = SyncClientContext.get()
    if present is not None:
        yield present.client
        return
    with get_client(sync_client=True) as client:
        yield client


def this_run() -> list[dict[str, str]]:
    """The flow run that we are in, as events name what they belong to."""
    found = flow_run.get_id()
    role = {"prefect.resource.id": f"prefect.flow-run.{found}", "prefect.resource.role": "flow-run"}
    return [role] if found else []


def emit_run_event(source: Source, run_id: int | None, ending: Ending) -> None:
    """One event for each end of a run, whatever the end: `collector.run.<status>`."""
    emit_event(
        f"collector.run.{ending.status}",
        resource={
            "prefect.resource.id": f"collector.{source.collector}",
            "prefect.resource.name": source.collector,
            "collector.source-key": redact(source.source_key),
        },
        related=this_run(),
        payload={
            "run_id": run_id,
            "flow_run_id": flow_run.get_id(),
            "collector": source.collector,
            "source_key": source.source_key,
            "phase": ending.phase,
            "status": ending.status,
            "category": ending.category,
            "error": ending.error,
            "counts": ending.counts,
        },
    )


def publish_summary(source: Source, ending: Ending, result: CollectResult) -> None:
    """A table of what the run did, on the run's page and, by collector, on the artifacts page."""
    rows: list[dict[str, Any]] = [
        {"table": name, "inserted": w.inserted, "updated": w.updated, "unchanged": w.unchanged}
        for name, w in result.tables.items()
    ]
    headline = f"**{source}**: {ending.status}, {result.fetched} fetched"
    if result.quarantined:
        headline += f", {result.quarantined} set aside (`bdc dead-letters list`)"
    if ending.error:
        headline += f"\n\n{ending.error}"
    with _best_effort("the run's summary"):
        _create_artifact(
            type="table",
            key=artifact_key("run-summary", source.collector),
            description=headline,
            data=json.dumps(
                rows or [{"table": "none", "inserted": 0, "updated": 0, "unchanged": 0}]
            ),
        )


def publish_batch(group: str, rows: list[dict[str, str]]) -> None:
    """A table of what became of each task of a batch."""
    nothing = [{"collector": "none", "message": "nothing is due"}]
    with _best_effort("the batch's summary"):
        _create_artifact(
            key=artifact_key("batch", group),
            type="table",
            data=json.dumps(rows or nothing),
            description=f"Batch of the group **{group}**",
        )


def publish_repositories(selection: str, rows: list[dict[str, str]]) -> None:
    """A table of what became of each repository of a selection."""
    nothing = [{"repository": "none", "state": "", "message": ""}]
    with _best_effort("the repositories' summary"):
        _create_artifact(
            key=artifact_key("repositories", selection),
            type="table",
            data=json.dumps(rows or nothing),
            description=f"Repositories of **{redact(selection)}**",
        )


def emit_batch_event(group: str, state: str, rows: list[dict[str, str]]) -> None:
    """One event for each end of a batch: `collector.group.succeeded` or `.failed`."""
    ending = "failed" if state == "Failed" else "succeeded"
    emit_event(
        f"collector.group.{ending}",
        resource={
            "prefect.resource.id": f"collector.group.{group}",
            "prefect.resource.name": group,
        },
        payload={"flow_run_id": flow_run.get_id(), "state": state, "tasks": rows},
    )


def artifact_key(*parts: str) -> str:
    """A key as Prefect takes it: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")


@dataclass
class PrefectProgress:
    """Progress as an artifact of the run, and words as log lines."""

    key: str
    clock: Callable[[], float] = time.monotonic
    total: int = 0
    done: int = 0
    unit: str = "records"
    artifact: UUID | None = None
    shown_at: float = float("-inf")

    def expect(self, total: int, unit: str) -> None:
        """More is to come."""
        self.total += total
        self.unit = unit
        self._show()

    def advance(self, amount: int) -> None:
        """Some of it is stored; shown at most every other second."""
        self.done += amount
        if self.clock() - self.shown_at >= SECONDS_BETWEEN_UPDATES:
            self._show()

    def say(self, text: str, until: datetime | None = None) -> None:
        """A line in the run's log, which says until when."""
        del until
        logger.info(redact(text))

    def finish(self) -> None:
        """Show where it ended."""
        if self.artifact is not None:
            self._show()

    def _show(self) -> None:
        if not self.total:
            return
        percent = min(100.0, 100.0 * self.done / self.total)
        text = redact(f"{self.done:,} of {self.total:,} {self.unit}")
        self.shown_at = self.clock()
        with _best_effort("progress"):
            if self.artifact is None:
                self.artifact = _create_artifact(
                    type="progress", key=self.key, description=text, data=percent
                )
            else:
                _update_artifact(self.artifact, description=text, data=percent)


def _create_artifact(**fields: Any) -> UUID:
    """As Prefect's own functions do it, which leave a connection open at every call."""
    runs: dict[str, Any] = {"task_run_id": task_run.get_id(), "flow_run_id": flow_run.get_id()}
    artifact = ArtifactCreate(**fields, **runs)
    with api_client() as client:
        return client.create_artifact(artifact).id


def _update_artifact(artifact: UUID, **fields: Any) -> None:
    with api_client() as client:
        client.update_artifact(artifact, ArtifactUpdate(**fields))


@contextmanager
def _best_effort(what: str) -> Iterator[None]:
    """An API that does not answer costs a warning, not the run."""
    try:
        yield
    except httpx.HTTPError as error:
        logger.warning("Prefect's API did not take %s: %s", what, redact(str(error)))
