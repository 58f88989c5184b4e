"""Tables of the ledger. Written by services.runs.services only."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, Text, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class CollectorRun(Base):
    """One attempt of a collector at one source."""

    __tablename__ = "collector_run"
    __table_args__ = (
        Index(None, "collector", "source_key", "started_at"),
        # At most one run of a source is ever under way, whatever becomes of the locks.
        Index(
            "uq_collector_run_running",
            "collector",
            "source_key",
            unique=True,
            postgresql_where=text("status = 'running'"),
        ),
        {"comment": "One attempt of a collector at one source."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    collector: Mapped[str] = mapped_column(comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(
        comment="Which source of the collector, e.g. a repository."
    )
    flow_run_id: Mapped[UUID | None] = mapped_column(comment="Prefect's id of the flow run.")
    status: Mapped[str] = mapped_column(
        comment="running, completed, partial, failed, interrupted (asked to stop) or crashed (died)."
    )
    parameters: Mapped[dict[str, Any]] = mapped_column(
        comment="Parameters of the flow, without secrets."
    )
    phase: Mapped[str | None] = mapped_column(comment="Lifecycle hook it is in, or ended in.")
    category: Mapped[str | None] = mapped_column(comment="Failure category, when it failed.")
    error: Mapped[str | None] = mapped_column(comment="The error in one line, without secrets.")
    counts: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"),
        comment="Records: fetched, inserted, updated, unchanged, quarantined.",
    )
    cursor_before: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), comment="Cursors by stream when the run started."
    )
    cursor_after: Mapped[dict[str, Any] | None] = mapped_column(
        comment="Cursors by stream when the run ended."
    )
    data_through: Mapped[datetime | None] = mapped_column(
        comment="Up to when the tables say what the source said: when the run started; empty unless"
        " it read all of the source, to the end."
    )
    host: Mapped[str] = mapped_column(comment="Machine that the run's process is on.")
    pid: Mapped[int] = mapped_column(comment="Process of the run on that machine.")
    started_at: Mapped[datetime] = mapped_column(comment="When it took the source's lock.")
    finished_at: Mapped[datetime | None] = mapped_column(
        comment="When it ended; empty while running."
    )


class CollectorActivity(Base):
    """What a run is doing, for those who look from outside."""

    __tablename__ = "collector_activity"
    __table_args__ = {"comment": "What each run is doing, or was when it ended."}  # noqa: RUF012

    run_id: Mapped[int] = mapped_column(
        ForeignKey("collector_run.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
        comment="The run in the ledger.",
    )
    doing: Mapped[str] = mapped_column(comment="What it is doing, in words, without secrets.")
    at: Mapped[datetime] = mapped_column(
        comment="Its last sign of life; none for long while it waits for nothing: it is stuck."
    )
    waits_until: Mapped[datetime | None] = mapped_column(
        comment="When what it waits for is over, e.g. a quota; empty while it works."
    )


class CollectorCursor(Base):
    """How far a stream of a source has been stored; moves only with the data."""

    __tablename__ = "collector_cursor"
    __table_args__ = {"comment": "How far each stream of a source has been stored."}  # noqa: RUF012

    collector: Mapped[str] = mapped_column(primary_key=True, comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(primary_key=True, comment="Which source.")
    stream: Mapped[str] = mapped_column(primary_key=True, comment="Which kind of its records.")
    value: Mapped[dict[str, Any]] = mapped_column(
        comment="The position, in the collector's own terms."
    )
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the position last changed."
    )


class CollectorDeadLetter(Base):
    """A record that could not be stored, kept until somebody deals with it."""

    __tablename__ = "collector_dead_letter"
    __table_args__ = (
        UniqueConstraint("collector", "source_key", "stream", "item_key"),
        Index(None, "status", "collector"),
        {"comment": "Records that could not be stored, kept until they can be, or are discarded."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    collector: Mapped[str] = mapped_column(comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(comment="Which source.")
    stream: Mapped[str] = mapped_column(comment="Which kind of record.")
    item_key: Mapped[str] = mapped_column(comment="The record's key at the source.")
    payload: Mapped[dict[str, Any]] = mapped_column(
        comment="What the source sent, enough to try again."
    )
    error: Mapped[str] = mapped_column(Text, comment="Why it was set aside, in one line.")
    category: Mapped[str] = mapped_column(comment="Failure category of that.")
    status: Mapped[str] = mapped_column(
        server_default="open",
        comment="open, resolved (stored by a retry) or discarded (by a person).",
    )
    attempts: Mapped[int] = mapped_column(
        server_default=text("1"), comment="How often storing it was tried."
    )
    run_id: Mapped[int | None] = mapped_column(
        ForeignKey("collector_run.id", ondelete="SET NULL"),
        index=True,
        comment="Run that set it aside.",
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was set aside."
    )
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was last tried or dealt with."
    )
