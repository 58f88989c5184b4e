"""The only code that writes the ledger, the cursors and the dead letters."""

import math
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from services.errors import CollectorFailureCategory, ConfigError, LockLost
from services.redaction import redact
from services.runs.models import (
    CollectorActivity,
    CollectorCursor,
    CollectorDeadLetter,
    CollectorRun,
)
from services.upsert import storable_text

OfSource = CollectorRun | CollectorCursor | CollectorDeadLetter


@dataclass(frozen=True, slots=True)
class Source:
    """What a run works on: a collector and which of its sources. Unit of locks and cursors."""

    collector: str
    source_key: str

    def __str__(self) -> str:
        return f"{self.collector} {self.source_key}"


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record that a collector could not store, with enough of it to try again."""

    item_key: str
    payload: dict[str, Any]
    error: str
    category: CollectorFailureCategory = CollectorFailureCategory.VALIDATION


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, as the ledger keeps it."""

    status: str
    phase: str | None
    counts: dict[str, int]
    category: str | None = None
    error: str | None = None
    read_all: bool = False
    """Whether everything that the source had when the run started is dealt with."""


def start_run(
    session: Session,
    source: Source,
    *,
    parameters: dict[str, Any],
    flow_run_id: UUID | None,
    now: datetime,
) -> int:
    """Enter a run into the ledger and return its id. The caller holds the source's lock.

    Rows of the source that still say `running` belong to runs that died without a word, since they
    no longer hold the lock: they are marked `crashed`, which also bars a straggler from storing
    anything more (see `ensure_current`).
    """
    mark_crashed(session, source, now=now)
    entered = session.execute(
        insert(CollectorRun)
        .values(
            collector=source.collector,
            source_key=source.source_key,
            parameters=fit_to_keep(parameters),
            flow_run_id=flow_run_id,
            status="running",
            cursor_before=read_cursors(session, source),
            host=socket.gethostname(),
            pid=os.getpid(),
            started_at=now,
        )
        .returning(CollectorRun.id)
    )
    run_id = entered.scalar_one()
    session.execute(insert(CollectorActivity).values(run_id=run_id, doing="starting", at=now))
    return run_id


def enter_phase(session: Session, run_id: int, phase: str, *, now: datetime) -> None:
    """Note which lifecycle hook the run is in."""
    session.execute(update(CollectorRun).where(CollectorRun.id == run_id).values(phase=phase))
    note_activity(session, run_id, phase, now=now)


def note_activity(
    session: Session, run_id: int, doing: str, *, now: datetime, waits_until: datetime | None = None
) -> None:
    """Note a sign of life, and what the run waits for if it does."""
    activity = CollectorActivity
    session.execute(
        update(activity)
        .where(activity.run_id == run_id)
        .values(doing=fit_to_keep(doing), at=now, waits_until=waits_until)
    )


def finish_run(session: Session, run_id: int, ending: Ending, *, now: datetime) -> None:
    """Enter how the run ended; a run that was declared crashed meanwhile stays so."""
    run = CollectorRun
    source = session.execute(select(run.collector, run.source_key).where(run.id == run_id)).one()
    session.execute(
        update(run)
        .where(run.id == run_id, run.status == "running")
        .values(
            status=ending.status,
            phase=ending.phase,
            category=ending.category,
            error=fit_to_keep(ending.error),
            counts=ending.counts,
            cursor_after=read_cursors(session, Source(*source)),
            data_through=run.started_at if ending.read_all else None,
            finished_at=now,
        )
    )


def mark_crashed(session: Session, source: Source, *, now: datetime) -> int:
    """Mark the source's runs that never ended as `crashed`. The caller holds the source's lock."""
    run = CollectorRun
    marked = session.execute(
        update(run)
        .where(*_of(run, source), run.status == "running")
        .values(
            status="crashed",
            error="the process ended without a word (killed, out of memory, or its machine stopped)",
            finished_at=now,
        )
        .returning(run.id)
    )
    return len(marked.all())


