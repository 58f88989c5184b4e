"""What a run does when all goes well, or well enough."""

from datetime import date

import pytest

from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source
from services.upsert import Written
from tests.flows.records import QUIET, Records, flow_run_id
from tests.support.scripted_collector import Script, play, set_aside, store, write

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
HOOKS = ["validate_config", "collect", "sync_pinecone"]


def store_with_cursor(run: Run) -> CollectResult:
    with run.transaction() as session:
        part = write(session, ["a", "b"])
        run.advance_cursor(session, "people", {"page": 2})
    run.add(part)
    return run.result


def store_one_of_two(run: Run) -> CollectResult:
    store(run, "good")
    set_aside(run, "bad")
    return run.result


def set_all_aside(run: Run) -> CollectResult:
    set_aside(run, "bad", "worse")
    return run.result


def test_hooks_run_in_order_as_tasks_of_their_names(records: Records) -> None:
    script = Script(sync_pinecone=lambda _: CollectResult())
    state = play(script)
    assert script.calls == HOOKS
    tasks = records.task_runs(state, 3)
    assert [run.name for run in tasks] == HOOKS
    assert [run.state_name for run in tasks] == ["Completed"] * 3


def test_the_flow_run_is_named_after_collector_and_source(records: Records) -> None:
    state = play(Script(), source_key="boostorg/asio")
    run = records.prefect.client.read_flow_run(flow_run_id(state))
    assert (run.name, run.state_name) == ("scripted boostorg/asio", "Completed")


def test_the_ledger_row_of_a_good_run_is_complete(records: Records) -> None:
    state = play(Script(collect=store_with_cursor), note="hello", since=date(2026, 1, 2))
    run = records.run()
    assert (run.status, run.phase, run.category, run.error) == (
        "completed",
        "sync_pinecone",
        None,
        None,
    )
    assert run.counts == CollectResult(2, 0, {"t": Written(2)}).counts
    assert (run.cursor_before, run.cursor_after) == ({}, {"people": {"page": 2}})
    assert run.flow_run_id == flow_run_id(state)
    assert run.parameters["note"] == "hello"
    assert run.parameters["since"] == "2026-01-02"
    assert run.finished_at is not None
    assert run.finished_at >= run.started_at


def test_a_second_run_starts_from_the_cursor_of_the_first_and_writes_nothing(
    records: Records,
) -> None:
    play(Script(collect=store_with_cursor))
    play(Script(collect=store_with_cursor))
    _, second = records.runs()
    assert second.cursor_before == second.cursor_after == {"people": {"page": 2}}
    assert second.counts == CollectResult(2, 0, {"t": Written(0, 0, 2)}).counts


def test_nothing_to_index_is_shown_as_skipped(records: Records) -> None:
    state = play(Script(sync_pinecone=lambda _: None))
    assert [run.state_name for run in records.task_runs(state, 3)] == [
        "Completed",
        "Completed",
        "Skipped",
    ]


def test_a_good_run_leaves_one_event_that_says_so(records: Records) -> None:
    state = play(Script(collect=store_with_cursor))
    (event,) = records.events(state)
    assert event["event"] == "collector.run.completed"
    assert event["payload"]["counts"]["inserted"] == 2


def test_an_empty_answer_is_completed_with_zero_counts(records: Records) -> None:
    state = play(Script())
    assert (state.name, state.result()) == ("Completed", CollectResult())
    assert records.run().counts == CollectResult().counts


def test_the_counts_are_those_that_collect_returns(records: Records) -> None:
    state = play(Script(collect=lambda _: CollectResult(5, 1, {"t": Written(4)})))
    assert state.name == "Partial"
    assert records.run().counts == CollectResult(5, 1, {"t": Written(4)}).counts


def test_a_run_that_sets_records_aside_is_partial(records: Records) -> None:
    state = play(Script(collect=store_one_of_two))
    assert (state.type.value, state.name) == ("COMPLETED", "Partial")
    run = records.run()
    assert (run.status, run.counts["fetched"], run.counts["quarantined"]) == ("partial", 2, 1)
    (letter,) = records.letters()
    assert (letter.item_key, letter.payload, letter.error) == ("bad", {"key": "bad"}, "no name")
    assert (letter.run_id, letter.status, letter.category) == (run.id, "open", "validation")
    assert [event["event"] for event in records.events(state)] == ["collector.run.partial"]


def test_a_run_that_sets_all_records_aside_fails(records: Records) -> None:
    script = Script(collect=set_all_aside)
    state = play(script)
    assert state.is_failed()
    assert "sync_pinecone" not in script.calls
    run = records.run()
    assert (run.status, run.phase, run.category) == ("failed", "collect", "validation")
    assert [letter.item_key for letter in records.letters()] == ["bad", "worse"]


def test_a_dry_run_says_what_a_real_run_would_do_and_leaves_no_trace(records: Records) -> None:
    def collect(run: Run) -> CollectResult:
        assert run.is_dry
        store_with_cursor(run)
        set_aside(run, "bad")
        assert run.read_cursor("people") == {"page": 2}
        return run.result

    script = Script(collect=collect)
    state = play(script, dry_run=True)
    assert (state.name, script.calls) == ("DryRun", HOOKS[:2])
    assert state.result().counts == CollectResult(3, 1, {"t": Written(2)}).counts
    assert str(state.result()) in str(state.message)
    left = (records.runs(), records.stored(), records.letters(), records.cursors())
    assert left == ([], [], [], {})
    assert records.events(state) == []


@pytest.mark.parametrize("error", [ValueError("no"), ConnectionError("no")])
def test_a_failing_dry_run_fails_at_once_and_leaves_no_trace(
    records: Records, error: Exception
) -> None:
    def collect(run: Run) -> CollectResult:
        store(run, "a")
        raise error

    script = Script(collect=collect)
    state = play(script, dry_run=True)
    assert state.is_failed()
    assert script.calls == ["validate_config", "collect", "handle_error"]
    assert (records.runs(), records.stored()) == ([], [])


def test_collectors_see_their_source(records: Records, source: Source) -> None:
    seen: list[Source] = []

    def collect(run: Run) -> CollectResult:
        seen.append(run.source)
        return run.result

    play(Script(collect=collect))
    assert seen == [source]
