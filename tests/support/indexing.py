"""An index under test: pgvector, Pinecone by its own model or by ours, or none, behind the same door."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pydantic import SecretStr
from sqlalchemy import select, text

from services.database import Database
from services.vectors.models import VectorIndex
from services.vectors.queue import lags
from services.vectors.searching import Answer, Wanted, search
from services.vectors.services import Text, delete_documents, put_documents
from services.vectors.settings import LOCAL_MODEL, VectorSettings
from services.vectors.syncing import Refused, Synced, Syncing
from services.vectors.verifying import Verdict, verify
from tests.support.pinecone_server import PineconeServer, serving_pinecone

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PUBLIC, PRIVATE = "public-key-for-tests", "private-key-for-tests"


@dataclass
class Indexing:
    """Documents, an index of them, and what was said of both."""

    database: Database
    settings: VectorSettings
    pinecone: PineconeServer | None = None
    refused: list[Refused] = field(default_factory=list)

    def put(self, *texts: Text, collector: str = "papers") -> None:
        with self.database.transaction() as session:
            put_documents(session, collector, texts)

    def delete(self, *keys: str, collector: str = "papers") -> None:
        with self.database.transaction() as session:
            delete_documents(session, collector, keys, NOW)

    def syncing(self) -> Syncing:
        return Syncing(
            self.database.transaction,
            self.settings,
            lambda _, __, refused: self.refused.extend(refused),
            now=lambda: NOW,
        )

    def sync(self, collector: str | None = None) -> Synced:
        done = list(self.syncing().run(collector))
        return Synced(
            sum(one.documents for one in done),
            sum(one.put for one in done),
            sum(one.renewed for one in done),
            sum(one.deleted for one in done),
        )

    def verify(self, *, repair: bool = False) -> list[Verdict]:
        with self.database.transaction() as session:
            return verify(session, self.settings, repair=repair)

    def is_right(self) -> bool:
        verdicts = self.verify()
        return bool(verdicts) and all(one.is_right and not one.waiting for one in verdicts)

    def answer(self, query: str, **also: str | date | int | None) -> Answer:
        with self.database.transaction() as session:
            return search(session, Wanted(query, **also), self.settings)  # type: ignore[arg-type]

    def found(self, query: str, **also: str | date | int | None) -> list[str]:
        return [one.key for one in self.answer(query, **also).found]

    def indexes(self) -> Sequence[VectorIndex]:
        with self.database.transaction() as session:
            return session.scalars(select(VectorIndex).order_by(VectorIndex.id)).all()

    def waiting(self) -> dict[str, int]:
        with self.database.transaction() as session:
            return {one.collector: one.documents for one in lags(session)}

    def count(self, table: str) -> int:
        with self.database.transaction() as session:
            return int(session.scalar(text(f"select count(*) from {table}")) or 0)


def settings_at(address: str, **also: object) -> VectorSettings:
    """Of Pinecone at an address, with both instances."""
    usual: dict[str, object] = {
        "vectors_index": "pinecone",
        "pinecone_api_key": SecretStr(PUBLIC),
        "pinecone_private_api_key": SecretStr(PRIVATE),
        "pinecone_base_url": address,
        "pinecone_workers": 2,
    }
    return VectorSettings(**(usual | also))  # type: ignore[arg-type]


@contextmanager
def indexing(kind: str, database: Database) -> Iterator[Indexing]:
    """`kind` is pgvector, pinecone-own (our vectors), pinecone-integrated (its own) or none."""
    if not kind.startswith("pinecone"):
        settings = VectorSettings(vectors_index=kind)  # type: ignore[arg-type]
        yield Indexing(database, settings)
        return
    with serving_pinecone() as server:
        model = LOCAL_MODEL if kind == "pinecone-own" else None
        yield Indexing(database, settings_at(server.url, vectors_model=model), server)
