"""Texts into files: all of them, or none."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from services.errors import ConfigError

Changes = Mapping[str, str | None]
"""A place in the repository → its new text; None: the file goes."""


def install(root: Path, changes: Changes) -> None:
    """Make the changes.

    New texts are written beside the repository's files first and then renamed into their places.
    What has been done when something fails, or somebody interrupts, is undone.

    Raises:
        ConfigError: a file cannot be written; everything is as it was.
    """
    try:
        with (
            TemporaryDirectory(dir=root, prefix=".bdc-new-") as folder,
            _undone_on_failure() as undo,
        ):
            ready = _written(Path(folder), changes)
            for number, place in enumerate(changes):
                _replace(root / place, ready.get(place), Path(folder) / f"{number}.old", undo)
    except OSError as error:
        raise ConfigError(f"{error.filename}: {error.strerror}; nothing was changed") from error


@contextmanager
def _undone_on_failure() -> Iterator[ExitStack]:
    with ExitStack() as undo:
        yield undo
        undo.pop_all()


def _written(folder: Path, changes: Changes) -> dict[str, Path]:
    """The new texts in files of this folder, by their places."""
    ready: dict[str, Path] = {}
    for number, (place, text) in enumerate(changes.items()):
        if text is not None:
            ready[place] = folder / f"{number}.new"
            ready[place].write_text(text, encoding="utf-8")
    return ready


def _replace(place: Path, new: Path | None, backup: Path, undo: ExitStack) -> None:
    """How to undo a step is known before it is taken: an interruption may come in between."""
    _make_folders(place.parent, undo)
    if place.exists():
        shutil.copy2(place, backup)
        undo.callback(backup.replace, place)
    else:
        undo.callback(place.unlink, missing_ok=True)
    _put(new, place, backup)()


def _put(new: Path | None, place: Path, backup: Path) -> Callable[[], object]:
    if new is None:
        return place.unlink
    if backup.exists():
        shutil.copymode(backup, new)
    return lambda: new.replace(place)


def _make_folders(folder: Path, undo: ExitStack) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    for one in reversed(missing):
        undo.callback(_remove_if_empty, one)
        one.mkdir()


def _remove_if_empty(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
