"""Maintenance as Prefect runs it."""

import asyncio
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from prefect import State

from flows.maintenance import maintenance
from services.runs import services as ledger
from services.runs.services import Ending, Source
from tests.flows.records import QUIET, Records

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


def test_a_rehearsal_says_what_a_run_then_does(records: Records) -> None:
    old = datetime.now(UTC) - timedelta(days=500)
    source = Source("tracker", "main")
    for _ in range(3):
        with records.database.transaction() as session:
            run_id = ledger.start_run(session, source, parameters={}, flow_run_id=None, now=old)
            ledger.finish_run(session, run_id, Ending("completed", None, {}), now=old)
    rehearsed, *others = (_run(dry_run=dry) for dry in (True, False, False))
    assert rehearsed.name == "DryRun"
    assert [state.name for state in others] == ["Completed", "Completed"]
    with records.database.transaction() as session:
        counts = [
            run.counts["fetched"] for run in ledger.latest_runs(session, collector="maintenance")
        ]
        left = ledger.latest_runs(session, collector="tracker")
    assert (counts, len(left)) == ([0, 2], 1)
    assert "fetched=2" in str(rehearsed.message)


def _run(**parameters: Any) -> State[Any]:
    call = maintenance(**parameters, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))
