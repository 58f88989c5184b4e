"""The proposer of identities as Prefect runs it."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from prefect import State

from flows.cppa_user_tracker import cppa_user_tracker
from services.identity.accounts import list_matches
from services.identity.services import Person, store_people
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_rehearsal_says_what_a_run_then_does(records: Records) -> None:
    people = [Person("git", f"{n}@x{n}.org", None, "Ann Roe", "user", None, NOW) for n in range(2)]
    with records.database.transaction() as session:
        store_people(session, people)
    rehearsed, first, second = (_run(dry_run=dry) for dry in (True, False, False))
    assert (rehearsed.name, first.name, second.name) == ("DryRun", "Completed", "Completed")
    assert str(first.message) in str(rehearsed.message)
    assert [run.counts["inserted"] for run in records.runs()] == [5, 0]
    assert {run.source_key for run in records.runs()} == {"accounts"}
    with records.database.transaction() as session:
        assert len(list_matches(session, status="proposed")) == 1


def _run(**parameters: Any) -> State[Any]:
    call = cppa_user_tracker(**parameters, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
