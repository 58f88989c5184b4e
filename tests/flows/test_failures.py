"""What a run does when something fails: states, ledger, events, log lines, retries."""

import asyncio
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import pytest
from prefect import State

from services.errors import (
    AccessDenied,
    CollectorFailureCategory,
    ConfigError,
    RateLimited,
    SourceTimedOut,
    SourceUnavailable,
)
from services.runs.result import CollectResult
from services.runs.run import Run
from tests.flows.records import QUIET, Records
from tests.support.scripted_collector import SCRIPT, Script, play, scripted, store

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
OURS = ("flows", "collectors", "services")


class OddFailure(Exception):
    """A type that nobody else raises."""


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object) -> NoReturn:
        raise error

    return fail


def errors_of_ours(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    records = [r for r in caplog.records if r.name.startswith(OURS)]
    return [r for r in records if r.levelno >= logging.ERROR]


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [r for r in caplog.records if "Traceback" in (r.exc_text or "")]


def test_a_config_error_fails_the_run_in_one_line(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script(validate_config=raising(ConfigError(["A is missing", "B is bad"])))
    state = play(script)
    assert (state.type.value, state.name) == ("FAILED", "ConfigError")
    assert state.message == "A is missing; B is bad"
    assert script.calls == ["validate_config"]
    (line,) = errors_of_ours(caplog)
    assert "A is missing; B is bad" in line.getMessage()
    assert tracebacks(caplog) == []


def test_a_config_error_is_kept_in_ledger_task_and_event(records: Records) -> None:
    state = play(Script(validate_config=raising(ConfigError("A is missing"))))
    run = records.run()
    assert (run.status, run.phase, run.category) == ("failed", "validate_config", "config")
    assert [task.state_name for task in records.task_runs(state, 1)] == ["ConfigError"]
    (event,) = records.events(state)
    assert (event["event"], event["payload"]["category"]) == ("collector.run.failed", "config")


def test_an_error_passes_handle_error_once_and_reaches_the_caller(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    error = OddFailure("broken")
    script = Script(collect=raising(error))
    state = play(script)
    assert script.calls == ["validate_config", "collect", "handle_error"]
    assert (state.type.value, state.name) == ("FAILED", "Failed")
    assert state.message == "collect: unknown: OddFailure: broken"
    with pytest.raises(OddFailure) as raised:
        state.result()
    assert raised.value is error
    assert len(tracebacks(caplog)) == len(errors_of_ours(caplog)) == 1


def test_a_flow_that_fails_raises_the_original_error(records: Records) -> None:
    error = OddFailure("broken")
    SCRIPT.set(Script(collect=raising(error)))
    with pytest.raises(OddFailure) as raised:
        asyncio.run(scripted())
    assert raised.value is error


def test_ledger_and_event_tell_run_collector_phase_and_category(records: Records) -> None:
    state = play(Script(collect=raising(ValueError("bad answer"))))
    run = records.run()
    assert (run.status, run.phase, run.category) == ("failed", "collect", "validation")
    assert run.error == "validation: ValueError: bad answer"
    (event,) = records.events(state)
    payload = event["payload"]
    assert event["event"] == "collector.run.failed"
    assert event["resource"]["prefect.resource.id"] == "collector.scripted"
    assert (payload["run_id"], payload["collector"]) == (run.id, "scripted")
    assert (payload["phase"], payload["category"]) == ("collect", "validation")


def failing_then(*outcomes: Exception | None) -> Script:
    pending = iter(outcomes)

    def collect(run: Run) -> CollectResult:
        error = next(pending)
        if error is not None:
            raise error
        return store(run, "a")

    return Script(collect=collect)


@pytest.mark.parametrize(
    "error", [SourceUnavailable("x"), SourceTimedOut("x"), RateLimited("x"), ConnectionError("x")]
)
def test_what_may_pass_is_tried_as_often_as_set(
    records: Records, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setenv("COLLECTOR_RETRIES", "2")
    script = Script(collect=raising(error))
    state = play(script)
    assert state.is_failed()
    assert script.calls.count("collect") == 3
    assert script.calls.count("handle_error") == 1
    assert records.run().status == "failed"


def test_success_on_the_third_attempt_completes_the_same_run(records: Records) -> None:
    script = failing_then(SourceUnavailable("x"), RateLimited("x", retry_after=0), None)
    state = play(script)
    assert state.name == "Completed"
    assert script.calls == ["validate_config", *["collect"] * 3, "sync_pinecone"]
    assert (records.run().status, records.stored()) == ("completed", ["a"])


@pytest.mark.parametrize(
    "error", [ValueError("x"), OddFailure("x"), AccessDenied("x"), ConfigError("x"), TypeError("x")]
)
def test_what_cannot_pass_fails_at_once(records: Records, error: Exception) -> None:
    script = Script(collect=raising(error))
    assert play(script).is_failed()
    assert script.calls.count("collect") == 1


def test_validate_config_is_never_tried_again(records: Records) -> None:
    script = Script(validate_config=raising(SourceUnavailable("x")))
    assert play(script).is_failed()
    assert script.calls == ["validate_config", "handle_error"]


@pytest.mark.parametrize("hook", ["validate_config", "collect", "sync_pinecone"])
def test_a_collector_that_calls_sys_exit_fails_like_any_other(records: Records, hook: str) -> None:
    script = replace(Script(), **{hook: lambda *_: sys.exit(3)})  # type: ignore[arg-type]
    state = play(script)
    assert state.is_failed()
    assert script.calls[-1] == "handle_error"
    run = records.run()
    assert (run.status, run.phase, run.category) == ("failed", hook, "unknown")
    assert "sys.exit(3)" in str(run.error)


@pytest.mark.parametrize(
    "handle_error", [raising(KeyError("second")), raising(SystemExit(1)), lambda *_: None]
)
def test_a_broken_handle_error_does_not_hide_the_original(
    records: Records, handle_error: Callable[..., Any]
) -> None:
    error = ValueError("first")
    state = play(Script(collect=raising(error), handle_error=handle_error))
    with pytest.raises(ValueError, match="first") as raised:
        state.result()
    assert raised.value is error
    run = records.run()
    assert (run.status, run.category, run.error) == (
        "failed",
        "validation",
        "validation: ValueError: first",
    )


def test_the_category_that_handle_error_gives_is_what_ledger_and_event_say(
    records: Records,
) -> None:
    script = Script(
        collect=raising(ValueError("token is old")),
        handle_error=lambda *_: CollectorFailureCategory.AUTH,
    )
    state = play(script)
    assert records.run().category == "auth"
    assert [event["payload"]["category"] for event in records.events(state)] == ["auth"]


def test_a_failing_sync_fails_the_run_though_the_data_is_stored(records: Records) -> None:
    script = Script(collect=lambda run: store(run, "a"), sync_pinecone=raising(OddFailure("x")))
    state = play(script)
    assert state.is_failed()
    assert str(state.message).startswith("sync_pinecone: ")
    assert (records.run().status, records.run().phase) == ("failed", "sync_pinecone")
    assert records.run().counts["inserted"] == 1
    assert records.stored() == ["a"]


def test_a_collect_that_returns_no_result_fails_and_says_so(records: Records) -> None:
    state = play(Script(collect=lambda _: None))
    with pytest.raises(TypeError, match="collect of scripted returned NoneType"):
        state.result()


def test_an_error_that_no_table_can_hold_still_ends_in_the_ledger(records: Records) -> None:
    play(Script(collect=raising(OddFailure("nul \0 and half \ud800"))))
    assert records.run().status == "failed"


def only_failure(records: Records, state: State[Any]) -> dict[str, Any]:
    (event,) = records.events(state)
    assert event["event"] == "collector.run.failed"
    payload: dict[str, Any] = event["payload"]
    return payload


def test_missing_settings_are_a_config_error_with_one_event(
    records: Records, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("BDC_HOME", "/nowhere")
    script = Script()
    state = play(script)
    assert (state.name, script.calls) == ("ConfigError", [])
    assert "DATABASE_URL" in str(state.message)
    assert only_failure(records, state)["category"] == "config"
    assert len(errors_of_ours(caplog)) == 1
    assert tracebacks(caplog) == []


def test_a_database_that_cannot_be_reached_is_a_network_failure_with_one_event(
    records: Records, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody:hunter2@127.0.0.1:1/none")
    state = play(Script())
    assert state.is_failed()
    assert str(state.message).startswith("start: network: OperationalError")
    payload = only_failure(records, state)
    assert (payload["phase"], payload["category"]) == ("start", "network")
    assert len(tracebacks(caplog)) == 1
    assert "hunter2" not in caplog.text


def test_a_collector_that_cannot_be_built_fails_with_its_secret_hidden(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    state = play(Script(build=raising(OddFailure("https://x:hunter22@host/"))))
    with pytest.raises(OddFailure) as raised:
        state.result()
    assert "hunter22" not in f"{raised.value}{state.message}{caplog.text}"
    assert only_failure(records, state)["category"] == "unknown"
