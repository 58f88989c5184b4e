"""The only code that writes documents, and the search in them. Never commits."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from services.upsert import Written, bulk_upsert
from services.vectors.models import Document

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
_SNIPPET = "MaxFragments=2, MaxWords=18, MinWords=6, StartSel=**, StopSel=**"


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


@dataclass(frozen=True, slots=True)
class Found:
    """A document that a search has found; `snippet` is where, the words between asterisks."""

    collector: str
    key: str
    title: str
    author: str
    published_on: date | None
    url: str | None
    snippet: str


def put_documents(session: Session, collector: str, texts: Iterable[Text]) -> Written:
    """Bring a collector's documents to these contents, in the transaction of the data.

    One that was deleted is there again. The index of words is PostgreSQL's own: what is committed
    is found.
    """
    rows = (_row(collector, one) for one in texts)
    return bulk_upsert(session, Document, _COLUMNS, rows, key=("collector", "key"))


def delete_documents(
    session: Session, collector: str, keys: Collection[str], now: datetime
) -> Written:
    """Mark documents whose records are gone; they are not found any more.

    Their hash goes, so that the same content, when it comes back, is a change.
    """
    present = (Document.collector == collector, Document.deleted_at.is_(None))
    marked = session.scalars(
        update(Document)
        .where(*present, Document.key.in_(keys))
        .values(deleted_at=now, content_hash=b"")
        .returning(Document.id)
    )
    return Written(updated=len(marked.all()))


def search_documents(
    session: Session,
    query: str,
    *,
    collector: str | None = None,
    author: str | None = None,
    since: date | None = None,
    limit: int = 10,
) -> Sequence[Found]:
    """The documents that match, the best first, newer ones first among equals.

    `query` is what people type into search engines: words, "a phrase", `or`, -without. `author` is a
    part of the name, in any case; `since` leaves out what is older or has no day.
    """
    wanted = func.websearch_to_tsquery("english", query)
    matches: list[ColumnElement[bool]] = [
        Document.words.bool_op("@@")(wanted),
        Document.deleted_at.is_(None),
    ]
    if collector is not None:
        matches.append(Document.collector == collector)
    if author is not None:
        matches.append(Document.author.icontains(author, autoescape=True))
    if since is not None:
        matches.append(Document.published_on >= since)
    found = (
        select(
            Document.collector,
            Document.key,
            Document.title,
            Document.author,
            Document.published_on,
            Document.url,
            func.ts_headline("english", Document.text, wanted, _SNIPPET),
        )
        .where(*matches)
        .order_by(
            func.ts_rank_cd(Document.words, wanted).desc(),
            Document.published_on.desc().nulls_last(),
            Document.key,
        )
        .limit(limit)
    )
    return [Found(*row) for row in session.execute(found).tuples()]


def _row(collector: str, one: Text) -> tuple[object, ...]:
    said = (one.key, one.title, one.text, one.author, one.url, one.published_on)
    facts = dict(sorted(one.metadata.items()))  # the same facts in another order are no change
    return (collector, *said, one.namespace, one.private, facts, None)
