"""The only code that writes documents. Never commits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from services.upsert import BATCH_ROWS, Written, bulk_upsert, storable_text
from services.vectors.chunks import cut_documents
from services.vectors.models import Document, DocumentChunk
from services.vectors.queue import queue
from services.vectors.searching import Found, Wanted, search_words

__all__ = ["Fact", "Found", "Text", "delete_documents", "put_documents", "search_documents"]

_COLUMNS = (
    "collector",
    "key",
    "title",
    "text",
    "author",
    "url",
    "published_on",
    "namespace",
    "is_private",
    "metadata",
    "deleted_at",
)
Fact = str | int | list[str]


@dataclass(frozen=True, slots=True)
class Text:
    """A document's content; `key` tells it from the collector's others.

    `metadata` is what else an index may filter by, e.g. `{"state": "open", "labels": ["bug"]}`;
    `namespace` is the part of a hosted index that it goes to. What is `private` is never sent to
    the public instance of a hosted index.
    """

    key: str
    title: str
    text: str
    author: str = ""
    url: str | None = None
    published_on: date | None = None
    metadata: Mapping[str, Fact] = field(default_factory=dict)
    namespace: str = ""
    private: bool = False


def put_documents(session: Session, collector: str, texts: Iterable[Text]) -> Written:
    """Bring a collector's documents to these contents, in the transaction of the data.

    One that was deleted is there again. What is committed is found by its words at once, by
    PostgreSQL's own index; it is cut into chunks here and queued for the index of vectors.
    """
    written = Written()
    pending = iter(texts)
    while batch := list(islice(pending, BATCH_ROWS)):
        rows = [_row(collector, one) for one in batch]
        written += bulk_upsert(session, Document, _COLUMNS, rows, key=("collector", "key"))
        keys = [storable_text(one.key) for one in batch]
        queue(session, cut_documents(session, Document.collector == collector, keys=keys))
    return written


def delete_documents(
    session: Session, collector: str, keys: Collection[str], now: datetime
) -> Written:
    """Mark documents whose records are gone; they are not found any more, and their chunks go.

    Their hash goes, so that the same content, when it comes back, is a change.
    """
    present = (Document.collector == collector, Document.deleted_at.is_(None))
    marked = session.scalars(
        update(Document)
        .where(*present, Document.key.in_(keys))
        .values(deleted_at=now, content_hash=b"", cut_hash=None)
        .returning(Document.id)
    ).all()
    session.execute(delete(DocumentChunk).where(DocumentChunk.document_id.in_(marked)))
    queue(session, marked)
    return Written(updated=len(marked))


def search_documents(
    session: Session,
    query: str,
    *,
    collector: str | None = None,
    author: str | None = None,
    since: date | None = None,
    limit: int = 10,
) -> Sequence[Found]:
    """The documents that match by their words, the best first, newer ones first among equals.

    What is committed is found: no index of vectors has to have heard of it. `search` in
    `services.vectors.searching` asks that one too.
    """
    return search_words(session, Wanted(query, collector, author, since, limit))


def _row(collector: str, one: Text) -> tuple[object, ...]:
    said = (one.key, one.title, one.text, one.author, one.url, one.published_on)
    facts = dict(sorted(one.metadata.items()))  # the same facts in another order are no change
    return (collector, *said, one.namespace, one.private, facts, None)
