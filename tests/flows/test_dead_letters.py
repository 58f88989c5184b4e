"""The flow that tries once more to store what was set aside."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, cast

import pytest
from prefect import State

from flows.dead_letters import retry_dead_letters
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside
from tests.flows.records import QUIET, Records
from tests.support import scripted_collector
from tests.support.scripted_collector import NAME, SCRIPT, Script, play, set_aside, store

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


@pytest.fixture(autouse=True)
def scripted_is_a_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows are found by module, and the scripted one lives with the tests."""
    monkeypatch.setitem(sys.modules, f"flows.{NAME}", scripted_collector)


def retry(script: Script, letters: list[int], source_key: str = "main") -> State[Any]:
    SCRIPT.set(script)
    call = retry_dead_letters(NAME, source_key, letters, return_state=True)
    return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))


def leave_letters(*keys: str) -> None:
    def collect(run: Run) -> CollectResult:
        store(run, "good")
        set_aside(run, *keys)
        return run.result

    play(Script(collect=collect), note="kept")


def replay_all(run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
    return store(run, *(letter.item_key for letter in letters))


def replay_all_but_bad(run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
    store(run, *(letter.item_key for letter in letters if letter.item_key != "bad"))
    set_aside(run, "bad")
    return run.result


def test_what_a_retry_stores_is_resolved(records: Records) -> None:
    leave_letters("a", "b")
    script = Script(replay=replay_all)
    state = retry(script, [])
    assert (state.name, script.calls) == (
        "Completed",
        ["validate_config", "replay", "sync_pinecone"],
    )
    assert records.stored() == ["a", "b", "good"]
    assert [letter.status for letter in records.letters()] == ["resolved", "resolved"]
    assert records.runs()[-1].parameters["note"] == "kept"


def test_what_fails_again_stays_open_and_its_attempts_are_counted(records: Records) -> None:
    leave_letters("a", "bad")
    assert retry(Script(replay=replay_all_but_bad), []).name == "Partial"
    stored, bad = records.letters()
    assert (stored.status, stored.attempts) == ("resolved", 1)
    assert (bad.status, bad.attempts) == ("open", 2)


def test_records_of_one_key_in_two_streams_are_settled_each_for_itself(records: Records) -> None:
    def collect(run: Run) -> CollectResult:
        set_aside(run, "x", stream="people")
        set_aside(run, "x", stream="papers")
        return store(run, "good")

    def replay(run: Run, _: Sequence[CollectorDeadLetter]) -> CollectResult:
        set_aside(run, "x", stream="papers")
        return store(run, "x")

    play(Script(collect=collect))
    retry(Script(replay=replay), [])
    people, papers = records.letters()
    assert (people.status, papers.status, papers.attempts) == ("resolved", "open", 2)


def test_only_the_letters_named_are_tried(records: Records) -> None:
    leave_letters("a", "b")
    retry(Script(replay=replay_all), [records.letters()[1].id])
    assert [letter.status for letter in records.letters()] == ["open", "resolved"]


@pytest.mark.parametrize("letters", [[], [4711]])
def test_letters_that_do_not_wait_are_a_config_error(records: Records, letters: list[int]) -> None:
    state = retry(Script(replay=replay_all), letters)
    assert state.name == "ConfigError"
    assert "scripted main has no open dead letters" in str(state.message)
    assert [event["event"] for event in records.events(state)] == ["collector.run.failed"]


def test_a_collector_that_cannot_replay_says_so(records: Records) -> None:
    leave_letters("a")
    state = retry(Script(), [])
    assert state.name == "ConfigError"
    assert "scripted cannot replay dead letters" in str(state.message)
    assert [letter.status for letter in records.letters()] == ["open"]


def test_a_letter_keeps_what_no_table_can_hold_without_it(records: Records) -> None:
    def collect(run: Run) -> CollectResult:
        odd = SetAside("x", {"n\0ul": ["a\0b", "\ud800", float("nan"), 1, None]}, "bad \0 byte")
        with run.transaction() as session:
            run.set_aside(session, "people", [odd])
        return store(run, "good")

    assert play(Script(collect=collect)).is_completed()
    (letter,) = records.letters()
    assert letter.payload == {"nul": ["ab", "", "nan", 1, None]}
    assert letter.error == "bad  byte"
