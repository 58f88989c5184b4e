"""The ledger, the cursors and the dead letters as services keep them."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.database import Database
from services.errors import CollectorFailureCategory, ConfigError, LockLost
from services.runs import services as ledger
from services.runs.models import CollectorDeadLetter, CollectorRun
from services.runs.progress import NullProgress, ProgressGroup
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Ending, SetAside, Source, fit_to_keep
from services.upsert import Written

SOURCE = Source("scripted", "main")
OTHER = Source("scripted", "other")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def start(database: Database, source: Source = SOURCE) -> Run:
    with database.transaction() as session:
        run_id = ledger.start_run(
            session, source, parameters={"a": 1}, flow_run_id=uuid4(), now=NOW
        )
    return Run(source, database, run_id)


def finish(run: Run, status: str) -> None:
    with run.database.transaction() as session:
        ledger.finish_run(session, run.id or 0, Ending(status, "collect", {}), now=NOW)


def statuses(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(select(CollectorRun.status).order_by(CollectorRun.id)))


def set_aside(run: Run, error: str = "bad", key: str = "x") -> CollectorDeadLetter:
    with run.transaction() as session:
        run.set_aside(session, "people", [SetAside(key, {"error": error}, error)])
    with run.database.transaction() as session:
        found = session.scalars(select(CollectorDeadLetter).filter_by(item_key=key))
        return found.one()


def settle(run: Run, letter: CollectorDeadLetter, status: str) -> int:
    with run.database.transaction() as session:
        return ledger.settle_dead_letters(session, [letter.id], status)


def test_a_run_that_starts_marks_the_dead_ones_of_its_source(database: Database) -> None:
    start(database), start(database, OTHER), start(database)
    assert statuses(database) == ["crashed", "running", "running"]


def test_a_run_declared_dead_can_neither_store_nor_end(database: Database) -> None:
    dead, _ = start(database), start(database)
    with pytest.raises(LockLost, match="is crashed in the ledger"), dead.transaction():
        pytest.fail("nothing may be written")
    finish(dead, "completed")
    assert statuses(database) == ["crashed", "running"]


def test_a_run_that_left_the_ledger_can_not_store(database: Database) -> None:
    with pytest.raises(LockLost), Run(SOURCE, database, 4711).transaction():
        pytest.fail("nothing may be written")


def test_runs_are_found_again(database: Database) -> None:
    first = start(database)
    finish(first, "completed")
    second, other = start(database), start(database, OTHER)
    with database.transaction() as session:
        assert [run.id for run in ledger.latest_runs(session, limit=2)] == [other.id, second.id]
        assert ledger.latest_runs(session, collector="nobody") == []
        newest = [run.id for run in ledger.latest_run_of_each_source(session)]
        found = ledger.run_by_id(session, first.id)
        assert found is not None
        assert found.flow_run_id is not None
        assert ledger.run_by_id(session, None) is None
    assert newest == [second.id, other.id]


def test_a_cursor_moves_with_the_data_or_not_at_all(database: Database) -> None:
    run = start(database)
    with pytest.raises(ZeroDivisionError), run.transaction() as session:
        run.advance_cursor(session, "people", {"page": 1})
        raise ZeroDivisionError
    assert run.read_cursor("people") is None
    with run.transaction() as session:
        run.advance_cursor(session, "people", {"page": 1})
    assert run.read_cursor("people") == {"page": 1}


def test_a_cursor_that_is_there_already_does_not_move(database: Database) -> None:
    with database.transaction() as session:
        moves = [
            ledger.advance_cursor(session, SOURCE, "people", {"page": page}) for page in (1, 1, 2)
        ]
        assert moves == [True, False, True]
        assert ledger.read_cursors(session, SOURCE) == {"people": {"page": 2}}
        assert ledger.read_cursors(session, OTHER) == {}


def test_a_record_that_fails_as_before_changes_nothing(database: Database) -> None:
    first = set_aside(start(database))
    again = set_aside(start(database))
    assert (again.run_id, again.updated_at) == (first.run_id, first.updated_at)


def test_a_record_that_fails_differently_is_kept_anew(database: Database) -> None:
    set_aside(start(database))
    later = start(database)
    letter = set_aside(later, "worse")
    assert (letter.error, letter.payload) == ("worse", {"error": "worse"})
    assert (letter.run_id, letter.status) == (later.id, "open")


def test_a_discarded_record_stays_so_until_it_fails_differently(database: Database) -> None:
    run = start(database)
    assert settle(run, set_aside(run), "discarded") == 1
    assert set_aside(run).status == "discarded"
    assert set_aside(run, "worse").status == "open"


def test_a_resolved_record_that_fails_as_before_waits_again(database: Database) -> None:
    run = start(database)
    letter = set_aside(run)
    assert [settle(run, letter, "resolved"), settle(run, letter, "discarded")] == [1, 0]
    assert set_aside(run).status == "open"


def test_attempts_are_counted_while_a_letter_is_open(database: Database) -> None:
    run = start(database)
    waiting, settled = set_aside(run), set_aside(run, key="y")
    settle(run, settled, "resolved")
    with database.transaction() as session:
        ledger.count_attempt(session, [waiting.id, settled.id])
        found = ledger.dead_letters_by_id(session, [waiting.id, settled.id])
        assert [letter.attempts for letter in found] == [2, 1]


def test_letters_are_listed_newest_first(database: Database) -> None:
    run, other = start(database), start(database, OTHER)
    first, second = set_aside(run), set_aside(other, key="y")
    settle(run, first, "discarded")
    with database.transaction() as session:
        assert [x.id for x in ledger.dead_letters(session)] == [second.id]
        everything = ledger.dead_letters(session, collector="scripted", status=None)
        assert [x.id for x in everything] == [second.id, first.id]
        assert ledger.dead_letters(session, collector="nobody") == []
        assert ledger.open_dead_letter_counts(session) == {OTHER: 1}


def test_letters_that_do_not_exist_are_named(database: Database) -> None:
    letter = set_aside(start(database))
    with (
        pytest.raises(ConfigError, match="no dead letter 4711, 4712:"),
        database.transaction() as session,
    ):
        ledger.dead_letters_by_id(session, [4712, letter.id, 4711])


def test_what_is_kept_is_json_without_secrets() -> None:
    given = {
        "url": "https://x:hunter22@host/",
        "token": "opaque",
        "note": "the token is old",
        "nested": [{"password": "opaque"}, ("a", NOW)],
        "empty": {"token": ""},
        "count": 3,
        "share": float("inf"),
        "category": CollectorFailureCategory.AUTH,
    }
    assert fit_to_keep(given) == {
        "url": "https://x:***@host/",
        "token": "***",
        "note": "the token is old",
        "nested": [{"password": "***"}, ["a", "2026-01-01 00:00:00+00:00"]],
        "empty": {"token": ""},
        "count": 3,
        "share": "inf",
        "category": "auth",
    }


def test_results_add_up_table_by_table() -> None:
    first = CollectResult(2, 1, {"a": Written(1, 0, 0)})
    total = first + CollectResult(3, 0, {"a": Written(0, 1, 0), "b": Written(0, 0, 2)})
    assert total == CollectResult(5, 1, {"a": Written(1, 1, 0), "b": Written(0, 0, 2)})
    assert total.written == Written(1, 1, 2)
    assert str(total) == "fetched=5 inserted=1 updated=1 unchanged=2 quarantined=1"


@pytest.mark.parametrize(
    ("result", "stored_nothing"),
    [
        (CollectResult(), False),
        (CollectResult(2, 1), False),
        (CollectResult(2, 2), True),
        (CollectResult(0, 1), True),
    ],
)
def test_a_run_stored_nothing_when_all_was_set_aside(
    result: CollectResult, stored_nothing: bool
) -> None:
    assert result.stored_nothing is stored_nothing


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def expect(self, total: int, unit: str) -> None:
        self.heard.append((total, unit))

    def advance(self, amount: int) -> None:
        self.heard.append((amount,))

    def say(self, text: str, until: datetime | None = None) -> None:
        self.heard.append((text, until))


def test_a_group_tells_every_listener(database: Database) -> None:
    listeners = Listener(), Listener()
    run = Run(SOURCE, database, progress=ProgressGroup(*listeners, NullProgress()))
    run.progress.expect(3, "pages")
    run.progress.say("hello")
    run.add(CollectResult(fetched=2))
    assert [x.heard for x in listeners] == [[(3, "pages"), ("hello", None), (2,)]] * 2
    assert run.result.fetched == 2
