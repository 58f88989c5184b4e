"""The flow of {{ cookiecutter.slug }}, on real servers."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from prefect import State

from flows.{{ cookiecutter.slug }} import {{ cookiecutter.slug }}
from tests.collectors.{{ cookiecutter.slug }}.subject import SUBJECT, Files
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("prefect"), *map(pytest.mark.filterwarnings, QUIET)]

Collect = Callable[..., State[Any]]


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Files]:
    """A source with three records."""
    with SUBJECT.open(tmp_path) as world:
        world.fill(3)
        yield world


@pytest.fixture
def collect(source: Files, records: Records) -> Collect:
    """Runs the flow on that source, in this process."""
    del records

    def run(**parameters: Any) -> State[Any]:
        call = {{ cookiecutter.slug }}(**source.parameters, **parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run


def test_a_run_is_completed_and_says_what_it_did(collect: Collect) -> None:
    state = collect()
    assert state.name == "Completed"
    assert "fetched=3 inserted=3" in str(state.message)


def test_a_change_at_the_source_is_all_that_the_next_run_writes(
    collect: Collect, source: Files
) -> None:
    collect()
    source.change(1)
    assert "inserted=0 updated=1" in str(collect().message)


def test_a_dry_run_says_what_would_change(collect: Collect, records: Records) -> None:
    state = collect(dry_run=True)
    assert (state.name, records.runs()) == ("DryRun", [])
    assert "inserted=3" in str(state.message)
