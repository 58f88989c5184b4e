"""Tables of the documents and of what an index holds of them. Written by services.vectors only."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Computed, ForeignKey, Identity, Index, UniqueConstraint, func
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
    cut_hash: Mapped[bytes | None] = mapped_column(
        comment="Which content its chunks were cut from, and by which rules; empty before the first time."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class DocumentChunk(Base):
    """A part of a document that has a vector of its own."""

    __tablename__ = "document_chunk"
    __table_args__ = (
        UniqueConstraint("vector_id"),
        Index("ix_document_chunk_document_id", "document_id"),
        {"comment": "What an index is to hold: parts of documents, cut where the text pauses."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id"), comment="The document that it is a part of."
    )
    vector_id: Mapped[str] = mapped_column(
        comment="What it is called in an index; the same for the same part of the same document."
    )
    begins: Mapped[int] = mapped_column(comment="Characters of the text before it.")
    ends: Mapped[int] = mapped_column(comment="Characters of the text up to its end.")
    digest: Mapped[bytes] = mapped_column(comment="Hash of what is embedded: title and part.")


class VectorQueue(Base):
    """A document that has changed since an index last heard of it."""

    __tablename__ = "vector_queue"
    __table_args__ = (
        Index("ix_vector_queue_document_id", "document_id"),
        {
            "comment": "Documents that have changed, in the order of their changes; gone once indexed."
        },
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), comment="The document.")
    queued_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it changed: the beginning of that transaction."
    )


class VectorIndex(Base):
    """An index with one embedding model, from the time that it is filled until it is dropped."""

    __tablename__ = "vector_index"
    __table_args__ = (
        Index(
            "uq_vector_index_serving",
            "status",
            unique=True,
            postgresql_where=sql("status = 'serving'"),
        ),
        Index(
            "uq_vector_index_building",
            "status",
            unique=True,
            postgresql_where=sql("status = 'building'"),
        ),
        {"comment": "Indexes: the one that serves, and the one that is built to follow it."},
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(comment="pgvector, pinecone or none.")
    model: Mapped[str] = mapped_column(comment="Embedding model, e.g. wordllama/l2_supercat_256.")
    dimension: Mapped[int] = mapped_column(comment="Numbers in a vector; 0: the index embeds.")
    location: Mapped[str] = mapped_column(comment="Table or hosted index that holds the vectors.")
    status: Mapped[str] = mapped_column(comment="building, serving or retired.")
    fill_until: Mapped[int] = mapped_column(
        comment="Complete once the queue holds nothing up to this number."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was begun."
    )
    serving_since: Mapped[datetime | None] = mapped_column(comment="When it was complete.")


class VectorEntry(Base):
    """What an index holds, or may hold."""

    __tablename__ = "vector_entry"
    __table_args__ = (
        Index("ix_vector_entry_document_id", "document_id"),
        {"comment": "What each index holds; noted before it is sent, confirmed once it is there."},
    )

    index_id: Mapped[int] = mapped_column(
        ForeignKey("vector_index.id", ondelete="CASCADE"), primary_key=True, comment="The index."
    )
    is_private: Mapped[bool] = mapped_column(
        primary_key=True, comment="Whether it is in the private instance."
    )
    namespace: Mapped[str] = mapped_column(primary_key=True, comment="Its part of the index.")
    vector_id: Mapped[str] = mapped_column(primary_key=True, comment="What it is called there.")
    document_id: Mapped[int] = mapped_column(
        ForeignKey("document.id"), comment="The document that it is, or was, a part of."
    )
    digest: Mapped[bytes | None] = mapped_column(
        comment="Hash of what was embedded; empty while nobody knows whether it arrived."
    )
    facts_digest: Mapped[bytes | None] = mapped_column(
        comment="Hash of the metadata that it has there."
    )