def ensure_current(session: Session, run_id: int) -> None:
    """Hold the run's ledger row for this transaction, so that nobody can declare it dead meanwhile.

    Raises:
        LockLost: when it has been declared dead: another run may be at work on the source.
    """
    run = CollectorRun
    status = session.scalar(select(run.status).where(run.id == run_id).with_for_update(read=True))
    if status != "running":
        raise LockLost(f"run {run_id} is {status} in the ledger: another run took its source over")


def latest_runs(
    session: Session, *, collector: str | None = None, limit: int = 20
) -> Sequence[CollectorRun]:
    """The newest runs first."""
    run = CollectorRun
    wanted = select(run).order_by(run.id.desc()).limit(limit)
    return session.scalars(wanted.where(run.collector == collector) if collector else wanted).all()


def latest_run_of_each_source(session: Session, *, ended: bool = False) -> Sequence[CollectorRun]:
    """The newest run of every source, in the order of their names.

    `ended`: the newest of those that came to an end and were not asked to.
    """
    run = CollectorRun
    newest = (
        select(run)
        .distinct(run.collector, run.source_key)
        .order_by(run.collector, run.source_key, run.id.desc())
    )
    if ended:
        newest = newest.where(run.status.not_in(("running", "interrupted")))
    return session.scalars(newest).all()


def latest_run_of(session: Session, source: Source) -> CollectorRun | None:
    """The source's newest run; None before its first."""
    run = CollectorRun
    newest = select(run).where(*_of(run, source)).order_by(run.id.desc()).limit(1)
    return session.scalars(newest).first()


def read_cursors(session: Session, source: Source) -> dict[str, Any]:
    """Every cursor of the source, by stream."""
    cursor = CollectorCursor
    rows = session.execute(select(cursor.stream, cursor.value).where(*_of(cursor, source)))
    return dict(rows.tuples().all())


def read_cursor(session: Session, source: Source, stream: str) -> dict[str, Any] | None:
    """The position of one stream; None before its first run."""
    return session.scalar(
        select(CollectorCursor.value).where(
            *_of(CollectorCursor, source), CollectorCursor.stream == stream
        )
    )


def advance_cursor(session: Session, source: Source, stream: str, value: dict[str, Any]) -> bool:
    """Move a stream's cursor, in the transaction that stores what it moves past; whether it moved."""
    cursor = CollectorCursor
    entry = postgresql.insert(cursor).values(
        collector=source.collector, source_key=source.source_key, stream=stream, value=value
    )
    moved = session.execute(
        entry.on_conflict_do_update(
            index_elements=["collector", "source_key", "stream"],
            set_={"value": entry.excluded.value, "updated_at": func.now()},
            where=cursor.value.is_distinct_from(entry.excluded.value),
        ).returning(cursor.stream)
    )
    return bool(moved.all())


def set_aside(
    session: Session,
    source: Source,
    stream: str,
    records: Iterable[SetAside],
    *,
    run_id: int | None,
) -> None:
    """Keep records that could not be stored, in the transaction that stores their neighbours.

    One that is kept already and fails as before is left as it is; one that a person discarded stays
    discarded until it fails differently. Secrets are hidden in what is kept.
    """
    letter = CollectorDeadLetter
    for record in records:
        entry = postgresql.insert(letter).values(
            collector=source.collector,
            source_key=source.source_key,
            stream=stream,
            item_key=record.item_key,
            payload=fit_to_keep(record.payload),
            error=fit_to_keep(record.error),
            category=record.category.value,
            run_id=run_id,
        )
        fresh = {name: entry.excluded[name] for name in ("payload", "error", "category", "run_id")}
        session.execute(
            entry.on_conflict_do_update(
                index_elements=["collector", "source_key", "stream", "item_key"],
                set_=fresh | {"status": "open", "updated_at": func.now()},
                where=(letter.error != entry.excluded.error) | (letter.status == "resolved"),
            )
        )


