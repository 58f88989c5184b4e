"""From a real repository to rows and dead letters."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Reference
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from services.database import Database
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from services.upsert import Written
from tests.collectors.{{ cookiecutter.slug }}.subject import SUBJECT, Tags, tag


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Tags]:
    """A repository with three tags."""
    with SUBJECT.open(tmp_path) as world:
        world.fill(3)
        yield world


def collect(database: Database, source: Tags) -> CollectResult:
    collector = {{ cookiecutter.__class_name }}(**source.parameters, settings={{ cookiecutter.__class_name }}Settings())
    of = Source(collector.name, collector.source_key)
    now = datetime.now(UTC)
    with database.transaction() as session:
        run_id = start_run(session, of, parameters={}, flow_run_id=None, now=now)
    return collector.collect(Run(of, database, run_id))


def test_all_references_are_stored_and_a_second_run_writes_nothing(
    database: Database, source: Tags
) -> None:
    assert collect(database, source).written == Written(inserted=3)
    assert collect(database, source).written == Written(unchanged=3)


def test_what_moved_and_what_is_gone_is_all_that_is_written(
    database: Database, source: Tags
) -> None:
    collect(database, source)
    source.change(0)
    source.delete(1)
    assert collect(database, source).written == Written(updated=2, unchanged=1)
    with database.transaction() as session:
        table = {{ cookiecutter.__class_name }}Reference
        gone = session.scalars(select(table.name).where(table.is_deleted)).all()
    assert gone == [tag(1)]


def test_a_name_that_is_no_text_is_set_aside(database: Database, source: Tags) -> None:
    source.spoil(0, "surrogate")
    result = collect(database, source)
    assert (result.written.inserted, result.quarantined) == (2, 1)
    with database.transaction() as session:
        (letter,) = dead_letters(session)
    assert (letter.item_key, letter.error) == (r"refs/tags/bad-\xff", "the name is not UTF-8")


@pytest.mark.parametrize("repository", ["", "/no/such/place"])
def test_what_is_no_repository_is_refused(repository: str) -> None:
    collector = {{ cookiecutter.__class_name }}(repository=repository, settings={{ cookiecutter.__class_name }}Settings())
    assert collector.source_key == repository
    with pytest.raises(ConfigError, match="repository"):
        collector.validate_config()
