"""The only code that writes chunks: those of documents that have changed since. Never commits."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from sqlalchemy import ColumnElement, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text as TextType

from services.upsert import bulk_upsert
from services.vectors.chunking import RULES, cut
from services.vectors.models import Document, DocumentChunk

_COLUMNS = ("document_id", "vector_id", "begins", "ends", "digest")
Row = tuple[int, str, int, int, bytes]
_CUT = func.coalesce(Document.content_hash, b"").op("||")(bytes([RULES]))


def cut_documents(
    session: Session,
    *conditions: ColumnElement[bool],
    keys: Sequence[str] | None = None,
) -> Sequence[int]:
    """Cut those of the documents that have changed since they were; their ids.

    An edit leaves the chunks that it does not touch as they are: the same part of the same document
    keeps its id and its digest.
    """
    of_keys = [] if keys is None else [Document.key == func.any(literal(keys, ARRAY(TextType)))]
    changed = session.execute(
        select(Document.id, Document.collector, Document.key, Document.title, Document.text)
        .where(*conditions, *of_keys, Document.deleted_at.is_(None))
        .where(Document.cut_hash.is_distinct_from(_CUT))
        .order_by(Document.id)
        .with_for_update()
    ).all()
    ids = [row.id for row in changed]
    _replace(session, ids, [chunk for row in changed for chunk in cut_one(*row)])
    session.execute(update(Document).where(Document.id.in_(ids)).values(cut_hash=_CUT))
    return ids


def cut_one(document_id: int, collector: str, key: str, title: str, text: str) -> Iterator[Row]:
    """The rows of one document's chunks; a part that is there twice has one."""
    prefix = _digest(collector, key).hex()
    known = set()
    for span in cut(text) if text else ():
        body = text[span.begins : span.ends]
        vector_id = f"{prefix}-{_digest(body).hex()}"
        if vector_id not in known:
            known.add(vector_id)
            digest = _digest(embedded_text(title, body))
            yield document_id, vector_id, span.begins, span.ends, digest
    if not known and title:
        yield document_id, f"{prefix}-{_digest('').hex()}", 0, 0, _digest(title)


def embedded_text(title: str, body: str) -> str:
    """What a chunk's vector is made of; a document without text has its title."""
    return "\n\n".join(part for part in (title, body) if part)


def _replace(session: Session, documents: Sequence[int], rows: Iterable[Row]) -> None:
    chunk = DocumentChunk
    new = list(rows)
    gone = delete(chunk).where(chunk.document_id.in_(documents))
    wanted = literal([row[1] for row in new], ARRAY(TextType))
    session.execute(gone.where(chunk.vector_id != func.all(wanted)))
    bulk_upsert(session, chunk, _COLUMNS, new, key=("vector_id",))


def _digest(*parts: str) -> bytes:
    return blake2b("\x1f".join(parts).encode("utf-8", "replace"), digest_size=16).digest()
