"""The embedded PostgreSQL survives what happens to a program on somebody's own machine."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import psycopg
import pytest

from conformance.servers import UNSAFE_BUT_QUICK
from deployments.local import postgres as embedded
from deployments.local.postgres import LONGEST_SOCKET_PATH, SOCKET_NAME, EmbeddedPostgres
from deployments.local.processes import wait_until_gone
from deployments.local.system_account import SystemAccount, find_account, require_reach
from services.errors import ConfigError

ROOT = Path(__file__).parents[2]
START_AND_ASK = """
import sys
from pathlib import Path
import psycopg
from tests.support.postgres import start_test_postgres
server = start_test_postgres(Path(sys.argv[1]))
with psycopg.connect(server.url("postgres")) as connection:
    print(*connection.execute("SELECT 'answered'").fetchone())
server.stop()
"""


@pytest.fixture
def base() -> Iterator[Path]:
    """Short, and open to every account, which pytest's own temporary directories are not."""
    path = Path(tempfile.mkdtemp(prefix="bdc-"))
    path.chmod(0o755)
    yield path
    EmbeddedPostgres(path / "pg").stop()
    # Whose start was killed may have left an initdb that still writes.
    shutil.rmtree(path, ignore_errors=True)


def quick(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, settings=UNSAFE_BUT_QUICK)


def ask(server: EmbeddedPostgres, query: str, database: str = "postgres") -> object:
    with psycopg.connect(server.url(database), autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def postmaster(server: EmbeddedPostgres) -> psutil.Process:
    return psutil.Process(int((server.data_dir / "postmaster.pid").read_text().split()[0]))


def kill_hard(server: EmbeddedPostgres) -> None:
    process = postmaster(server)
    process.kill()
    assert not wait_until_gone([process], timeout=60)


def test_started_used_again_and_stopped(base: Path) -> None:
    server = quick(base / "pg")
    server.start()
    server.ensure_database("bdc")
    server.ensure_database("bdc")
    first = postmaster(server)
    quick(base / "pg").start()
    assert postmaster(server) == first
    assert ask(server, "SELECT 'ünïcode'", "bdc") == "ünïcode"
    assert ask(server, "SHOW listen_addresses") == ""
    server.stop()
    server.stop()
    assert not server.is_running()


def test_a_row_committed_before_kill_9_is_there_after_the_next_start(base: Path) -> None:
    server = EmbeddedPostgres(base / "pg")
    server.start()
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    kill_hard(server)
    assert not server.is_running()
    server.start()
    assert ask(server, "SELECT n FROM kept") == 7


def test_a_session_that_outlives_its_killed_server_does_not_stop_the_next_start(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ORPHAN_SECONDS", 0.5)
    server = quick(base / "pg")
    server.start()
    with psycopg.connect(server.url("postgres")) as connection:
        busy = psutil.Process(connection.info.backend_pid)
        busy.suspend()
        kill_hard(server)
        server.start()
        assert not wait_until_gone([busy], timeout=0)
    assert ask(server, "SELECT 1") == 1


def test_a_pid_file_that_names_a_process_of_something_else_is_stale(base: Path) -> None:
    server = quick(base / "pg")
    server.start()
    server.stop()
    pid_file = server.data_dir / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{server.data_dir}\n")
    (server.data_dir / f"{SOCKET_NAME}.lock").write_text(f"{os.getpid()}\n")
    assert not server.is_running()
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_an_empty_pid_file_is_stale(base: Path) -> None:
    server = quick(base / "pg")
    server.start()
    server.stop()
    (server.data_dir / "postmaster.pid").touch()
    server.start()
    assert server.is_running()


def test_a_path_too_long_for_a_socket_gets_a_short_private_directory(base: Path) -> None:
    server = quick(base / ("long" * 30) / "it's, a path" / "pg")
    server.start()
    try:
        assert ask(server, "SELECT 1") == 1
        socket_dir = server.socket_dir
        assert len(str(socket_dir / SOCKET_NAME)) <= LONGEST_SOCKET_PATH
        assert socket_dir.stat().st_mode & 0o777 == 0o700
        assert quick(server.data_dir).url("postgres") == server.url("postgres")
    finally:
        server.stop()
    assert not socket_dir.exists()


def test_a_socket_directory_of_somebody_else_is_refused(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(base))
    server = quick(base / ("long" * 30) / "pg")
    server.socket_dir.symlink_to(base)
    with pytest.raises(ConfigError, match="belongs to somebody else"):
        server.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_programs_below_a_closed_directory_are_refused_with_what_to_do(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigError, match="make the virtual environment below a directory open"):
        require_reach(closed / "bin")
    closed.chmod(0o711)
    require_reach(closed / "bin")


def test_a_data_directory_below_a_closed_directory_works(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    server = quick(closed / "pg")
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert closed.stat().st_mode & 0o777 == 0o700
    server.stop()


def test_it_runs_as_a_normal_user(base: Path) -> None:
    command = [sys.executable, "-c", START_AND_ASK, str(base)]
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("needs setpriv to become a normal user")
        os.chown(base, 65534, 65534)
        ability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        command = [
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
            *ability,
            *command,
        ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "answered", done.stderr


def test_a_start_killed_half_way_through_initdb_leaves_nothing_in_the_way(base: Path) -> None:
    starting = subprocess.Popen([sys.executable, "-c", START_AND_ASK, str(base)], cwd=ROOT)
    deadline = time.monotonic() + 120
    while not list(base.glob("pg.incomplete-*/base")):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    starting.send_signal(signal.SIGKILL)
    starting.wait()
    server = quick(base / "pg")
    server.start()
    assert ask(server, "SELECT 1") == 1


def test_an_interrupt_waits_until_the_server_can_be_found_and_ended(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = embedded._run

    def interrupted(
        account: SystemAccount, command: Sequence[str]
    ) -> subprocess.CompletedProcess[str]:
        if command[-1] == "start":
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
        return run(account, command)

    monkeypatch.setattr(embedded, "_run", interrupted)
    server = quick(base / "pg")
    with pytest.raises(KeyboardInterrupt):
        server.start()
    assert server.is_running()


def test_a_server_that_cannot_start_says_why_in_one_line(base: Path) -> None:
    server = quick(base / "pg")
    server.start()
    server.stop()
    broken = EmbeddedPostgres(base / "pg", settings={"max_connections": "many"})
    with pytest.raises(
        ConfigError, match=r"did not start: .*(max_connections|bdc.conf)"
    ) as failure:
        broken.start()
    assert str(server.log) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_without_the_wheel_the_message_names_the_extra_and_the_setting(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "WHEEL", "no_such_wheel")
    with pytest.raises(ConfigError, match=r"DATABASE_URL.*\[embedded\]"):
        quick(base / "pg").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_setpriv_is_told_what_to_do(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(base))
    with pytest.raises(ConfigError, match="run as a normal user or set DATABASE_URL"):
        find_account([base])
