"""Tables of batches and occasions. Written by services.batches.services only."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class ScheduleBatch(Base):
    """One batch of a group, from when it starts its work."""

    __tablename__ = "schedule_batch"
    __table_args__ = (
        Index(None, "group_name", "started_at"),
        {"comment": "Batches of schedule groups: one row for each that really ran."},
    )

    flow_run_id: Mapped[UUID] = mapped_column(
        primary_key=True, comment="Prefect's id of the batch's flow run."
    )
    group_name: Mapped[str] = mapped_column(comment="Group of the schedule.")
    scheduled_for: Mapped[datetime] = mapped_column(comment="When it was to start.")
    through: Mapped[date] = mapped_column(comment="The last day whose tasks it looked at.")
    tasks: Mapped[list[str]] = mapped_column(
        JSONB, comment="Keys of the tasks that the group had; others start anew later."
    )
    status: Mapped[str] = mapped_column(
        comment="running, completed, partial, failed, incomplete (left what still runs) or crashed."
    )
    settles: Mapped[bool] = mapped_column(
        comment="Whether its end settles the days up to `through`, unlike a run by hand."
    )
    started_at: Mapped[datetime] = mapped_column(comment="When it started.")
    finished_at: Mapped[datetime | None] = mapped_column(
        comment="When it ended; empty while running."
    )


class ScheduleOccasion(Base):
    """What a task was run for: a day on which it was due, or a release."""

    __tablename__ = "schedule_occasion"
    __table_args__ = {  # noqa: RUF012 - as SQLAlchemy reads it
        "comment": "Occasions of tasks: a due day or a release, each run once."
    }

    group_name: Mapped[str] = mapped_column(primary_key=True, comment="Group of the schedule.")
    task: Mapped[str] = mapped_column(
        primary_key=True, comment="Key of the task: its collector, a digest of its parameters."
    )
    occasion: Mapped[str] = mapped_column(
        primary_key=True, comment="Day (2026-01-31), or project and tag of the release."
    )
    collector: Mapped[str] = mapped_column(comment="Slug of the collector.")
    parameters: Mapped[dict[str, Any]] = mapped_column(
        comment="Parameters of the task, without secrets."
    )
    status: Mapped[str] = mapped_column(comment="running, succeeded, failed or skipped.")
    attempt: Mapped[int] = mapped_column(
        comment="How often its turn has come; 0 for a release from before the task."
    )
    reason: Mapped[str | None] = mapped_column(
        comment="Why it was skipped, or what its run said at the end."
    )
    flow_run_id: Mapped[UUID | None] = mapped_column(
        comment="Prefect's id of the collector's flow run."
    )
    batch: Mapped[UUID] = mapped_column(
        ForeignKey("schedule_batch.flow_run_id"),
        index=True,
        comment="Batch whose turn it was last.",
    )
    started_at: Mapped[datetime] = mapped_column(comment="When its turn came last.")
    finished_at: Mapped[datetime | None] = mapped_column(
        comment="When it was settled; empty while running."
    )
