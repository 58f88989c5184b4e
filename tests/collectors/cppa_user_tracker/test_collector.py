"""The run: part by part, again on demand, rehearsed, interrupted."""

from datetime import UTC, datetime

import pytest

from collectors.cppa_user_tracker.collector import UserTracker
from collectors.cppa_user_tracker.settings import UserTrackerSettings
from services.database import Database
from services.identity.accounts import list_matches
from services.identity.services import Person, store_people
from services.runs import services as ledger
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from tests.support.collecting_papers import Heard

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
SOURCE = Source("cppa_user_tracker", "accounts")


def tracker(*, again: bool = False, accounts: int = 3, rare: int = 3) -> UserTracker:
    settings = UserTrackerSettings(rare_name_people=rare)
    return UserTracker(again=again, settings=settings, now=lambda: NOW, accounts=accounts)


def collect(database: Database, collector: UserTracker) -> CollectResult:
    with database.transaction() as session:
        ledger_id = ledger.start_run(session, SOURCE, parameters={}, flow_run_id=None, now=NOW)
    collector.validate_config()
    return collector.collect(Run(SOURCE, database, ledger_id, Heard()))


@pytest.fixture
def accounts(database: Database) -> Database:
    """Ten accounts of five people."""
    people = [
        Person("git", f"{n}@x{n}.org", None, f"Name Number{n % 5}", "user", f"{n}@x{n}.org", NOW)
        for n in range(10)
    ]
    with database.transaction() as session:
        store_people(session, people)
    return database


def proposed(database: Database) -> int:
    with database.transaction() as session:
        return len(list_matches(session, status="proposed"))


def test_it_examines_all_there_is_and_the_second_run_finds_nothing(accounts: Database) -> None:
    first, second = (collect(accounts, tracker()) for _ in range(2))
    assert (first.fetched, proposed(accounts)) == (10, 5)
    assert first.tables["identity_match"].inserted == 5
    assert (second.fetched, second.written.inserted, second.written.updated) == (0, 0, 0)


def test_again_examines_all_by_the_settings_of_today(accounts: Database) -> None:
    with accounts.transaction() as session:
        store_people(session, [Person("wg21", "n", None, "Name Number0", "user", None, NOW)])
    collect(accounts, tracker())
    assert proposed(accounts) == 7
    again = collect(accounts, tracker(again=True, rare=2))
    assert (again.fetched, proposed(accounts)) == (11, 4)


def test_a_rehearsal_says_what_a_run_then_does(accounts: Database) -> None:
    with accounts.rehearse() as rehearsal:
        rehearsed = tracker().collect(Run(SOURCE, rehearsal, None, Heard()))
    assert proposed(accounts) == 0
    assert rehearsed == collect(accounts, tracker())


def test_a_run_that_dies_between_two_parts_is_taken_up_by_the_next(accounts: Database) -> None:
    def clock() -> datetime:
        moments.pop()
        return NOW

    moments = [1]
    settings = UserTrackerSettings()
    with pytest.raises(IndexError):
        collect(accounts, UserTracker(settings=settings, now=clock, accounts=3))
    rest = collect(accounts, tracker())
    assert (rest.fetched, proposed(accounts)) == (7, 5)
