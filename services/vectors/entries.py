"""The only code that writes what an index holds. Never commits.

It is noted before it is sent and confirmed once it is there, so that nothing is there unnoticed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sqlalchemy import delete, literal, select, text, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text as TextType

from services.upsert import bulk_upsert
from services.vectors.chunks import embedded_text
from services.vectors.models import VectorEntry
from services.vectors.ports import Facts, Item, Place

_KEY = ("index_id", "is_private", "namespace", "vector_id")
_COLUMNS = (*_KEY, "document_id", "digest", "facts_digest")

# One statement, so that a chunk and the text that it is cut from are of one moment. Metadata that an
# index does not hold is compared with nothing.
_FACTS = (
    "decode(md5(concat_ws(chr(31), d.collector, d.key, d.title, d.author, d.url, d.published_on,"
    " d.metadata::text)), 'hex')"
)
_TO_SEND = text(
    f"""
    select d.is_private, d.namespace, c.vector_id, d.id as document_id, c.digest,
        substr(d.text, (c.begins + 1)::int, (c.ends - c.begins)::int) as body,
        case when :keeps_facts then {_FACTS} else '' end as facts_digest,
        e.digest is not distinct from c.digest as is_there,
        d.collector, d.key, d.title, d.author, d.url, d.published_on, d.metadata as facts
    from document d
    join document_chunk c on c.document_id = d.id
    left join vector_entry e on e.index_id = :index and e.is_private = d.is_private
        and e.namespace = d.namespace and e.vector_id = c.vector_id
    where d.id = any(:documents) and d.is_private = any(:takes)
        and (e.digest is distinct from c.digest
            or e.facts_digest is distinct from case when :keeps_facts then {_FACTS} else '' end)
    order by d.is_private, d.namespace, c.id
    """  # noqa: S608 - built from constants, values are bound
)
_TO_DELETE = text(
    """
    select e.is_private, e.namespace, e.vector_id
    from vector_entry e
    where e.index_id = :index and e.document_id = any(:documents) and not exists (
        select from document_chunk c join document d on d.id = c.document_id
        where c.vector_id = e.vector_id and d.is_private = e.is_private
            and d.namespace = e.namespace and d.is_private = any(:takes)
    )
    order by 1, 2, 3
    """
)


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done to an index at one place."""

    place: Place
    put: Sequence[Item] = ()
    set_facts: Sequence[Item] = ()
    delete: Sequence[str] = ()


def find_work(
    session: Session,
    index_id: int,
    documents: Sequence[int],
    *,
    takes: Sequence[bool],
    keeps_facts: bool,
) -> list[Work]:
    """What an index lacks of these documents, and what it holds too much: place by place."""
    asked = {"index": index_id, "documents": list(documents), "takes": list(takes)}
    send = session.execute(_TO_SEND, {**asked, "keeps_facts": keeps_facts}).all()
    gone = session.execute(_TO_DELETE, asked).all()
    works = [
        Work(place, [_item(row) for row in rows if not row.is_there],
             [_item(row) for row in rows if row.is_there])
        for place, rows in _by_place(send)
    ]  # fmt: skip
    works += [
        Work(place, delete=[row.vector_id for row in rows]) for place, rows in _by_place(gone)
    ]
    return works


def note(session: Session, index_id: int, work: Work) -> None:
    """These may be there from now on: whatever happens, somebody will look after them."""
    _write(session, index_id, work.place, [(item, None, None) for item in work.put])


def confirm(session: Session, index_id: int, work: Work) -> None:
    """The work is done: the index holds these, and no longer holds those."""
    sent = [*work.put, *work.set_facts]
    _write(session, index_id, work.place, [(item, item.digest, item.facts_digest) for item in sent])
    forget(session, index_id, work.place, work.delete)


def forget(session: Session, index_id: int, place: Place, vector_ids: Sequence[str]) -> None:
    """The index does not hold these."""
    if vector_ids:
        session.execute(delete(VectorEntry).where(*_at(index_id, place, vector_ids)))


def doubt(session: Session, index_id: int, place: Place, vector_ids: Sequence[str]) -> list[int]:
    """Nobody knows any more what the index holds of these; the documents that they belong to."""
    doubted = (
        update(VectorEntry)
        .where(*_at(index_id, place, vector_ids))
        .values(digest=None, facts_digest=None)
        .returning(VectorEntry.document_id)
    )
    return list(session.scalars(doubted))


def documents_of(
    session: Session, index_id: int, place: Place, vector_ids: Sequence[str]
) -> list[int]:
    """The documents that these belong, or belonged, to."""
    found = select(VectorEntry.document_id).where(*_at(index_id, place, vector_ids)).distinct()
    return list(session.scalars(found))


def entries(
    session: Session, index_id: int, place: Place
) -> dict[str, tuple[bytes | None, bytes | None]]:
    """What is known of a place, by vector."""
    entry = VectorEntry
    found = session.execute(
        select(entry.vector_id, entry.digest, entry.facts_digest).where(
            entry.index_id == index_id,
            entry.is_private == place.is_private,
            entry.namespace == place.namespace,
        )
    )
    return {vector_id: (digest, facts) for vector_id, digest, facts in found.tuples()}


def _write(
    session: Session,
    index_id: int,
    place: Place,
    rows: Sequence[tuple[Item, bytes | None, bytes | None]],
) -> None:
    where = (index_id, place.is_private, place.namespace)
    values = ((*where, item.vector_id, item.document_id, *digests) for item, *digests in rows)
    bulk_upsert(session, VectorEntry, _COLUMNS, values, key=_KEY)


def _at(index_id: int, place: Place, vector_ids: Sequence[str]) -> tuple[Any, ...]:
    entry = VectorEntry
    return (
        entry.index_id == index_id,
        entry.is_private == place.is_private,
        entry.namespace == place.namespace,
        entry.vector_id == literal(list(vector_ids), ARRAY(TextType)).any_(),
    )


def _by_place(rows: Sequence[Any]) -> Iterator[tuple[Place, list[Any]]]:
    for (is_private, namespace), group in groupby(rows, lambda row: (row[0], row[1])):
        yield Place(is_private, namespace), list(group)


def _item(row: Any) -> Item:
    text_of = embedded_text(row.title, row.body)
    return Item(
        row.vector_id, row.document_id, row.digest, text_of, bytes(row.facts_digest), _facts(row)
    )


def _facts(row: Any) -> Facts:
    """What a hosted index filters by: our own names win over the source's. A day is a number, 20260131."""
    own = {
        "collector": row.collector,
        "key": row.key,
        "title": row.title,
        "author": row.author,
        "url": row.url,
        "published": _number(row.published_on),
    }
    return {**row.facts, **{name: value for name, value in own.items() if value is not None}}


def _number(day: date | None) -> int | None:
    return None if day is None else int(f"{day:%Y%m%d}")
