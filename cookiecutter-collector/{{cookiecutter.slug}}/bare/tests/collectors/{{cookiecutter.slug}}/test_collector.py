"""The hooks, without Prefect around them."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from collectors.{{ cookiecutter.slug }}.models import RunState
from services.database import Database
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, start_run
from services.upsert import Written


def collect(database: Database, source_key: str) -> CollectResult:
    collector = {{ cookiecutter.__class_name }}(source_key=source_key)
    source = Source(collector.name, collector.source_key)
    now = datetime.now(UTC)
    with database.transaction() as session:
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    return collector.collect(Run(source, database, run_id))


def test_the_first_run_counts_one_and_the_second_two(database: Database) -> None:
    assert collect(database, "prod").written == Written(inserted=1)
    assert collect(database, " prod ").written == Written(updated=1)
    with database.transaction() as session:
        rows = session.execute(select(RunState.source_key, RunState.run_count)).tuples().all()
    assert rows == [("prod", 2)]


@pytest.mark.parametrize("source_key", ["", "  ", "\t\n"])
def test_a_blank_key_is_refused(source_key: str) -> None:
    with pytest.raises(ConfigError, match="source_key must not be blank"):
        {{ cookiecutter.__class_name }}(source_key=source_key).validate_config()


def test_a_key_that_names_something_passes() -> None:
    {{ cookiecutter.__class_name }}(source_key="prod").validate_config()
