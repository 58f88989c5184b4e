"""Table of sizes. Written by services.growth.services only."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base

WHOLE = ""
"""The name that stands for the whole database."""


class StorageSample(Base):
    """What one table took on one day, or the whole database."""

    __tablename__ = "storage_sample"
    __table_args__ = {  # noqa: RUF012
        "comment": "What the database and each table took on disk, once a day."
    }

    day: Mapped[date] = mapped_column(primary_key=True, comment="Day of the sample, UTC.")
    name: Mapped[str] = mapped_column(
        primary_key=True, comment="The table; empty for the whole database."
    )
    bytes: Mapped[int] = mapped_column(comment="On disk, indexes included.")
    live_rows: Mapped[int] = mapped_column(comment="Rows, as PostgreSQL estimates them.")
    dead_rows: Mapped[int] = mapped_column(
        comment="Versions of rows that vacuum has not removed yet, as PostgreSQL estimates them."
    )
