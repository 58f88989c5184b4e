"""The mirror as a folder: made, brought up to date, cleared of what a killed run has left behind.

A mirror can always be made anew, so it is never repaired; and only a complete one takes its place.
"""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from services.git.processes import child_environment, run_watched
from services.git.source import Remote

logger = logging.getLogger(__name__)

PACKS = 50  # each fetch that brings something adds one; many of them slow every look-up down

# Branches alone; of a shallow source what it has.
_FETCH = [
    "fetch",
    "--progress",
    "--force",
    "--prune",
    "--no-tags",
    "--update-shallow",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--no-recurse-submodules",
]
_HEADS = "+refs/heads/*:refs/heads/*"


def local_environment() -> dict[str, str]:
    """For a git that works on a mirror and has no business outside."""
    return child_environment(os.environ, {}, protocols="none")


@dataclass(frozen=True, slots=True)
class MirrorFolder:
    """Where a mirror is, and where it comes from. Without `line_counts` it has no file contents."""

    path: Path
    remote: Remote
    line_counts: bool
    environment: Mapping[str, str] = field(default_factory=local_environment, repr=False)

    @contextmanager
    def exclusive(self) -> Iterator[int]:
        """The right to change it, with what a killed run has left removed: see `_exclusive`.

        Raises:
            TimeoutError: the git of a killed run does not end.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _exclusive(self.path, self.remote.stall_seconds) as lock:
            _remove_leftovers(self.path)
            yield lock

    def update(self, lock: int) -> bool:
        """Fetches into the mirror, unless there is none, or one without what is wanted.

        Raises:
            GitFailed: it is broken. For the rest see `Remote.run`.
        """
        if not self.path.exists() or (self.line_counts and lacks_contents(self.path)):
            return False
        self._fetch(self.path, lock)
        self._gather_packs(lock)
        return True

    def make(self, lock: int, head: str | None, borrow: Path | None) -> None:
        """A new mirror, in the object format of the source's head; the old one stays until then.

        Raises:
            GitFailed: it cannot be made. For the rest see `Remote.run`.
        """
        fresh, old = _siblings(self.path)
        _remove(fresh)
        self._initialise(fresh, lock, head, borrow)
        self._fetch(fresh, lock)
        if os.path.lexists(self.path):
            self.path.rename(old)
        fresh.rename(self.path)
        _remove(old)

    def _initialise(self, fresh: Path, lock: int, head: str | None, borrow: Path | None) -> None:
        form = "sha256" if head and len(head) == 64 else "sha1"
        options = ["--quiet", "--bare", "--template=", f"--object-format={form}"]
        init = ["init", *options, str(fresh)]
        run_watched(init, self.environment, stall_seconds=60, keep_open=[lock])
        with (fresh / "config").open("a") as config:  # for a person who calls git here
            config.write("[gc]\n\tauto = 0\n\tpruneExpire = never\n")
        if borrow and not (self.line_counts and lacks_contents(borrow)):
            _borrow_objects(fresh, borrow.absolute())

    def _fetch(self, mirror: Path, lock: int) -> None:
        """Without `--unshallow` a gap would stay, even if the source has filled it."""
        is_partial = not self.line_counts and (lacks_contents(mirror) or mirror != self.path)
        options = [
            *(["--filter=blob:none"] if is_partial else []),
            *(["--unshallow"] if shallow_commits(mirror) else []),
        ]
        self.remote.run([f"--git-dir={mirror}", *_FETCH, *options, "origin", _HEADS], [lock])

    def _gather_packs(self, lock: int) -> None:
        """Never drops an object: a head that was rewritten at the source can still be read."""
        if len(list(self.path.glob("objects/pack/*.pack"))) > PACKS:
            repack = [f"--git-dir={self.path}", "repack", "-a", "-d", "--keep-unreachable"]
            run_watched(
                repack,
                self.environment,
                stall_seconds=self.remote.stall_seconds,
                keep_open=[lock],
            )


def _siblings(mirror: Path) -> tuple[Path, Path]:
    """Where a new mirror grows, and where an old one is put before it is removed."""
    return mirror.with_name(f"{mirror.name}.new"), mirror.with_name(f"{mirror.name}.old")


def _remove_leftovers(mirror: Path) -> None:
    """Of a run that was killed: half a mirror, git's locks and unfinished files.

    Safe under `exclusive`: no git works here now, so no lock and no unfinished file is anyone's.
    """
    for sibling in _siblings(mirror):
        _remove(sibling)
    for pattern in ("**/*.lock", "objects/**/tmp_*"):
        for leftover in mirror.glob(pattern):
            logger.info("removing what a killed git has left: %s", leftover)
            _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def lacks_contents(mirror: Path) -> bool:
    """Whether it was made without file contents; git notes that in its configuration."""
    config = mirror / "config"
    return config.is_file() and "partialclonefilter" in config.read_text(errors="replace").lower()


def shallow_commits(mirror: Path) -> frozenset[str]:
    """Where git cut the history off, because the source has no more of it."""
    cut = mirror / "shallow"
    return frozenset(cut.read_text(errors="replace").split()) if cut.is_file() else frozenset()


def _borrow_objects(fresh: Path, lender: Path) -> None:
    """What is cut off there must be known to be cut off here as well."""
    (fresh / "objects" / "info").mkdir(exist_ok=True)
    (fresh / "objects" / "info" / "alternates").write_text(f"{lender / 'objects'}\n")
    if shallow_commits(lender):
        shutil.copy(lender / "shallow", fresh / "shallow")


@contextmanager
def _exclusive(directory: Path, patience_seconds: float) -> Iterator[int]:
    """The right to change what is in `directory`, and the descriptor that stands for it.

    Whoever inherits the descriptor holds the right as well: after a kill -9 of ours, git itself
    goes on for a moment, and the next run must wait for it before it clears up.

    Raises:
        TimeoutError: somebody else still holds it.
    """
    with directory.with_name(f"{directory.name}.lock").open("wb") as lock:
        deadline = time.monotonic() + patience_seconds
        while not _lock(lock):
            if time.monotonic() > deadline:
                raise TimeoutError(f"another git is still at work on {directory}")
            time.sleep(0.05)
        yield lock.fileno()


def _lock(lock: IO[bytes]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
