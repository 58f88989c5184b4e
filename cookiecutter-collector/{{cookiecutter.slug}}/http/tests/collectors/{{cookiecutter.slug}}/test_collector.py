"""From recorded answers of the source to rows, dead letters and the cursor."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Item
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from conformance.replay.recordings import load_recordings
from conformance.replay.server import ReplayServer, replaying
from services.database import Database
from services.errors import ConfigError, SourceUnavailable
from services.http.services import forget_validators
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from services.upsert import Written

RECORDINGS = Path(__file__).parent / "recordings"
OWNER = "{{ cookiecutter.slug }}/main/items"


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """The source, as recorded."""
    with replaying(load_recordings(RECORDINGS)) as started:
        yield started


def collector(url: str, project: str = "main") -> {{ cookiecutter.__class_name }}:
    return {{ cookiecutter.__class_name }}(project=project, settings={{ cookiecutter.__class_name }}Settings(base_url=url, token=None))


def new_run(database: Database, project: str = "main") -> Run:
    source = Source("{{ cookiecutter.slug }}", project)
    now = datetime.now(UTC)
    with database.transaction() as session:
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    return Run(source, database, run_id)


def stored(database: Database) -> list[tuple[str, str, bool]]:
    with database.transaction() as session:
        items = session.scalars(select({{ cookiecutter.__class_name }}Item).order_by({{ cookiecutter.__class_name }}Item.key))
        return [(item.key, item.title, item.is_deleted) for item in items]


def test_all_pages_are_stored_and_what_was_deleted_is_marked(
    database: Database, server: ReplayServer
) -> None:
    result = collector(server.url).collect(new_run(database))
    assert stored(database) == [("1", "One", False), ("2", "Two", False), ("3", "Three", True)]
    assert (result.fetched, result.written.inserted, result.quarantined) == (4, 3, 1)


def test_a_bad_item_is_set_aside_with_the_reason(database: Database, server: ReplayServer) -> None:
    collector(server.url).collect(new_run(database))
    with database.transaction() as session:
        (letter,) = dead_letters(session)
    assert (letter.item_key, letter.error) == ("4", "title is missing")


def test_a_letter_that_is_replayed_is_read_by_the_parser_of_today(
    database: Database, server: ReplayServer
) -> None:
    collector(server.url).collect(new_run(database))
    with database.transaction() as session:
        (letter,) = dead_letters(session)
    letter.payload["item"]["title"] = "Four"
    result = collector(server.url).replay(new_run(database), [letter])
    assert (result.written.inserted, result.quarantined) == (1, 0)
    assert ("4", "Four", False) in stored(database)


def test_when_nothing_has_changed_one_question_is_all(
    database: Database, server: ReplayServer
) -> None:
    collector(server.url).collect(new_run(database))
    asked = len(server.traffic.requests)
    assert collector(server.url).collect(new_run(database)).fetched == 0
    assert len(server.traffic.requests) == asked + 1
    assert "if-none-match" in server.traffic.requests[-1].headers


def test_what_is_asked_for_next_is_what_has_changed_since(
    database: Database, server: ReplayServer
) -> None:
    collector(server.url).collect(new_run(database))
    with database.transaction() as session:
        forget_validators(session, OWNER)
    second = collector(server.url).collect(new_run(database))
    assert (second.fetched, second.written) == (1, Written(unchanged=1))
    assert server.traffic.requests[-1].query["since"] == "2026-01-03T11:55:00Z"


def test_a_position_in_the_future_is_none(database: Database, server: ReplayServer) -> None:
    run = new_run(database)
    with run.transaction() as session:
        run.advance_cursor(session, "items", {"newest": "2036-01-01T00:00:00+00:00"})
    assert collector(server.url).collect(run).written.inserted == 3
    assert run.read_cursor("items") == {"newest": "2026-01-03T12:00:00+00:00"}


def test_an_error_with_status_200_is_no_empty_answer(
    database: Database, server: ReplayServer
) -> None:
    run = new_run(database, "broken")
    with pytest.raises(SourceUnavailable, match="asleep"):
        collector(server.url, "broken").collect(run)
    assert run.read_cursor("items") is None


@pytest.mark.parametrize("project", ["", "  ", "../admin", "a/b"])
def test_all_that_is_wrong_is_named_at_once(project: str) -> None:
    with pytest.raises(ConfigError, match=r"project.*{{ cookiecutter.__env_prefix }}BASE_URL"):
        collector("ftp://nowhere", project).validate_config()


def test_what_is_right_passes(server: ReplayServer) -> None:
    collector(server.url).validate_config()
