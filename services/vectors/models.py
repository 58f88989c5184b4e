"""Table of the documents. Written by services.vectors.services only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Computed, Identity, Index, UniqueConstraint, func
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base

# As PostgreSQL writes it down. A tsvector holds a megabyte at most, so of a longer text the beginning.
_WORDS = """to_tsvector('english'::regconfig, (title || ' '::text) || "left"(text, 200000))"""


class Document(Base):
    """What one record is to those who search: a paper's revision, a thread, an issue."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("collector", "key"),
        Index("ix_document_words", "words", postgresql_using="gin"),
        {"comment": "What search finds: one document for each record that people look for."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    collector: Mapped[str] = mapped_column(comment="Slug of the collector whose record it is.")
    key: Mapped[str] = mapped_column(comment="The record's key, e.g. p1234r0.")
    title: Mapped[str] = mapped_column(comment="What people call it.")
    text: Mapped[str] = mapped_column(comment="What is searched besides the title.")
    author: Mapped[str] = mapped_column(comment="Who wrote it, as the source says; may be several.")
    url: Mapped[str | None] = mapped_column(comment="Where to read it.")
    published_on: Mapped[date | None] = mapped_column(comment="Its day, where the source tells.")
    namespace: Mapped[str] = mapped_column(
        server_default="", comment="Part of a hosted index that it goes to, e.g. slack-boost."
    )
    is_private: Mapped[bool] = mapped_column(
        server_default=sql("false"),
        comment="Whether it may go to the private instance of a hosted index only.",
    )
    facts: Mapped[dict[str, Any]] = mapped_column(
        "metadata",
        server_default=sql("'{}'::jsonb"),
        comment="What else the source says of it, e.g. state: what an index can filter by.",
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        comment="When the record was first found gone; such a document is not found."
    )
    words: Mapped[str] = mapped_column(
        TSVECTOR, Computed(_WORDS, persisted=True), comment="Its words, as search compares them."
    )
    content_hash: Mapped[bytes] = mapped_column(
        comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
