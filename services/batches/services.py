"""The only code that writes batches and occasions."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from services.batches.lock import is_dead
from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.runs.services import fit_to_keep

# How a batch ended that left nothing to the next one.
ENDED = ("completed", "partial", "failed")


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch says of itself when it starts; `id` is that of its flow run."""

    id: UUID
    group: str
    scheduled_for: datetime
    through: date
    tasks: Sequence[str]
    settles: bool


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a task is to be run for; `name` is an ISO day, or a release's project and tag."""

    group: str
    task: str
    name: str
    collector: str
    parameters: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.group}/{self.task}/{self.name}"


@dataclass(frozen=True, slots=True)
class Covered:
    """How far a group's schedule is settled: as a whole, and by the key of each task."""

    through: date | None = None
    tasks: Mapping[str, date] = field(default_factory=dict)


def start_batch(session: Session, batch: Batch, *, now: datetime) -> None:
    """Enter a batch, and mark those of the group that died without a word as `crashed`.

    The caller holds the batch's lock. A flow run that Prefect starts once more takes up its row.
    """
    row = {
        "group_name": batch.group,
        "scheduled_for": batch.scheduled_for,
        "through": batch.through,
        "tasks": list(batch.tasks),
        "status": "running",
        "settles": batch.settles,
        "started_at": now,
        "finished_at": None,
    }
    _mark_crashed(session, batch.group, now)
    entry = postgresql.insert(ScheduleBatch).values(flow_run_id=batch.id, **row)
    session.execute(entry.on_conflict_do_update(index_elements=["flow_run_id"], set_=row))


def _mark_crashed(session: Session, group: str, now: datetime) -> None:
    batch = ScheduleBatch
    session.execute(
        update(batch)
        .where(batch.group_name == group, batch.status == "running", is_dead(batch.flow_run_id))
        .values(status="crashed", finished_at=now)
    )


def finish_batch(session: Session, batch: UUID, status: str, *, now: datetime) -> None:
    """Enter how a batch ended: `incomplete` when it left something that still runs."""
    session.execute(
        update(ScheduleBatch)
        .where(ScheduleBatch.flow_run_id == batch)
        .values(status=status, finished_at=now)
    )


def covered(session: Session, group: str) -> Covered:
    """Up to which day the last batch that ended, of those that settle days, settled its tasks.

    A task known only to later ones, which died or left something, is open from the first of these.
    """
    batch = ScheduleBatch
    settling = select(batch).where(batch.group_name == group, batch.settles)
    ended = settling.where(batch.status.in_(ENDED)).order_by(batch.through.desc())
    last = session.scalars(ended.limit(1)).first()
    later = settling.where(batch.status.not_in(ENDED)).order_by(batch.scheduled_for.desc())
    open_from = {
        key: row.scheduled_for.date() - timedelta(days=1)
        for row in session.scalars(later)
        for key in row.tasks
        if last is None or row.scheduled_for.date() > last.through
    }
    if last is None:
        return Covered(None, open_from)
    return Covered(last.through, open_from | dict.fromkeys(last.tasks, last.through))


def claim(
    session: Session,
    occasion: Occasion,
    *,
    batch: UUID,
    redo: Collection[str],
    now: datetime,
) -> int | None:
    """Take an occasion for this batch; the number of the attempt, None when it is not to be had.

    It is to be had when nobody has taken it yet, or when it was settled with one of the statuses
    in `redo`. Of two batches that ask at once one gets it.
    """
    return _enter(session, occasion, redo, {"status": "running", "batch": batch, "started_at": now})


def skip(
    session: Session,
    occasion: Occasion,
    reason: str,
    *,
    batch: UUID,
    redo: Collection[str],
    now: datetime,
) -> bool:
    """Settle an occasion without a run, on the terms of `claim`; whether it was to be had."""
    row = {"status": "skipped", "reason": fit_to_keep(reason), "batch": batch}
    row |= {"started_at": now, "finished_at": now}
    return _enter(session, occasion, redo, row) is not None


def pass_over(
    session: Session, occasions: Iterable[Occasion], reason: str, *, batch: UUID, now: datetime
) -> None:
    """Settle occasions from before their task for good: their turn never comes."""
    row = {"status": "skipped", "reason": reason, "batch": batch, "attempt": 0}
    row |= {"started_at": now, "finished_at": now}
    for occasion in occasions:
        _enter(session, occasion, (), row)


