"""The database as commands open it."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.database import Database, open_database
from services.settings import load_settings, require_database_url


@contextmanager
def connected() -> Iterator[Database]:
    """The platform's database, closed at the end.

    Raises:
        ConfigError: when no database is set and no local stack is running.
    """
    settings = load_settings()
    database = open_database(
        require_database_url(settings),
        application_name="bdc command",
        lock_timeout_seconds=settings.database_lock_timeout_seconds,
    )
    try:
        yield database
    finally:
        database.close()
