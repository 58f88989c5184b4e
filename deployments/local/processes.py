"""Child processes of one machine: started clean, remembered across a crash, ended for certain."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import psutil

from services.errors import ConfigError

LOG_BYTES = 10_000_000
KILL_SECONDS = 5.0
# The system derives a start time from a boot time that clock adjustments move a little.
CREATE_TIME_TOLERANCE = 2.0
# Dispositions that are ignored, and masks, survive an exec: a worker that inherits an ignored
# SIGINT can never be stopped. Undone in the child itself, which works from any thread.
LAUNCHER = """
import os, signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, ())
os.execvp(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class ProcessRecord:
    """What tells a process from a later one that got its id."""

    name: str
    pid: int
    create_time: float
    command: list[str]

    def find(self) -> psutil.Process | None:
        """The process, if it still is the one that was recorded; at first it is its launcher."""
        try:
            process = psutil.Process(self.pid)
            same_start = abs(process.create_time() - self.create_time) < CREATE_TIME_TOLERANCE
            same_command = process.cmdline()[-len(self.command) :] == self.command
        except psutil.Error:
            return None
        return process if same_start and same_command else None


class ProcessRecords:
    """The children that live now, in a file, in the order of their start."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, name: str, process: psutil.Process, command: Sequence[str]) -> None:
        """Remember a child under the command it was given."""
        record = ProcessRecord(name, process.pid, process.create_time(), list(command))
        self._write([*self.read(), record])

    def remove(self, pid: int) -> None:
        """Forget a child that has ended."""
        self._write([record for record in self.read() if record.pid != pid])

    def read(self) -> list[ProcessRecord]:
        """Everything recorded; a file cut short by a crash counts as empty."""
        try:
            return [ProcessRecord(**fields) for fields in json.loads(self._path.read_text())]
        except (FileNotFoundError, ValueError, TypeError):
            return []

    def _write(self, records: list[ProcessRecord]) -> None:
        text = json.dumps([asdict(record) for record in records], indent=1)
        write_private(self._path, text)


class Child:
    """One program of ours: its process, its log and its record."""

    def __init__(self, name: str, *, records: ProcessRecords, log: Path | None) -> None:
        self.name = name
        self.log = log
        self._records = records
        self.process: psutil.Popen | None = None

    def start(self, command: Sequence[str], env: Mapping[str, str]) -> None:
        """Start it in a session of its own, where a Ctrl-C in our terminal does not reach it.

        Output goes to the log, or without one to where ours goes.
        """
        with signals_held(), _output(self.log) as output:
            self.process = psutil.Popen(
                [sys.executable, "-I", "-S", "-c", LAUNCHER, *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output else None,
                env=dict(env),
                start_new_session=True,
            )
            self._records.add(self.name, self.process, command)

    def has_ended(self) -> bool:
        """Whether it was started and is no more."""
        return self.process is not None and self.process.poll() is not None

    def last_words(self) -> str:
        """How it ended, in the last line of its log, and where that is."""
        status = self.process.poll() if self.process else None
        if self.log is None:
            return f"exit status {status}"
        return f"exit status {status}: {last_line(self.log)} (log: {self.log})"

    def forget(self) -> None:
        """Take the ended process from the records."""
        if self.process is not None:
            self._records.remove(self.process.pid)


def stop(process: psutil.Process, timeout: float) -> None:
    """SIGTERM, then after `timeout` seconds SIGKILL; gone on return."""
    stop_all([process], timeout)


def stop_all(processes: Sequence[psutil.Process], timeout: float) -> None:
    """Ask all of them together to end, and after `timeout` seconds make the rest."""
    for process in processes:
        send(process, signal.SIGTERM)
    for stubborn in wait_until_gone(processes, timeout):
        send(stubborn, signal.SIGKILL)
    wait_until_gone(processes, KILL_SECONDS)


def send(process: psutil.Process, number: signal.Signals) -> None:
    """Send a signal; a process that has ended meanwhile is no error."""
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def wait_until_gone(processes: Sequence[psutil.Process], timeout: float) -> list[psutil.Process]:
    """Those that still live after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while alive := [process for process in processes if not _is_gone(process)]:
        if time.monotonic() > deadline:
            return alive
        time.sleep(0.02)
    return []


def _is_gone(process: psutil.Process) -> bool:
    """A zombie is gone: in a container nobody may ever collect it."""
    if isinstance(process, psutil.Popen):
        return process.poll() is not None
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(url: str, timeout: float, child: Child) -> None:
    """Return when `url` answers with success.

    Raises:
        ConfigError: the child has ended, with its last words, or `timeout` seconds are over.
    """
    deadline = time.monotonic() + timeout
    while not answers(url):
        if child.has_ended():
            raise ConfigError(f"{child.name} ended while starting: {child.last_words()}")
        if time.monotonic() > deadline:
            raise ConfigError(f"{child.name} gave no answer in {timeout:.0f} s (log: {child.log})")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Whether a GET succeeds within two seconds; proxies of the environment are not asked."""
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def last_line(path: Path) -> str:
    """The last line that says something, from the last 64 KiB."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 65536))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def write_private(path: Path, text: str) -> None:
    """Replace a file's content in one step, readable to its owner only."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


def rotate(log: Path) -> None:
    """Move a log that has grown large aside, so that at most two are kept."""
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


@contextmanager
def _output(log: Path | None) -> Iterator[int | None]:
    if log is None:
        yield None
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    rotate(log)
    with log.open("ab") as file:
        yield file.fileno()


@contextmanager
def signals_held() -> Iterator[None]:
    """Between a fork and its record no interrupt may make us forget the child."""
    asking = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, asking)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
