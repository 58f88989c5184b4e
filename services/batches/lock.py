"""Whether a batch is alive: a PostgreSQL advisory lock that dies with its process.

Prefect cannot tell: a killed run stays `Running` there until somebody looks for its process.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from services.database import Database, DatabaseError

SPACE = "schedule_batch"


@contextmanager
def batch_lock(database: Database, batch: UUID) -> Iterator[None]:
    """Held by a session of its own until the block ends; waits for an earlier holder to go.

    Raises:
        DatabaseError: the same flow run is at work in another process, and goes on.
    """
    connection = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        connection.execute(select(func.pg_advisory_lock(_key(literal(str(batch))))))
        yield
    finally:
        # Given back at once; and the session with it, which may be dead, as the pool's it would stay.
        with suppress(DatabaseError):
            connection.execute(select(func.pg_advisory_unlock(_key(literal(str(batch))))))
        with suppress(DatabaseError):
            connection.invalidate()
        connection.close()


def is_dead(batch: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """For a query: whether no process holds the lock of the batch of this id.

    A shared lock until the transaction ends, so that two who ask do not see each other.
    """
    return func.pg_try_advisory_xact_lock_shared(_key(cast(batch, Text)))


def _key(batch: ColumnElement[str]) -> ColumnElement[int]:
    return func.hashtextextended(func.concat(SPACE, " ", batch), 0)
