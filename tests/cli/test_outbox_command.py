"""`bdc outbox`: what waits, from the command line."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from services.database import Database
from services.errors import AccessDenied
from services.outbox.services import (
    Message,
    due_batches,
    end_pauses,
    enqueue,
    form_batch,
    note_failure,
)
from tests.cli.conftest import Outcome

Bdc = Callable[..., Outcome]
KIND = "papers"


def refuse(database: Database, *keys: str) -> None:
    """Messages that were enqueued, and could not be sent."""
    with database.transaction() as session:
        enqueue(session, KIND, [Message(key, {"url": key}) for key in keys])
        batch = form_batch(session, KIND, most=10, most_bytes=1000)
        assert batch is not None
        note_failure(session, KIND, batch, AccessDenied("no such token"), datetime.now(UTC))


def due(database: Database) -> int:
    with database.transaction() as session:
        return len(due_batches(session, KIND, datetime.now(UTC)))


def test_status_says_what_waits_and_why(bdc: Bdc, database: Database, database_url: str) -> None:
    done = bdc("outbox", "status", DATABASE_URL=database_url)
    assert (done.code, done.out) == (0, "Nothing waits.\n")
    refuse(database, "a", "b")
    (row,) = bdc("outbox", "status", "--json", DATABASE_URL=database_url).rows
    assert (row["kind"], row["waiting"], row["failed"]) == (KIND, 2, 2)
    assert row["error"] == "AccessDenied: no such token"
    assert row["oldest"] < row["next_attempt"]


def test_retry_makes_due_what_has_failed(bdc: Bdc, database: Database, database_url: str) -> None:
    refuse(database, "a", "b")
    assert due(database) == 0
    done = bdc("outbox", "retry", "others", DATABASE_URL=database_url)
    assert (done.code, due(database)) == (0, 0)
    done = bdc("outbox", "retry", KIND, DATABASE_URL=database_url)
    assert (done.code, done.out) == (0, "2 messages are due: `bdc run outbox` sends them now\n")
    assert due(database) == 1
    with database.transaction() as session:
        assert end_pauses(session, [], datetime.now(UTC) + timedelta(days=1)) == 0
