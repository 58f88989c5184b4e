"""At most so many runs of a collector at once, counted by the server."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress

import pytest
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate

from flows.limits import slot
from services.errors import ConfigError
from services.runs.result import CollectResult
from services.runs.run import Run
from tests.flows.records import QUIET, Records
from tests.support.local_stack import LocalPrefect, poll
from tests.support.scripted_collector import NAME, Script, play

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
LIMIT = f"collector:{NAME}"


class OneSlot:
    """A limit of one, as the server counts it."""

    def __init__(self, prefect: LocalPrefect) -> None:
        self._client = prefect.client

    @property
    def taken(self) -> int:
        return self._client.read_global_concurrency_limit_by_name(LIMIT).active_slots


@pytest.fixture
def limit(prefect_api: LocalPrefect) -> Iterator[OneSlot]:
    """One run of the scripted collector at once."""
    wanted = GlobalConcurrencyLimitCreate(name=LIMIT, limit=1)
    prefect_api.client.create_global_concurrency_limit(wanted)
    yield OneSlot(prefect_api)
    prefect_api.client.delete_global_concurrency_limit_by_name(LIMIT)


def wait_for_line(program: subprocess.Popen[str], words: str) -> None:
    output = program.stdout
    assert output is not None
    poll(lambda: words in output.readline(), 90, words)


def test_without_a_limit_nobody_waits_and_nothing_is_said(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    assert play(Script()).name == "Completed"
    assert "slot" not in caplog.text


def test_a_run_holds_its_slot_from_beginning_to_end(records: Records, limit: OneSlot) -> None:
    def collect(run: Run) -> CollectResult:
        assert limit.taken == 1
        return run.result

    assert play(Script(collect=collect)).name == "Completed"
    assert limit.taken == 0


@pytest.mark.parametrize("ending", [ValueError("x"), ConfigError("x"), KeyboardInterrupt()])
@pytest.mark.parametrize("dry_run", [False, True])
def test_the_slot_is_free_however_a_run_ends(
    records: Records, limit: OneSlot, ending: BaseException, dry_run: bool
) -> None:
    def collect(run: Run) -> CollectResult:
        raise ending

    with suppress(KeyboardInterrupt):
        play(Script(collect=collect), dry_run=dry_run)
    assert limit.taken == 0


def test_who_finds_all_slots_taken_says_so_and_goes_on_when_one_is_free(
    prefect_api: LocalPrefect, limit: OneSlot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    pauses: list[float] = []
    first = slot(NAME)
    first.__enter__()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            first.__exit__(None, None, None)

    with slot(NAME, sleep):
        assert limit.taken == 1
    assert caplog.text.count(f"waiting for a slot: as many runs as the limit {LIMIT} allows") == 1
    assert len(pauses) == 3
    assert max(pauses) <= 5


def test_two_processes_run_one_after_the_other_and_a_stop_frees_the_slot(
    records: Records, limit: OneSlot
) -> None:
    first = records.start_program("linger")
    wait_for_line(first, "in flight")
    second = records.start_program("linger")
    wait_for_line(second, "waiting for a slot")
    assert [run.pid for run in records.runs()] == [first.pid]
    first.send_signal(signal.SIGTERM)
    wait_for_line(second, "in flight")
    assert [run.pid for run in records.runs()] == [first.pid, second.pid]
    second.send_signal(signal.SIGTERM)
    for program in (first, second):
        program.communicate(timeout=120)
    assert limit.taken == 0
