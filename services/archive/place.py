"""Where the archive lies: a folder of this machine, or any URL that fsspec writes to."""

import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from services.errors import ConfigError
from services.redaction import redact
from services.settings import PlatformSettings

OFF = "none"
FOLDER = "archive"


class ArchivePlace:
    """Files that grow, by their paths under one root.

    A folder's files are appended to; a store's, which know no appending, are put there anew.

    Raises:
        ConfigError: when made: nothing here can write to such a URL.
    """

    def __init__(self, url: str) -> None:
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"RAW_ARCHIVE_URL: {error}") from error
        self.url = redact(url)
        self._is_folder = isinstance(self._files, LocalFileSystem)

    def write(self, path: str, whole: bytes, stored: int) -> None:
        """Have `path` hold `whole`, durably, of which the first `stored` bytes lie there already.

        Raises:
            OSError: it could not be written, all of it.
        """
        target = f"{self._root}/{path}"
        if self._is_folder:
            _append(Path(target), whole, stored)
        else:
            self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
            self._files.pipe_file(target, whole)

    def read(self, path: str) -> bytes | None:
        """All of a file; None when there is none."""
        try:
            content: bytes = self._files.cat_file(f"{self._root}/{path}")
        except FileNotFoundError:
            return None
        return content

    def paths(self) -> Iterator[str]:
        """Every file under the root; nothing where nobody has written yet."""
        root = f"{self._root}/"
        yield from (one.partition(root)[2] for one in self._files.find(self._root) if root in one)

    def remove(self, path: str) -> None:
        """Remove a file, if it is there."""
        try:
            self._files.rm_file(f"{self._root}/{path}")
        except FileNotFoundError:
            return


def open_archive(settings: PlatformSettings) -> ArchivePlace | None:
    """The archive that is set up; None when it is switched off.

    Raises:
        ConfigError: nothing here can write to its URL.
    """
    url = settings.raw_archive_url or str(settings.home / FOLDER)
    return None if url.strip().lower() == OFF else ArchivePlace(url)


def _append(file: Path, whole: bytes, stored: int) -> None:
    """What a failed attempt has left behind the `stored` bytes is overwritten."""
    _make_folder(file.parent)
    is_whole = stored > 0 and file.exists() and file.stat().st_size >= stored
    kept = stored if is_whole else 0
    with file.open("r+b" if kept else "wb") as opened:
        opened.seek(kept)
        opened.truncate()
        opened.write(whole[kept:])
        opened.flush()
        os.fsync(opened.fileno())
    if not kept:
        _sync_folder(file.parent)


def _make_folder(folder: Path) -> None:
    """Readable to its owner only: it holds whatever sources say, the private ones too."""
    if folder.exists():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """A file whose name is not on the disk is lost with the power, whatever was written to it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
