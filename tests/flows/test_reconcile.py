"""The flow that compares a source with the tables."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, cast

import pytest
from prefect import State

from flows.reconcile import reconcile
from services.completeness.comparing import Comparison, Gap
from services.completeness.services import newest_comparisons, open_repairs
from services.runs.run import Run
from services.runs.services import Source
from tests.flows.records import QUIET, Records
from tests.support import scripted_collector
from tests.support.scripted_collector import NAME, SCRIPT, Script, play, store

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


@pytest.fixture(autouse=True)
def scripted_is_a_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows are found by module, and the scripted one lives with the tests."""
    monkeypatch.setitem(sys.modules, f"flows.{NAME}", scripted_collector)


def compare(script: Script, **parameters: Any) -> State[Any]:
    SCRIPT.set(script)
    call = reconcile(NAME, "main", **parameters, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))


def two_missing(run: Run, sample: int) -> list[Comparison]:
    assert not run.is_dry
    gaps = [Gap("7", "missing"), Gap("8", "missing")]
    return [Comparison("people", 10, 8, sample, gaps)]


def test_what_is_found_is_kept_and_queued_in_a_run_of_its_own(records: Records) -> None:
    play(Script(collect=lambda run: store(run, "a")), note="as before")
    script = Script(reconcile=two_missing)
    state = compare(script, sample=5)
    assert state.is_completed(), state.message
    assert script.calls == ["validate_config", "reconcile", "sync_pinecone"]
    first, second = records.runs()
    assert first.parameters == second.parameters
    assert (second.counts["fetched"], second.data_through) == (5, None)
    with records.database.transaction() as session:
        (found,) = newest_comparisons(session, NAME, ["main"])
        queued = open_repairs(session, Source(NAME, "main"))
        assert [one.item_key for one in queued] == ["7", "8"]
    assert (found.missing, found.repairs, found.completeness) == (2, 2, 0.8)


def test_a_collector_that_cannot_compare_says_so(records: Records) -> None:
    play(Script())
    state = compare(Script())
    assert state.name == "ConfigError"
    assert "cannot compare its tables" in str(state.message)


def test_a_source_that_was_never_run_has_nothing_to_compare(records: Records) -> None:
    state = compare(Script(reconcile=two_missing))
    assert state.name == "ConfigError"
    assert "was never run" in str(state.message)
