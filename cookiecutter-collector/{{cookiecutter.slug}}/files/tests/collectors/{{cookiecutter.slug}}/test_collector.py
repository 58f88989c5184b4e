"""From real files to rows, dead letters and the cursor."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.client import Reading, content_digest
from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Record
from services.database import Database
from services.errors import ConfigError, SourceUnavailable
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from services.upsert import Written

RECORDINGS = Path(__file__).parent / "recordings"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the recordings: two files, one of them in a folder of its own."""
    return Path(shutil.copytree(RECORDINGS, tmp_path / "source"))


def collect(database: Database, folder: Path) -> CollectResult:
    collector = {{ cookiecutter.__class_name }}(folder=str(folder))
    source = Source(collector.name, collector.source_key)
    now = datetime.now(UTC)
    with database.transaction() as session:
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    return collector.collect(Run(source, database, run_id))


def rows(database: Database) -> list[tuple[str, str, str, bool]]:
    table = {{ cookiecutter.__class_name }}Record
    columns = (table.file, table.key, table.title, table.is_deleted)
    with database.transaction() as session:
        found = session.execute(select(*columns).order_by(table.file, table.key))
        return list(found.tuples())


def test_records_of_both_kinds_of_files_are_stored(database: Database, folder: Path) -> None:
    result = collect(database, folder)
    assert (result.fetched, result.quarantined) == (6, 3)
    assert rows(database) == [
        ("more/records.csv", "a", "Two\nlines", False),
        ("records.jsonl", "a", "The first", False),
        ("records.jsonl", "b", "The second", False),
    ]


def test_a_byte_order_mark_is_no_text_and_a_byte_that_is_none_is_shown(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "old.csv").write_bytes(b"\xef\xbb\xbfid,title\na,caf\xe9\n")
    collect(database, tmp_path)
    assert rows(database) == [("old.csv", "a", r"caf\xe9", False)]


def test_what_is_no_record_is_set_aside(database: Database, folder: Path) -> None:
    collect(database, folder)
    with database.transaction() as session:
        letters = [(letter.payload["file"], letter.error) for letter in dead_letters(session)]
    assert ("more/records.csv", "title is missing") in letters
    assert ("records.jsonl", "title is missing") in letters
    assert ("records.jsonl", "Expecting value: line 1 column 1 (char 0)") in letters


def test_files_that_have_not_changed_are_not_read_again(database: Database, folder: Path) -> None:
    collect(database, folder)
    assert collect(database, folder) == CollectResult()


def test_a_record_that_left_its_file_is_marked(database: Database, folder: Path) -> None:
    collect(database, folder)
    (folder / "records.jsonl").write_text('{"id": "b", "title": "Another second"}\n')
    assert collect(database, folder).written == Written(updated=2)
    assert ("records.jsonl", "a", "The first", True) in rows(database)
    assert ("records.jsonl", "b", "Another second", False) in rows(database)


def test_the_records_of_a_file_that_is_gone_are_marked_once(
    database: Database, folder: Path
) -> None:
    collect(database, folder)
    (folder / "records.jsonl").unlink()
    assert collect(database, folder).written == Written(updated=2)
    assert collect(database, folder) == CollectResult()


def test_an_empty_folder_that_was_none_is_an_error(database: Database, folder: Path) -> None:
    collect(database, folder)
    shutil.rmtree(folder)
    folder.mkdir()
    with pytest.raises(SourceUnavailable, match="is it mounted"):
        collect(database, folder)
    assert not any(is_deleted for *_, is_deleted in rows(database))


def test_a_file_that_goes_while_it_is_read_may_be_back_later(folder: Path) -> None:
    gone = folder / "gone.jsonl"
    with pytest.raises(SourceUnavailable, match="is gone"):
        content_digest(gone)
    with pytest.raises(SourceUnavailable, match="is gone"):
        next(Reading(gone).records())


@pytest.mark.parametrize("folder_given", ["", " ", "/no/such/place"])
def test_what_is_no_folder_is_refused(folder_given: str) -> None:
    with pytest.raises(ConfigError, match="folder"):
        {{ cookiecutter.__class_name }}(folder=folder_given).validate_config()
