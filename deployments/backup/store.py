"""Where backups lie: one folder each, in a folder of this machine or at any URL that fsspec reads.

A backup is complete when it has its file of checksums, which is written last and can be checked
without us: `sha256sum --check SHA256SUMS`.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from deployments.backup.programs import BLOCK_BYTES, BackupFailed
from services.errors import ConfigError

CHECKSUMS = "SHA256SUMS"
NAME_FORMAT = "%Y%m%dT%H%M%SZ"
NAME = re.compile(r"\d{8}T\d{6}Z")
# No backup takes longer: one without checksums that is older was cut short.
UNFINISHED_FOR = timedelta(days=1)


class HashingFile:
    """A file that is written and hashed at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def write(self, block: bytes) -> None:
        """Append."""
        self._file.write(block)
        self._digest.update(block)
        self.size += len(block)

    @property
    def sha256(self) -> str:
        """Of everything written so far."""
        return self._digest.hexdigest()


class BackupStore:
    """The backups at one place, by name: the UTC time they were begun.

    Raises:
        ConfigError: when made: nothing here can read such a URL.
    """

    def __init__(self, target: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(target)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"BACKUP_TARGET: {error}") from error

    def names(self) -> list[str]:
        """The complete ones, oldest first."""
        return [name for name in self._folders() if self._is_complete(name)]

    def create(self, now: datetime) -> str:
        """A folder of its own for a new one; its name.

        Raises:
            BackupFailed: another one was begun in the same second.
        """
        name = f"{now.astimezone(UTC):{NAME_FORMAT}}"
        folder = self._path(name)
        if self._files.exists(folder):
            raise BackupFailed(f"another backup is being made, or was, at {name}")
        if isinstance(self._files, LocalFileSystem):
            Path(self._root).mkdir(parents=True, exist_ok=True)
            Path(folder).mkdir(mode=0o700)  # it holds whatever the database does
        return name

    @contextmanager
    def write(self, name: str, file: str) -> Iterator[HashingFile]:
        """A new file of the backup `name`."""
        self._files.makedirs(self._path(name), exist_ok=True)
        with self._files.open(self._path(name, file), "wb") as opened:
            yield HashingFile(opened)

    def read(self, name: str, file: str) -> Iterator[bytes]:
        """A file of it, block by block."""
        with self._files.open(self._path(name, file), "rb") as opened:
            while block := opened.read(BLOCK_BYTES):
                yield block

    def complete(self, name: str, sums: dict[str, str]) -> None:
        """From now on it counts; `sums` is what each of its files hashes to."""
        lines = "".join(f"{digest}  {file}\n" for file, digest in sums.items())
        with self.write(name, CHECKSUMS) as file:
            file.write(lines.encode())

    def verify(self, name: str) -> None:
        """Read everything once.

        Raises:
            BackupFailed: a file is missing or is not what was written.
        """
        text = b"".join(self.read(name, CHECKSUMS)).decode()
        for line in text.splitlines():
            digest, _, file = line.partition("  ")
            if self._hash(name, file) != digest:
                raise BackupFailed(f"backup {name} is damaged: {file} is not what was written")

    def prune(self, keep: int, now: datetime) -> list[str]:
        """Remove all but the `keep` newest complete ones, and what was cut short; their names."""
        complete = self.names()
        limit = f"{now.astimezone(UTC) - UNFINISHED_FOR:{NAME_FORMAT}}"
        unfinished = [name for name in self._folders() if name not in complete and name < limit]
        old = [*complete[:-keep], *unfinished]
        for name in old:
            self._files.rm(self._path(name), recursive=True)
        return old

    def _is_complete(self, name: str) -> bool:
        """A file of checksums without any was cut short as it was made: nothing could be checked."""
        checksums = self._path(name, CHECKSUMS)
        return bool(self._files.exists(checksums) and self._files.size(checksums))

    def _folders(self) -> list[str]:
        if not self._files.exists(self._root):
            return []
        entries: list[Any] = self._files.ls(self._root, detail=False)
        names = (str(entry).rstrip("/").rpartition("/")[2] for entry in entries)
        return sorted(name for name in names if NAME.fullmatch(name))

    def _hash(self, name: str, file: str) -> str | None:
        if not self._files.exists(self._path(name, file)):
            return None
        digest = hashlib.sha256()
        for block in self.read(name, file):
            digest.update(block)
        return digest.hexdigest()

    def _path(self, name: str, file: str = "") -> str:
        return "/".join(part for part in (self._root.rstrip("/"), name, file) if part)
