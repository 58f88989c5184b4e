"""What a run says of itself while it runs, as others read it in the ledger."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from services.database import Database, open_database
from services.runs.activity import LedgerProgress
from services.runs.models import CollectorActivity
from services.runs.services import Source, enter_phase, start_run

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """Moves when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.seconds)


def start(database: Database) -> int:
    with database.transaction() as session:
        source = Source("scripted", "main")
        return start_run(session, source, parameters={}, flow_run_id=None, now=NOON)


def noted(database: Database, run_id: int) -> tuple[str, datetime, datetime | None]:
    with database.transaction() as session:
        found = session.get_one(CollectorActivity, run_id)
        return found.doing, found.at, found.waits_until


def test_a_run_does_something_from_its_start_and_in_every_phase(database: Database) -> None:
    run_id = start(database)
    assert noted(database, run_id) == ("starting", NOON, None)
    later = NOON + timedelta(seconds=1)
    with database.transaction() as session:
        enter_phase(session, run_id, "collect", now=later)
    assert noted(database, run_id) == ("collect", later, None)


def test_counts_are_noted_every_few_seconds_and_words_at_once(database: Database) -> None:
    run_id, clock = start(database), Clock()
    progress = LedgerProgress(database, run_id, clock.now, clock)
    progress.advance(3)
    assert noted(database, run_id)[0] == "3 records"
    progress.expect(2000, "commits")
    assert noted(database, run_id)[0] == "3 records"
    clock.seconds = 5
    progress.advance(1000)
    assert noted(database, run_id) == ("1,003 of 2,000 commits", clock.now(), None)
    until = NOON + timedelta(hours=1)
    progress.say("waiting for quota", until)
    assert noted(database, run_id) == ("waiting for quota", clock.now(), until)
    clock.seconds = 11
    progress.advance(1)
    assert noted(database, run_id) == ("1,004 of 2,000 commits", clock.now(), None)


def test_a_token_in_what_is_said_is_hidden(database: Database) -> None:
    run_id = start(database)
    LedgerProgress(database, run_id).say("asking https://user:" + "s3cret@example.org/x")
    assert "s3cret" not in noted(database, run_id)[0]


def test_a_ledger_that_does_not_answer_costs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    gone = open_database("postgresql://nobody@127.0.0.1:1/none", application_name="test")
    with caplog.at_level(logging.WARNING):
        LedgerProgress(gone, 7).say("working")
    assert "run 7" in caplog.text