def run_by_id(session: Session, run_id: int | None) -> CollectorRun | None:
    """The run of this number, while the ledger still has it."""
    return session.get(CollectorRun, run_id) if run_id is not None else None


def open_dead_letters(
    session: Session, source: Source, ids: Sequence[int] = ()
) -> Sequence[CollectorDeadLetter]:
    """The source's letters that still wait, oldest first; only those of `ids` when any are given."""
    letter = CollectorDeadLetter
    wanted = select(letter).where(*_of(letter, source), letter.status == "open").order_by(letter.id)
    return session.scalars(wanted.where(letter.id.in_(ids)) if ids else wanted).all()


def dead_letters(
    session: Session, *, collector: str | None = None, status: str | None = "open", limit: int = 100
) -> Sequence[CollectorDeadLetter]:
    """Letters, newest first."""
    letter = CollectorDeadLetter
    wanted = select(letter).order_by(letter.id.desc()).limit(limit)
    if collector:
        wanted = wanted.where(letter.collector == collector)
    return session.scalars(wanted.where(letter.status == status) if status else wanted).all()


def dead_letters_by_id(session: Session, ids: Sequence[int]) -> Sequence[CollectorDeadLetter]:
    """The letters of these ids.

    Raises:
        ConfigError: naming the ids that there are no letters of.
    """
    found = session.scalars(
        select(CollectorDeadLetter)
        .where(CollectorDeadLetter.id.in_(ids))
        .order_by(CollectorDeadLetter.id)
    ).all()
    missing = sorted(set(ids) - {letter.id for letter in found})
    if missing:
        raise ConfigError(
            f"no dead letter {', '.join(map(str, missing))}: see `bdc dead-letters list --all`"
        )
    return found


def settle_dead_letters(session: Session, ids: Sequence[int], status: str) -> int:
    """Mark open letters `resolved` or `discarded`; how many there were."""
    letter = CollectorDeadLetter
    settled = session.execute(
        update(letter)
        .where(letter.id.in_(ids), letter.status == "open")
        .values(status=status, updated_at=func.now())
        .returning(letter.id)
    )
    return len(settled.all())


def count_attempt(session: Session, ids: Sequence[int]) -> None:
    """Note that the records of these open letters were tried once more and failed again."""
    letter = CollectorDeadLetter
    session.execute(
        update(letter)
        .where(letter.id.in_(ids), letter.status == "open")
        .values(attempts=letter.attempts + 1, updated_at=func.now())
    )


def open_dead_letter_counts(session: Session) -> dict[Source, int]:
    """How many letters wait, by source."""
    letter = CollectorDeadLetter
    rows: Sequence[Row[tuple[str, str, int]]] = session.execute(
        select(letter.collector, letter.source_key, func.count())
        .where(letter.status == "open")
        .group_by(letter.collector, letter.source_key)
    ).all()
    return {Source(collector, source_key): count for collector, source_key, count in rows}


def fit_to_keep(value: Any) -> Any:
    """The value as JSON without secrets, and without what PostgreSQL cannot store.

    A string under a name like `token` is hidden whatever it looks like.
    """
    if isinstance(value, str):
        return redact(storable_text(value))
    if isinstance(value, Mapping):
        return {fit_to_keep(str(name)): _fit_field(name, item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [fit_to_keep(item) for item in value]
    is_json = value is None or (isinstance(value, int | float) and math.isfinite(value))
    return value if is_json else fit_to_keep(str(value))


def _fit_field(name: object, value: Any) -> Any:
    is_secret = isinstance(value, str) and redact(f"{name}={value}").endswith("=***")
    return "***" if is_secret else fit_to_keep(value)


def _of(model: type[OfSource], source: Source) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return model.collector == source.collector, model.source_key == source.source_key
