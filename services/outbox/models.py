"""Table of the outbox. Written by services.outbox.services only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class OutboxMessage(Base):
    """Something to be said once, outside the database."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("ix_outbox_waiting", "kind", "batch", postgresql_where=text("status = 'waiting'")),
        {"comment": "What is to be said outside the database, each message once."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(comment="Who is told what, e.g. wg21_papers.")
    key: Mapped[str] = mapped_column(
        comment="What makes it one message; kept for ever, so that it is not said again."
    )
    payload: Mapped[dict[str, Any]] = mapped_column(comment="What is said.")
    status: Mapped[str] = mapped_column(server_default="waiting", comment="waiting or sent.")
    batch: Mapped[str | None] = mapped_column(
        comment="What is sent together, under this key, however often it has to be sent."
    )
    attempts: Mapped[int] = mapped_column(
        server_default=text("0"), comment="How often sending it has failed."
    )
    next_attempt_at: Mapped[datetime | None] = mapped_column(
        comment="Not to be sent before; empty as long as nothing has failed."
    )
    category: Mapped[str | None] = mapped_column(comment="Failure category of the last failure.")
    last_error: Mapped[str | None] = mapped_column(
        comment="The last failure in one line, without secrets."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
    sent_at: Mapped[datetime | None] = mapped_column(comment="When the receiver took it.")
