"""The index in our own database: a table of half-precision vectors, made by who indexes first.

Needs the extension pgvector 0.7 or newer. Each index has a table in the schema `vectors`, outside of
the migrations, since its dimension is the model's and a server without the extension has none.
Half precision halves table and index and keeps a row with its vector in its page.
https://github.com/pgvector/pgvector#half-precision-vectors
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import TextClause, text
from sqlalchemy.orm import Session

from services.database import driver_connection
from services.errors import ConfigError
from services.vectors.ports import Held, Item, Place, Question

if TYPE_CHECKING:
    from services.vectors.ports import Vectors

# How many candidates HNSW keeps while it looks: recall against time; benchmarks/search.py measures both.
EF_SEARCH = 200
# The role that tables belong to where there is one, so that every collector may write them.
_OWNER = "bdc_collector"
_READER = "bdc_reader"


class PgvectorIndex:
    """Vectors of `dimension` numbers in the table `vectors.<location>`."""

    kind = "pgvector"
    shares_transactions = True
    keeps_facts = False

    def __init__(self, location: str, dimension: int, ef_search: int = EF_SEARCH) -> None:
        self._ef_search = ef_search
        self._name = location
        self._table = f"vectors.{location}"
        self._dimension = dimension

    def takes(self, *, is_private: bool) -> bool:
        """Both: whoever reads our tables may read all of them."""
        del is_private
        return True

    def prepare(self, session: Session) -> None:
        """Make the table.

        Raises:
            ConfigError: the server has no pgvector.
        """
        if session.scalar(text("select to_regclass(:name)"), {"name": self._table}) is not None:
            return
        if not has_extension(session):
            raise ConfigError(
                "VECTORS_INDEX: this PostgreSQL has no extension vector (pgvector 0.7 or newer):"
                " install it and run `bdc db upgrade`, or search by words alone with none"
            )
        session.execute(
            text(
                f"create table {self._table} (vector_id text, is_private boolean, namespace text,"
                f" document_id bigint not null, digest bytea not null,"
                f" embedding halfvec({self._dimension}) not null,"
                f" primary key (vector_id, is_private, namespace))"
            )
        )
        for statement in _grants(session, self._table):
            session.execute(statement)

    def put(
        self, session: Session, place: Place, items: Sequence[Item], vectors: "Vectors | None"
    ) -> None:
        """Store chunks, by COPY: those that were there go first."""
        if vectors is None:
            raise TypeError(
                "pgvector holds vectors, and there are none: an embedding model is needed"
            )
        self.delete(session, place, [item.vector_id for item in items])
        self._copy(session, place, items, vectors)

    def _copy(
        self, session: Session, place: Place, items: Sequence[Item], vectors: "Vectors"
    ) -> None:
        connection = driver_connection(session)
        _register(connection)
        statement = (
            f"copy {self._table} (vector_id, is_private, namespace, document_id, digest, embedding)"
            " from stdin (format binary)"
        )
        with connection.cursor().copy(statement) as copy:
            copy.set_types(["text", "bool", "text", "int8", "bytea", "halfvec"])
            where = (place.is_private, place.namespace)
            for item, vector in zip(items, _halves(vectors), strict=True):
                copy.write_row((item.vector_id, *where, item.document_id, item.digest, vector))

    def set_facts(self, session: Session, place: Place, items: Sequence[Item]) -> None:
        """Nothing: they are in our tables."""

    def delete(self, session: Session, place: Place, vector_ids: Sequence[str]) -> None:
        """Remove chunks."""
        session.execute(
            text(
                f"delete from {self._table} where vector_id = any(:ids)"
                " and is_private = :is_private and namespace = :namespace"
            ),
            {"ids": list(vector_ids), **_where(place)},
        )

    def held(self, session: Session, place: Place) -> Iterator[Held]:
        """Everything at a place."""
        found = session.execute(
            text(
                f"select vector_id, digest from {self._table}"
                " where is_private = :is_private and namespace = :namespace"
            ),
            _where(place),
        )
        return (Held(vector_id, digest, None) for vector_id, digest in found)

    def places(self, session: Session) -> Sequence[Place]:
        """Where it holds anything."""
        found = session.execute(
            text(f"select distinct is_private, namespace from {self._table} order by 1, 2")
        )
        return [Place(is_private, namespace) for is_private, namespace in found]

    def rank(self, session: Session, question: Question) -> Sequence[Sequence[str]]:
        """One ranking, by cosine.

        Filters are applied while the graph is walked on, so that they leave as many as were asked
        for. https://github.com/pgvector/pgvector#iterative-index-scans
        """
        if (
            question.vector is None
            or session.scalar(text("select to_regclass(:name)"), {"name": self._table}) is None
        ):
            return ()
        session.execute(text(f"set local hnsw.ef_search = {self._ef_search}"))
        session.execute(text("set local hnsw.iterative_scan = relaxed_order"))
        found = session.execute(
            _nearest(self._table, question),
            {
                "wanted": _literal(question.vector),
                "collector": question.collector,
                "since": question.since,
                "most": question.most,
            },
        ).all()
        alike = [row for row in found if 1 - row.distance >= question.least]
        return [[row.vector_id for row in sorted(alike, key=lambda row: row.distance)]]

    def finish(self, session: Session) -> None:
        """Build HNSW, which takes a fifth of what it takes to keep it while everything is stored."""
        session.execute(text("set local maintenance_work_mem = '256MB'"))
        session.execute(
            text(
                f"create index if not exists ix_{self._name}_embedding on {self._table}"
                " using hnsw (embedding halfvec_cosine_ops)"
            )
        )

    def drop(self, session: Session) -> None:
        """Remove the table."""
        session.execute(text(f"drop table if exists {self._table}"))


def has_extension(session: Session) -> bool:
    """Whether the database has pgvector, with half-precision vectors."""
    return session.scalar(text("select to_regtype('halfvec')")) is not None


def _nearest(table: str, question: Question) -> TextClause:
    filters = ["o.deleted_at is null"]
    if question.collector is not None:
        filters.append("o.collector = :collector")
    if question.since is not None:
        filters.append("o.published_on >= :since")
    return text(
        f"select v.vector_id, v.embedding <=> cast(:wanted as halfvec) as distance from {table} v"
        f" join document o on o.id = v.document_id where {' and '.join(filters)}"
        " order by v.embedding <=> cast(:wanted as halfvec) limit :most"
    )


def _grants(session: Session, table: str) -> Iterator[TextClause]:
    member = "select pg_has_role(current_user, oid, 'member') from pg_roles where rolname = :role"
    if session.scalar(text(member), {"role": _OWNER}):
        yield text(f"alter table {table} owner to {_OWNER}")
    if session.scalar(text("select 1 from pg_roles where rolname = :role"), {"role": _READER}):
        yield text(f"grant select on {table} to {_READER}")


def _where(place: Place) -> dict[str, Any]:
    return {"is_private": place.is_private, "namespace": place.namespace}


def _register(connection: Any) -> None:
    from pgvector.psycopg import register_vector  # noqa: PLC0415 - numpy with it: only who stores

    register_vector(connection)


def _halves(vectors: "Vectors") -> Iterator[Any]:
    from pgvector import HalfVector  # noqa: PLC0415 - numpy with it: only who stores

    return map(HalfVector, vectors)


def _literal(vector: Any) -> str:
    return f"[{','.join(f'{number:.5g}' for number in vector)}]"
