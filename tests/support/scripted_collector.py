"""A collector whose hooks do what a test says, its flow, and programs of it that can be killed."""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

from prefect import State, flow
from sqlalchemy.orm import Session

from collectors import AbstractCollector
from flows.lifecycle import run_collector
from services.completeness.comparing import Comparison
from services.errors import CollectorFailureCategory
from services.identity.models import Profile
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside
from services.settings import PlatformSettings
from services.upsert import bulk_upsert

NAME = "scripted"
COLUMNS = ("platform", "external_id", "display_name", "account_type", "observed_at")
DAY = datetime(2026, 1, 1, tzinfo=UTC)
ENOUGH_SECONDS = 120.0


def write(session: Session, keys: Iterable[str], name: str = "somebody") -> CollectResult:
    """Store one profile for each key, in the caller's transaction."""
    rows = [(NAME, key, name, "user", DAY) for key in keys]
    written = bulk_upsert(session, Profile, COLUMNS, rows, key=COLUMNS[:2])
    return CollectResult(len(rows), 0, {Profile.__tablename__: written})


def store(run: Run, *keys: str) -> CollectResult:
    """One batch, as collectors write one."""
    with run.transaction() as session:
        part = write(session, keys)
    run.add(part)
    return run.result


def set_aside(run: Run, *keys: str, error: str = "no name", stream: str = "people") -> None:
    """A batch of records that are all bad."""
    letters = [SetAside(key, {"key": key}, error) for key in keys]
    with run.transaction() as session:
        run.set_aside(session, stream, letters)
    run.add(CollectResult(len(keys), len(keys)))


def find_nothing(run: Run) -> CollectResult:
    """What the source says when there is nothing new."""
    return run.result


@dataclass
class Script:
    """What the hooks do; `calls` is which of them were called."""

    collect: Callable[[Run], Any] = find_nothing
    validate_config: Callable[[], None] = lambda: None
    sync_pinecone: Callable[[Run], CollectResult | None] = lambda _: None
    replay: Callable[[Run, Sequence[CollectorDeadLetter]], CollectResult] | None = None
    reconcile: Callable[[Run, int], Sequence[Comparison]] | None = None
    handle_error: Callable[[Exception, str], Any] | None = None
    build: Callable[[], None] = lambda: None
    calls: list[str] = field(default_factory=list)


SCRIPT: ContextVar[Script] = ContextVar("script")


class ScriptedCollector(AbstractCollector):
    """Does what the script says, and notes that it did."""

    name = NAME

    def __init__(self, script: Script, source_key: str) -> None:
        self._script = script
        self._source_key = source_key

    @property
    def source_key(self) -> str:
        """As the test gave it."""
        return self._source_key

    def validate_config(self) -> None:
        """By the script."""
        self._script.calls.append("validate_config")
        self._script.validate_config()

    def collect(self, run: Run) -> CollectResult:
        """By the script."""
        self._script.calls.append("collect")
        found: CollectResult = self._script.collect(run)
        return found

    def sync_pinecone(self, run: Run) -> CollectResult | None:
        """By the script."""
        self._script.calls.append("sync_pinecone")
        return self._script.sync_pinecone(run)

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """By the script, which may leave it to the base."""
        self._script.calls.append("replay")
        if self._script.replay is None:
            return super().replay(run, letters)
        return self._script.replay(run, letters)

    def reconcile(self, run: Run, sample: int) -> Sequence[Comparison]:
        """By the script, which may leave it to the base."""
        self._script.calls.append("reconcile")
        if self._script.reconcile is None:
            return super().reconcile(run, sample)
        return self._script.reconcile(run, sample)

    def handle_error(self, error: Exception, phase: str) -> CollectorFailureCategory:
        """By the script, which may leave it to the base."""
        self._script.calls.append("handle_error")
        if self._script.handle_error is None:
            return super().handle_error(error, phase)
        found: CollectorFailureCategory = self._script.handle_error(error, phase)
        return found


def build(settings: PlatformSettings, source_key: str, **others: Any) -> ScriptedCollector:
    """The collector of the script in force."""
    del settings, others
    script = SCRIPT.get()
    script.build()
    return ScriptedCollector(script, source_key)


@flow(name=NAME, flow_run_name="scripted {source_key}")
async def scripted(
    source_key: str = "main",
    note: str = "",
    labels: list[str] | None = None,
    since: date | None = None,
    dry_run: bool = False,
) -> State[Any]:
    """Run the script in force, as the flows of real collectors run theirs."""
    parameters = {"source_key": source_key, "note": note, "labels": labels or [], "since": since}
    return run_collector(NAME, build, parameters, dry_run=dry_run)


def play(script: Script, **parameters: Any) -> State[Any]:
    """The state that the flow ends in."""
    token = SCRIPT.set(script)
    try:
        run = scripted(**parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", run))
    finally:
        SCRIPT.reset(token)


def linger(run: Run) -> CollectResult:
    """One batch stored, a second one in flight until somebody ends the process."""
    store(run, "earlier")
    with run.transaction() as session:
        write(session, ["in flight"])
        print("in flight", flush=True)
        deadline = time.monotonic() + ENOUGH_SECONDS
        while time.monotonic() < deadline:
            time.sleep(0.05)
    return run.result


def leak(run: Run) -> CollectResult:
    """Every place that a collector can put a secret in; the secrets are arguments of the program."""
    token = sys.argv[2]
    run.progress.expect(2, f"records of {token}")
    run.progress.say(f"asking with {token}")
    bad = SetAside(
        "bad", {"url": f"https://x:{token}@host/", "password": "hunter2"}, f"no: {token}"
    )
    with run.transaction() as session:
        run.set_aside(session, "people", [bad])
    run.add(CollectResult(2, 1))
    try:
        raise ValueError(f"Authorization: Bearer {token}")
    except ValueError as cause:
        raise RuntimeError(f"https://x:{token}@host/ answered 500") from cause


def main(arguments: list[str]) -> int:
    """Run `linger` or `leak` as a program; settings come from the environment."""
    scripts = {"linger": Script(collect=linger), "leak": Script(collect=leak)}
    note = f"token={arguments[1]}" if arguments[1:] else ""
    state = play(scripts[arguments[0]], note=note, labels=[note])
    print(f"{state.name}: {state.message}")
    return 0 if state.is_completed() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
