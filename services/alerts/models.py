"""Table of alerts. Written by services.alerts.services only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Alert(Base):
    """Something that is wrong, or was."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("ix_alert_untold", "id", postgresql_where=text("untold is not null")),
        {"comment": "What is wrong or was, one row for each kind and subject."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    key: Mapped[str] = mapped_column(
        unique=True, comment="Kind and subject: what makes it one alert."
    )
    kind: Mapped[str] = mapped_column(
        comment="What kind of thing is wrong, e.g. failed, stuck, stale."
    )
    subject: Mapped[str] = mapped_column(comment="What it is wrong with, as people call it.")
    details: Mapped[dict[str, Any]] = mapped_column(
        comment="What the message says: text, next step, collector, source, group, run, category, counts."
    )
    status: Mapped[str] = mapped_column(comment="open or resolved.")
    untold: Mapped[str | None] = mapped_column(
        comment="What is still to be told: opened, repeated or resolved; empty when all is told."
    )
    opened_at: Mapped[datetime] = mapped_column(comment="When it was first seen, this time.")
    told_at: Mapped[datetime] = mapped_column(comment="When it was last to be told.")
    resolved_at: Mapped[datetime | None] = mapped_column(
        comment="When it was no longer so; empty while it is open."
    )
