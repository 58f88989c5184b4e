"""`bdc up` starts everything, ends everything, and gets over having been killed."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import psycopg
import pytest

from conformance.servers import free_port
from deployments.connection import open_client
from deployments.local import processes, stack
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.prefect_server import async_url, choose_port
from deployments.local.processes import Child, ProcessRecord, ProcessRecords, send, wait_until_gone
from deployments.local.reconcile import engines_under
from deployments.local.stack import StackSteps, hold_lock, up
from services.errors import ConfigError
from services.settings import STACK_FILE, PlatformSettings
from tests.support.local_stack import ROOT, LocalPrefect, poll

pytestmark = pytest.mark.xdist_group("cluster")

READY = "Running; Ctrl-C stops everything"
NOTHING = StackSteps(migrate=print, register=print, first_run=len)


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="bdc-"))
    yield path
    for process in living(path):
        processes.stop_all([process, *process.children(recursive=True)], timeout=0)
    EmbeddedPostgres(path / "postgres").stop()
    # A start that was interrupted may have left a part of initdb that still writes.
    shutil.rmtree(path, ignore_errors=True)


@dataclass
class Up:
    """A running `up` and what it said."""

    process: subprocess.Popen[bytes]
    log: Path

    def wait_for(self, words: str, timeout: float = 90) -> None:
        def said() -> bool:
            assert self.process.poll() is None or words in self.log.read_text(), (
                self.log.read_text()
            )
            return words in self.log.read_text()

        poll(lambda: said() or None, timeout, f"{words!r} from up")

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(240)


def start_up(home: Path, *arguments: str, port: int | None = None) -> Up:
    environment = {name: value for name, value in os.environ.items() if "DATABASE_URL" not in name}
    environment |= {"BDC_HOME": str(home), "BDC_PORT": str(port or free_port())}
    environment["BDC_STATUS_PORT"] = str(free_port())
    log = home / f"up-{len(list(home.glob('up-*.log')))}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.sample_stack", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    return Up(process, log)


def living(home: Path) -> list[psutil.Process]:
    records = ProcessRecords(home / stack.RECORDS_FILE).read()
    return [process for record in records if (process := record.find()) is not None]


def assert_nothing_is_left(home: Path) -> None:
    assert living(home) == []
    assert not EmbeddedPostgres(home / "postgres").is_running()
    assert not (home / STACK_FILE).exists()


def settings(home: Path, port: int | None = None) -> PlatformSettings:
    return PlatformSettings(bdc_home=home, bdc_port=port or free_port())


def test_killed_with_kill_9_then_started_again_beside_a_second_one_and_stopped(home: Path) -> None:
    first = start_up(home)
    first.wait_for(READY)
    addresses = json.loads((home / STACK_FILE).read_text())
    assert (home / STACK_FILE).stat().st_mode & 0o777 == 0o600
    assert addresses["pid"] == first.process.pid
    of_prefect = addresses["prefect_api_database_connection_url"]
    assert of_prefect.startswith("postgresql+asyncpg://postgres@/prefect?host=")
    with psycopg.connect(addresses["database_url"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")
    left = living(home)
    assert len(left) == 3
    first.end(signal.SIGKILL)

    port = int(addresses["prefect_api_url"].split(":")[2].removesuffix("/api"))
    second = start_up(home, port=port)
    second.wait_for(READY)
    assert wait_until_gone(left, 0) == []
    said = second.log.read_text()
    for name in ("worker", "status page"):
        assert f"Ending the {name} that an earlier run left" in said
    assert f"Prefect UI   http://127.0.0.1:{port}\n" in said
    with psycopg.connect(addresses["database_url"]) as connection:
        connection.execute("SELECT * FROM kept")

    third = start_up(home)
    assert third.process.wait(240) == 2
    refusal = third.log.read_text()
    assert refusal.count("\n") == 1
    assert f"pid {second.process.pid}" in refusal
    assert f"http://127.0.0.1:{port}" in refusal

    assert second.end(signal.SIGINT) == 0
    assert_nothing_is_left(home)


def test_a_part_that_ends_by_itself_ends_up_with_one_line_that_names_its_log(home: Path) -> None:
    run = start_up(home)
    run.wait_for(READY)
    at_work = start_flow_run(home)
    worker = next(r for r in ProcessRecords(home / stack.RECORDS_FILE).read() if r.name == "worker")
    send(psutil.Process(worker.pid), signal.SIGKILL)
    assert run.process.wait(240) == 2
    last = run.log.read_text().splitlines()[-1]
    assert last.startswith("The worker ended by itself: exit status -9")
    assert str(home / "logs" / "worker.log") in last
    assert wait_until_gone([at_work], 0) == []
    assert_nothing_is_left(home)


def start_flow_run(home: Path) -> psutil.Process:
    """One that would go on without its worker."""
    api_url = json.loads((home / STACK_FILE).read_text())["prefect_api_url"]
    with open_client(api_url) as client:
        LocalPrefect(home, "", api_url, client).start_run("long", "bdc")
    return poll(lambda: next(iter(engines_under(home)), None), 45, "a flow run at work")


def test_once_ends_with_the_status_of_the_first_run(home: Path) -> None:
    run = start_up(home, "--once")
    assert run.process.wait(600) == 3, run.log.read_text()
    assert_nothing_is_left(home)


@pytest.mark.parametrize("words", ["Starting PostgreSQL", "Starting the Prefect server"])
def test_ctrl_c_during_the_start_leaves_nothing(home: Path, words: str) -> None:
    run = start_up(home)
    run.wait_for(words)
    assert run.end(signal.SIGINT) == stack.INTERRUPTED_STATUS
    assert run.log.read_text().splitlines()[-1] == "Stopping"
    assert_nothing_is_left(home)


def test_a_step_that_fails_half_way_ends_what_was_started(home: Path) -> None:
    def refuse(url: str) -> None:
        raise ConfigError(f"no tables in {url.partition('?')[0]}")

    steps = StackSteps(migrate=refuse, register=NOTHING.register, first_run=NOTHING.first_run)
    with pytest.raises(ConfigError, match="no tables in postgresql://postgres@/bdc"):
        up(settings(home), once=False, steps=steps, report=print)
    assert_nothing_is_left(home)


def test_a_second_one_is_refused_while_the_first_is_still_starting(home: Path) -> None:
    with hold_lock(home), pytest.raises(ConfigError, match=f"pid {os.getpid()}"):
        up(settings(home), once=False, steps=NOTHING, report=print)


def test_a_taken_port_is_passed_over_and_said() -> None:
    said: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        chosen = choose_port(taken, said.append)
    assert taken < chosen <= taken + 20
    assert said == [f"Port {taken} is taken by another program: using {chosen}"]


def test_a_database_that_does_not_answer_is_one_line_without_its_password(home: Path) -> None:
    url = f"postgresql+psycopg://me:secret@127.0.0.1:{free_port()}/bdc"
    given = PlatformSettings.model_validate({"bdc_home": home, "database_url": url})
    with pytest.raises(ConfigError, match=r"^DATABASE_URL") as failure:
        up(given, once=False, steps=NOTHING, report=print)
    assert "secret" not in str(failure.value)
    assert "\n" not in str(failure.value)


def test_the_servers_own_database_lies_beside_ours() -> None:
    given = "postgresql+psycopg://me:s%40@db:5433/bdc?sslmode=require"
    assert async_url(given, "prefect") == "postgresql+asyncpg://me:s%40@db:5433/prefect?ssl=require"
    local = "postgresql://postgres@/bdc?host=/run/my%20pg"
    wanted = "postgresql+asyncpg://postgres@/prefect?host=/run/my+pg"
    assert async_url(local, "prefect") == wanted


def test_a_record_names_a_process_only_with_its_start_and_command(home: Path) -> None:
    me = psutil.Process()
    record = ProcessRecord("me", me.pid, me.create_time(), me.cmdline())
    assert record.find() == me
    assert ProcessRecord("me", me.pid, me.create_time() - 60, me.cmdline()).find() is None
    assert ProcessRecord("me", me.pid, me.create_time(), ["other"]).find() is None


def test_a_child_is_found_from_its_first_moment(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the launcher has become the program: who is killed then leaves it all the same."""
    monkeypatch.setattr(processes, "LAUNCHER", "import time; time.sleep(600)")
    records = ProcessRecords(home / stack.RECORDS_FILE)
    child = Child("late", records=records, log=home / "late.log")
    child.start(["/bin/true", "--much"], os.environ)
    assert living(home) == [child.process]
    assert child.process is not None
    processes.stop(child.process, timeout=0)


def test_records_cut_short_by_a_crash_count_as_none(home: Path) -> None:
    path = home / "processes.json"
    path.write_text('[{"name": "wor')
    assert ProcessRecords(path).read() == []
