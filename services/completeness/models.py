"""Tables of completeness. Written by services.completeness.services only."""

from datetime import datetime

from sqlalchemy import Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class CollectorCompleteness(Base):
    """What a stream held at its source and here, when they were compared."""

    __tablename__ = "collector_completeness"
    __table_args__ = (
        Index(None, "collector", "source_key", "stream", "id"),
        {"comment": "Comparisons of streams with their sources, one row each time."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    collector: Mapped[str] = mapped_column(comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(comment="Which source.")
    stream: Mapped[str] = mapped_column(comment="Which kind of its records.")
    at_source: Mapped[int] = mapped_column(comment="Records that the source has.")
    stored: Mapped[int] = mapped_column(comment="Records here that are not marked as gone.")
    sampled: Mapped[int] = mapped_column(comment="Records that were compared one by one.")
    missing: Mapped[int] = mapped_column(comment="Records that a run should have stored.")
    stale: Mapped[int] = mapped_column(comment="Records whose newest version is not here.")
    gone: Mapped[int] = mapped_column(comment="Records here that the source does not have.")
    compared_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When they were compared."
    )


class CollectorRepair(Base):
    """A record that the next run of its source asks for by itself."""

    __tablename__ = "collector_repair"
    __table_args__ = {"comment": "Gaps that a comparison has found, for the next run to repair."}  # noqa: RUF012

    collector: Mapped[str] = mapped_column(primary_key=True, comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(primary_key=True, comment="Which source.")
    stream: Mapped[str] = mapped_column(primary_key=True, comment="Which kind of its records.")
    item_key: Mapped[str] = mapped_column(
        primary_key=True, comment="The record; * for the whole stream, to be read again."
    )
    reason: Mapped[str] = mapped_column(comment="missing, stale or gone.")
    found_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was first found."
    )
