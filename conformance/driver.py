"""A run as the lifecycle makes it, without Prefect: real hooks, lock, ledger and sorting of errors.

Most checks run a collector dozens of times, on faults and to its death. Under Prefect each of these
would cost half a second and a server's attention, and its retries would hide what one attempt does.
What is Prefect's (states, logs, events, parameters of the flow) is checked on a real server in
`checks.flow`, by a few runs.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from collectors import AbstractCollector
from flows.lifecycle import NothingStored
from services.database import Database, open_database
from services.errors import ConfigError
from services.redaction import redact, redact_exception
from services.runs import services as ledger
from services.runs.lock import SourceLock
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Ending, Source
from services.settings import PlatformSettings, load_settings, require_database_url

Step = Callable[[str], None]
"""Told of each step of a run: `before commit`, `after commit`."""

Build = Callable[..., AbstractCollector]

NAME = "conformance"
"""By which PostgreSQL knows the sessions of a run."""


def unwatched(step: str) -> None:
    """Nobody looks."""
    del step


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: `completed`, `partial` or `failed`, as in the ledger."""

    status: str
    result: CollectResult
    category: str = ""
    error: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.category} {self.error}".strip()


def run_collector_once(
    build: Build, parameters: dict[str, Any], on_step: Step = unwatched
) -> Outcome:
    """One run with the settings that the environment holds, one attempt at each hook.

    Raises:
        ConfigError: the settings are not enough to begin with.
        AlreadyRunning: another run holds the source.
    """
    settings = load_settings()
    collector = build(settings, **parameters)
    source = Source(collector.name, redact(collector.source_key))
    with (
        closing(_open(settings)) as database,
        SourceLock(database, source),
        _watched(database.engine, on_step),
    ):
        return _Run(collector, source, database, parameters).through_the_hooks()


def _open(settings: PlatformSettings) -> Database:
    return open_database(require_database_url(settings), application_name=NAME)


@dataclass
class _Run:
    collector: AbstractCollector
    source: Source
    database: Database
    parameters: dict[str, Any]
    phase: str = "start"
    run: Run = field(init=False)

    def through_the_hooks(self) -> Outcome:
        self.run = Run(self.source, self.database, self._start())
        try:
            self._hooks()
        except Exception as error:  # noqa: BLE001 - every error of a hook is an outcome, as in the lifecycle
            return self._failed(error)
        status = "partial" if self.run.result.quarantined else "completed"
        return self._ended(Outcome(status, self.run.result))

    def _start(self) -> int:
        with self.database.transaction() as session:
            return ledger.start_run(
                session,
                self.source,
                parameters=self.parameters,
                flow_run_id=None,
                now=datetime.now(UTC),
            )

    def _hooks(self) -> None:
        self._enter("validate_config")
        self.collector.validate_config()
        self._enter("collect")
        self.run.result = self.collector.collect(self.run)
        if self.run.result.stored_nothing:
            raise NothingStored("every record was set aside")
        self._enter("sync_pinecone")
        self.collector.sync_pinecone(self.run)

    def _enter(self, phase: str) -> None:
        self.phase = phase
        with self.run.transaction() as session:
            ledger.enter_phase(session, self.run.id or 0, phase, now=datetime.now(UTC))

    def _failed(self, error: Exception) -> Outcome:
        cleaned = redact_exception(error)
        if isinstance(error, ConfigError):
            category = error.category
        else:
            category = self.collector.handle_error(error, self.phase)
        text = f"{type(error).__name__}: {cleaned}"
        return self._ended(Outcome("failed", self.run.result, category.value, text))

    def _ended(self, outcome: Outcome) -> Outcome:
        counts = outcome.result.counts
        ending = Ending(outcome.status, self.phase, counts, outcome.category, outcome.error)
        with self.database.transaction() as session:
            ledger.finish_run(session, self.run.id or 0, ending, now=datetime.now(UTC))
        return outcome


@contextmanager
def _watched(engine: Engine, on_step: Step) -> Iterator[None]:
    """The engine's commits; a session tells of it after, the engine before."""

    def before(connection: object) -> None:
        del connection
        on_step("before commit")

    def after(session: Session) -> None:
        if session.get_bind().engine is engine:
            on_step("after commit")

    event.listen(engine, "commit", before)
    event.listen(Session, "after_commit", after)
    try:
        yield
    finally:
        event.remove(engine, "commit", before)
        event.remove(Session, "after_commit", after)