def _enter(
    session: Session, occasion: Occasion, redo: Collection[str], values: Mapping[str, Any]
) -> int | None:
    table = ScheduleOccasion
    key = {"group_name": occasion.group, "task": occasion.task, "occasion": occasion.name}
    about = {
        "collector": occasion.collector,
        "parameters": fit_to_keep(occasion.parameters),
        "reason": None,
        "flow_run_id": None,
        "finished_at": None,
        **values,
    }
    entry = postgresql.insert(table).values(**{"attempt": 1, **key, **about})
    return session.scalar(
        entry.on_conflict_do_update(
            index_elements=list(key),
            set_={**about, "attempt": table.attempt + 1},
            where=table.status.in_(redo) & (table.attempt > 0),
        ).returning(table.attempt)
    )


def take_over(session: Session, occasion: Occasion, *, batch: UUID) -> int | None:
    """Take an occasion from a batch that is over and left it `running`; the attempt, as it is.

    None while the other batch lives, or when it is no longer running.
    """
    table = ScheduleOccasion
    is_left = (table.batch == batch) | is_dead(table.batch)
    return session.scalar(
        update(table)
        .where(*_this(occasion), table.status == "running", is_left)
        .values(batch=batch)
        .returning(table.attempt)
    )


def note_run(session: Session, occasion: Occasion, flow_run_id: UUID) -> None:
    """Remember the collector's flow run of this attempt."""
    session.execute(
        update(ScheduleOccasion).where(*_this(occasion)).values(flow_run_id=flow_run_id)
    )


def settle(
    session: Session, occasion: Occasion, status: str, reason: str, *, batch: UUID, now: datetime
) -> None:
    """Enter how the run ended, unless another batch has taken the occasion over."""
    table = ScheduleOccasion
    session.execute(
        update(table)
        .where(*_this(occasion), table.status == "running", table.batch == batch)
        .values(status=status, reason=fit_to_keep(reason), finished_at=now)
    )


def get_occasion(session: Session, occasion: Occasion) -> ScheduleOccasion:
    """What became of an occasion that some batch has entered."""
    return session.scalars(select(ScheduleOccasion).where(*_this(occasion))).one()


def left_running(session: Session, group: str) -> list[Occasion]:
    """Occasions that batches which are over left `running`, the oldest first."""
    table = ScheduleOccasion
    running = (table.group_name == group, table.status == "running", is_dead(table.batch))
    found = session.scalars(select(table).where(*running).order_by(table.started_at))
    return [_occasion(row) for row in found]


def statuses(session: Session, group: str, task: str) -> dict[str, str]:
    """The status of each occasion of a task; `passed over` for those whose turn never comes."""
    table = ScheduleOccasion
    rows = session.execute(
        select(table.occasion, table.status, table.attempt).where(
            table.group_name == group, table.task == task
        )
    )
    return {name: status if attempt else "passed over" for name, status, attempt in rows.tuples()}


def latest_batches(
    session: Session, *, group: str | None = None, limit: int = 10
) -> Sequence[ScheduleBatch]:
    """The newest batches first."""
    wanted = select(ScheduleBatch).order_by(ScheduleBatch.started_at.desc()).limit(limit)
    return session.scalars(
        wanted.where(ScheduleBatch.group_name == group) if group else wanted
    ).all()


def occasions_of(session: Session, batches: Collection[UUID]) -> Sequence[ScheduleOccasion]:
    """The occasions whose turn came last in one of these batches, the newest first."""
    table = ScheduleOccasion
    wanted = select(table).where(table.batch.in_(batches))
    return session.scalars(wanted.order_by(table.started_at.desc(), table.occasion.desc())).all()


def _occasion(row: ScheduleOccasion) -> Occasion:
    return Occasion(row.group_name, row.task, row.occasion, row.collector, row.parameters)


def _this(occasion: Occasion) -> tuple[ColumnElement[bool], ...]:
    table = ScheduleOccasion
    return (
        table.group_name == occasion.group,
        table.task == occasion.task,
        table.occasion == occasion.name,
    )
