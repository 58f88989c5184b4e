"""The flow of {{ cookiecutter.slug }}, on real servers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

import pytest
from prefect import State
from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.models import RunState
from flows.{{ cookiecutter.slug }} import {{ cookiecutter.slug }}
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("prefect"), *map(pytest.mark.filterwarnings, QUIET)]

Collect = Callable[..., State[Any]]


@pytest.fixture
def collect(records: Records) -> Collect:
    """Runs the flow in this process."""
    del records

    def run(**parameters: Any) -> State[Any]:
        call = {{ cookiecutter.slug }}(**parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run


def counts(records: Records) -> list[int]:
    with records.database.transaction() as session:
        return list(session.scalars(select(RunState.run_count)))


def test_the_first_run_counts_one_and_the_second_two(collect: Collect, records: Records) -> None:
    assert (collect().name, counts(records)) == ("Completed", [1])
    assert (collect().name, counts(records)) == ("Completed", [2])


def test_a_blank_key_fails_as_a_mistake_of_ours(collect: Collect, records: Records) -> None:
    state = collect(source_key=" ")
    assert (state.name, counts(records)) == ("ConfigError", [])


def test_a_dry_run_counts_nothing(collect: Collect, records: Records) -> None:
    assert (collect(dry_run=True).name, counts(records)) == ("DryRun", [])
