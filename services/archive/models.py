"""Table of the raw archive. Written by services.archive.services only."""

from datetime import datetime

from sqlalchemy import Identity, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class ArchiveSegment(Base):
    """A file of the archive: what one run was answered, or a part of it."""

    __tablename__ = "archive_segment"
    __table_args__ = (
        Index(None, "collector", "source_key", "id"),
        {"comment": "Files of the raw archive: what sources answered, run by run."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    path: Mapped[str] = mapped_column(unique=True, comment="Where it lies under RAW_ARCHIVE_URL.")
    collector: Mapped[str] = mapped_column(comment="Slug of the collector.")
    source_key: Mapped[str] = mapped_column(comment="Which of its sources.")
    run_id: Mapped[int] = mapped_column(
        comment="The run that was answered; the ledger may have forgotten it."
    )
    exchanges: Mapped[int] = mapped_column(comment="How many answers it holds.")
    bytes: Mapped[int] = mapped_column(
        comment="How much of the file counts; what follows was never committed."
    )
    sha256: Mapped[str] = mapped_column(comment="Of these bytes, in hexadecimal.")
    first_at: Mapped[datetime] = mapped_column(comment="When its first answer arrived.")
    last_at: Mapped[datetime] = mapped_column(comment="When its last answer arrived.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
