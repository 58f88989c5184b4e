"""One run per source at a time: a PostgreSQL advisory lock that dies with its session."""

from contextlib import suppress
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from services.database import Database, Session
from services.errors import AlreadyRunning
from services.runs.services import Source

KEY = "hashtextextended(:collector || chr(31) || :source_key, 0)"
HOLDER = text(
    f"""
    select case
        when r.id is null then format('a process that calls itself %L', a.application_name)
        else format('run %s (process %s on %s)', r.id, r.pid, r.host)
    end || format(', since %s UTC', to_char(coalesce(r.started_at, a.backend_start), 'YYYY-MM-DD HH24:MI:SS'))
    from pg_locks l
    join pg_stat_activity a on a.pid = l.pid
    left join collector_run r
        on r.collector = :collector and r.source_key = :source_key and r.status = 'running'
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
        and l.database = (select oid from pg_database where datname = current_database())
        and (l.classid::bigint << 32 | l.objid::bigint) = {KEY}
    """  # noqa: S608 - built from constants, values are bound
)


UNHELD = text(
    """
    select r.id
    from collector_run r
    where r.status = 'running' and not exists (
        select 1
        from pg_locks l
        where l.locktype = 'advisory' and l.granted and l.objsubid = 1
            and l.database = (select oid from pg_database where datname = current_database())
            and (l.classid::bigint << 32 | l.objid::bigint)
                = hashtextextended(r.collector || chr(31) || r.source_key, 0)
    )
    """
)


def unheld_runs(session: Session) -> set[int]:
    """The ids of the runs that the ledger calls running and whose lock no process holds.

    Locks are read after the rows: a run that ends meanwhile is among them, and is dead only if the
    ledger still calls it running afterwards.
    """
    return set(session.scalars(UNHELD))


class SourceLock:
    """The lock of a source, held from `with` to its end by a connection of its own."""

    def __init__(self, database: Database, source: Source) -> None:
        self._engine = database.engine
        self._source = source
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        self._acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._release()

    def ensure_held(self) -> None:
        """Take the lock again if the session that held it has died, e.g. in a database restart.

        Raises:
            AlreadyRunning: when another run took it meanwhile.
        """
        if not self._is_alive():
            self._drop_connection()
            self._acquire()

    def _acquire(self) -> None:
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        self._connection = connection
        taken = connection.scalar(text(f"select pg_try_advisory_lock({KEY})"), self._key)
        if taken:
            return
        holder = connection.scalar(HOLDER, self._key)
        self._drop_connection()
        raise AlreadyRunning(
            f"{self._source} is being collected by {holder or 'another run that has just ended'}"
        )

    @property
    def _key(self) -> dict[str, str]:
        return {"collector": self._source.collector, "source_key": self._source.source_key}

    def _is_alive(self) -> bool:
        try:
            return self._connection is not None and self._connection.scalar(text("select 1")) == 1
        except DBAPIError:
            return False

    def _release(self) -> None:
        """At once: a session that is closed keeps its locks until PostgreSQL sees its end."""
        with suppress(DBAPIError):
            if self._connection is not None:
                self._connection.scalar(text(f"select pg_advisory_unlock({KEY})"), self._key)
        self._drop_connection()

    def _drop_connection(self) -> None:
        """Close the session itself, not only hand it back to the pool: the lock goes with it."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        with suppress(DBAPIError):
            connection.invalidate()
        connection.close()
