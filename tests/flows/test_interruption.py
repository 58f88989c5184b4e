"""Somebody stops a run: it ends at once, says so, and what was in flight is undone."""

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import pytest
from prefect.exceptions import TerminationSignal

from services.runs.result import CollectResult
from services.runs.run import Run
from tests.flows.records import QUIET, Records
from tests.support.local_stack import PATIENCE, poll
from tests.support.scripted_collector import Script, play, store, write

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
SECONDS_TO_END = 15


@pytest.fixture
def sigterm_is_harmless() -> Iterator[None]:
    """Prefect passes a SIGTERM that ended a flow on to the process."""
    previous = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, previous)


@pytest.mark.usefixtures("sigterm_is_harmless")
@pytest.mark.parametrize("stop", [KeyboardInterrupt(), TerminationSignal(signal.SIGTERM)])
def test_an_interrupted_run_says_so_and_undoes_what_was_in_flight(
    records: Records, stop: BaseException
) -> None:
    def collect(run: Run) -> CollectResult:
        store(run, "earlier")
        with run.transaction() as session:
            write(session, ["in flight"])
            raise stop

    script = Script(collect=collect)
    with pytest.raises(type(stop)) as raised:
        play(script)
    assert raised.value is stop
    assert script.calls == ["validate_config", "collect"]
    run = records.run()
    assert (run.status, run.phase, run.category) == ("interrupted", "collect", None)
    assert run.error == f"stopped by {type(stop).__name__}"
    assert records.stored() == ["earlier"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_real_process_within_seconds(
    records: Records, number: signal.Signals
) -> None:
    program = records.start_program("linger")
    output = program.stdout
    assert output is not None
    poll(lambda: "in flight" in output.readline(), 90, "a batch in flight")
    sent = time.monotonic()
    program.send_signal(number)
    program.communicate(timeout=240)
    assert time.monotonic() - sent < SECONDS_TO_END * PATIENCE
    assert program.returncode != 0
    assert records.run().status == "interrupted"
    assert records.stored() == ["earlier"]


def test_ctrl_c_works_again_as_before_after_a_run(records: Records) -> None:
    before = signal.getsignal(signal.SIGINT)
    play(Script())
    assert signal.getsignal(signal.SIGINT) is before


def test_a_run_in_another_thread_leaves_signals_alone(records: Records) -> None:
    with ThreadPoolExecutor(1) as executor:
        state = executor.submit(copy_context().run, play, Script()).result()
    assert state.name == "Completed"
