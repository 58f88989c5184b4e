"""pg_dump, pg_restore and psql as children: where they are, what they say, and that they end."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO

from deployments.local.postgres import find_programs
from services.errors import CollectorError, ConfigError

BLOCK_BYTES = 1 << 20


class BackupFailed(CollectorError):
    """It was not made, or not put back; what was there before is there still."""


@dataclass(frozen=True)
class Program:
    """A child that runs, and where it complains."""

    name: str
    process: subprocess.Popen[bytes]
    complaints: IO[bytes]

    @property
    def stdin(self) -> BinaryIO:
        """What it reads."""
        return _pipe(self.process.stdin)

    @property
    def stdout(self) -> BinaryIO:
        """What it writes."""
        return _pipe(self.process.stdout)

    def end_input(self) -> None:
        """Nothing more to read for it; one that has ended already is no error here."""
        with suppress(BrokenPipeError):
            self.stdin.close()

    def failure(self) -> str | None:
        """Wait for its end; in its own words what went wrong, None when nothing did."""
        if self.process.wait() == 0:
            return None
        return f"{self.name} failed: {self._last_words()}"

    def require_success(self) -> None:
        """Wait for its end.

        Raises:
            BackupFailed: it did not succeed.
        """
        if (failure := self.failure()) is not None:
            raise BackupFailed(failure)

    def _last_words(self) -> str:
        """The first error that it told; else its last line."""
        self.complaints.seek(0)
        lines = [
            line.strip() for line in self.complaints.read().decode(errors="replace").splitlines()
        ]
        errors = [line for line in lines if "error:" in line.lower()]
        return next(iter(errors or list(filter(None, reversed(lines)))), "it said nothing")


@contextmanager
def running(
    name: str,
    *arguments: str,
    environment: Mapping[str, str],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
) -> Iterator[Program]:
    """One of PostgreSQL's programs, gone when the block ends."""
    command: Sequence[str] = [str(_find(name)), *arguments]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=complaints,
            env={**environment, "LC_ALL": "C"},
        )
        try:
            yield Program(name, process, complaints)
        finally:
            process.kill()
            _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _find(name: str) -> Path:
    """Of the wheel where it is installed: it is as new as any server; else of the system."""
    folder = find_programs()
    found = folder / name if folder else shutil.which(name)
    if found is None:
        raise ConfigError(f"{name} is not installed: install PostgreSQL's client programs")
    return Path(found)


def _pipe(stream: IO[bytes] | None) -> BinaryIO:
    if stream is None:
        raise TypeError("the program was started without this pipe")
    return stream  # type: ignore[return-value]
