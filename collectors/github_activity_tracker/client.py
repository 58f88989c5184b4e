"""A repository → its commits: a bare mirror in the workspace, fetched, then read. No database.

A mirror can always be made anew, so it is never repaired; and it is replaced by a complete one only.
"""

import logging
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self, TypeVar

from pydantic import SecretStr

from collectors.github_activity_tracker.git import (
    Child,
    GitFailed,
    child_environment,
    exclusive,
    run_watched,
)
from collectors.github_activity_tracker.parsing import CommitRecord, RejectedCommit
from collectors.github_activity_tracker.reader import CommitReader, MissingCommit
from collectors.github_activity_tracker.source import Remote, RepositorySource, parse_repository

__all__ = ["Mirror", "RepositorySource", "open_mirror", "parse_repository"]

T = TypeVar("T")

logger = logging.getLogger(__name__)

PACKS = 50  # each fetch that brings something adds one; many of them slow every look-up down

# Branches alone; of a shallow source what it has.
_FETCH = (
    "fetch --progress --force --prune --no-tags --update-shallow"
    " --no-write-fetch-head --no-auto-maintenance --no-recurse-submodules"
).split()
_HEADS = "+refs/heads/*:refs/heads/*"


def open_mirror(
    source: RepositorySource,
    directory: Path,
    *,
    token: SecretStr | None,
    line_counts: bool,
    timeout_seconds: float,
    borrow: Path | None = None,
) -> "Mirror":
    """The mirror of a source at `directory`, made or brought up to date.

    Without `line_counts` file contents stay at the source. `borrow` names a mirror whose objects
    need not be downloaded again; it is only read. One run at a time: that is the caller's part.

    Raises:
        ConfigError, AccessDenied, SourceUnavailable, SourceTimedOut, OSError: see `Remote.run`.
        GitFailed: the mirror is broken, and so was a new one.
    """
    remote = Remote(source, token, timeout_seconds)
    mirror = Mirror(directory.absolute(), remote, line_counts=line_counts)
    mirror.refresh(borrow)
    return mirror


class Mirror:
    """A bare mirror: what it knows of branches and ancestry, and its commits.

    It finds out that it is broken when it is used. Then it makes itself anew, once, and goes on
    where it was; what a rewritten history has left behind is lost with the old one.
    """

    def __init__(self, directory: Path, remote: Remote, *, line_counts: bool) -> None:
        self._directory = directory
        self._remote = remote
        self._line_counts = line_counts
        self._was_renewed = False
        self._is_whole = False
        self._head: tuple[str | None, str | None] = (None, None)
        self._environment = child_environment(os.environ, {}, protocols="none")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing is open: each reading ends its own processes when its iterator is closed."""

    def refresh(self, borrow: Path | None) -> None:
        """Brings the mirror up to date, or makes one where none works."""
        self._head = self._remote.find_head()
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(self._directory, self._remote.stall_seconds) as lock:
            _remove_leftovers(self._directory)
            try:
                self._fetch_or_make(lock, borrow)
            except GitFailed as reason:
                self._admit(reason)
                self._make(lock, None)

    def branches(self) -> dict[str, str]:
        """Every branch and the commit it stands at."""
        form = "--format=%(objectname) %(refname:lstrip=2)"
        lines = self._ask(["for-each-ref", form, "refs/heads/"])
        pairs = [line.decode("utf-8", "backslashreplace").partition(" ") for line in lines]
        return {name: sha for sha, _, name in pairs}

    def default_branch(self) -> str | None:
        """The branch that HEAD names, or that a detached HEAD stands at, or the only one.

        None for an empty repository, and where nothing of this tells.
        """
        name, head = self._head
        branches = self.branches()
        if name in branches:
            return name
        at_head = [
            branch for branch in ("main", "master", *branches) if branches.get(branch, "") == head
        ]
        return next(iter(at_head or (branches if len(branches) == 1 else ())), None)

    def has(self, sha: str) -> bool:
        """Whether the commit is here, reachable from a branch or not."""
        return self._present([sha]) == [sha]

    def is_rewritten(self, old_heads: Iterable[str], new_heads: Iterable[str]) -> bool:
        """Whether any old head cannot be reached from the new ones: history was rewritten."""
        old = list(old_heads)
        return self._present(old) != old or self.count(old, new_heads) > 0

    def shas(self, new_heads: Iterable[str], old_heads: Iterable[str] = ()) -> Iterator[str]:
        """Commits reachable from the new heads and from no old one, parents before children.

        Ancestry alone decides, no clock has a say. Old heads that are not here are left out.
        git prints nothing before its walk is complete, so a walk that breaks has yielded nothing.
        """
        revisions = partial(self._revisions, list(new_heads), list(old_heads))
        walk = ["rev-list", "--topo-order", "--reverse", "--stdin"]
        return (line.decode() for line in self._stream(walk, revisions))

    def count(self, new_heads: Iterable[str], old_heads: Iterable[str] = ()) -> int:
        """How many `shas` yields."""
        revisions = partial(self._revisions, list(new_heads), list(old_heads))
        return int(self._ask(["rev-list", "--count", "--stdin"], revisions)[0])

    def boundary(self) -> frozenset[str]:
        """Commits whose parents a shallow source does not have: what they changed is unknown."""
        cut = _shallow(self._directory)
        found = self._read(iter(cut), deque(), cut)
        roots = {
            commit.sha
            for commit in found
            if isinstance(commit, CommitRecord) and not commit.parents
        }
        return cut - roots

    def read(self, shas: Iterable[str]) -> Iterator[CommitRecord | RejectedCommit]:
        """The commits in the order given, with what each changed against its parent.

        A merge carries no changes, a first commit all its files as added, one at the boundary None.
        A commit that the source has no more is rejected. The processes behind it end with it: close
        the iterator, or read it to its end.

        Raises:
            GitFailed: the mirror is broken, and so was a new one.
        """
        asked: deque[str] = deque()
        unread = iter(shas)
        while True:
            try:
                return (yield from self._read(unread, asked, self.boundary()))
            except MissingCommit as reason:
                if not self._check_whole():
                    self._renew(reason)
                    continue
            except GitFailed as reason:
                self._renew(reason)
                continue
            yield RejectedCommit(asked.popleft(), "the source has no such commit any more", b"")

    def _read(
        self, unread: Iterator[str], asked: deque[str], boundary: frozenset[str]
    ) -> Iterator[CommitRecord | RejectedCommit]:
        """`asked` outlives a failure: what git was asked and has not answered."""
        with CommitReader(
            self._directory, self._environment, boundary=boundary, line_counts=self._line_counts
        ) as reader:
            reader.request(asked)
            while True:
                if len(asked) <= reader.batch:
                    more = list(islice(unread, reader.batch))
                    reader.request(more)
                    asked.extend(more)
                if not asked:
                    return
                yield reader.answer(asked[0])
                asked.popleft()

    def _ask(self, command: Sequence[str], question: Callable[[], bytes] = bytes) -> list[bytes]:
        return list(self._stream(command, question))

    def _stream(self, command: Sequence[str], question: Callable[[], bytes]) -> Iterator[bytes]:
        """The lines of an answer; asked again of a new mirror if this one is broken."""
        try:
            yield from self._attempt(command, question)
        except GitFailed as reason:
            self._renew(reason)
            yield from self._attempt(command, question)

    def _attempt(self, command: Sequence[str], question: Callable[[], bytes]) -> Iterator[bytes]:
        with Child([f"--git-dir={self._directory}", *command], self._environment) as git:
            yield from git.ask(question())

    def _present(self, shas: Sequence[str]) -> list[str]:
        """Those of the commits that are here."""
        question = "".join(f"{sha}\n" for sha in shas).encode()
        lines = self._ask(["cat-file", "--batch-check"], lambda: question)
        return [line.split(b" ")[0].decode() for line in lines if b" commit " in line]

    def _revisions(self, include: Sequence[str], exclude: Sequence[str]) -> bytes:
        known = self._present(exclude)
        return "".join(f"{word}\n" for word in (*include, "--not", *known)).encode()

    def _check_whole(self) -> bool:
        """Whether every commit that can be reached is here."""
        if not self._is_whole:
            walk = ["rev-list", "--all", "--count"]
            try:
                self._is_whole = bool(list(self._attempt(walk, bytes)))
            except GitFailed as reason:
                logger.debug("%s: %s", self._directory, reason)
        return self._is_whole

    def _renew(self, reason: GitFailed) -> None:
        self._admit(reason)
        with exclusive(self._directory, self._remote.stall_seconds) as lock:
            self._make(lock, None)

    def _admit(self, reason: GitFailed) -> None:
        """Once a mirror may be broken; if a new one is too, the reason lies elsewhere."""
        if self._was_renewed:
            raise reason
        self._was_renewed = True
        logger.warning("%s is broken, making it anew: %s", self._directory, reason)

    def _fetch_or_make(self, lock: int, borrow: Path | None) -> None:
        if not self._directory.exists():
            self._make(lock, borrow)
        elif self._line_counts and _lacks_contents(self._directory):
            logger.info("%s has no file contents, making it anew", self._directory)
            self._make(lock, None)
        else:
            self._fetch(self._directory, lock)
            self._gather_packs(lock)

    def _make(self, lock: int, borrow: Path | None) -> None:
        """Takes its place when it is complete; until then the old one stays."""
        fresh, old = _siblings(self._directory)
        _remove_leftovers(self._directory)
        self._initialise(fresh, borrow)
        self._fetch(fresh, lock)
        if self._directory.exists():
            self._directory.rename(old)
        fresh.rename(self._directory)
        _remove(old)

    def _initialise(self, fresh: Path, borrow: Path | None) -> None:
        _, head = self._head
        form = "sha256" if head and len(head) == 64 else "sha1"
        options = ["--quiet", "--bare", "--template=", f"--object-format={form}"]
        run_watched(["init", *options, str(fresh)], self._environment, stall_seconds=60)
        with (fresh / "config").open("a") as config:  # for a person who calls git here
            config.write("[gc]\n\tauto = 0\n\tpruneExpire = never\n")
        if borrow and not (self._line_counts and _lacks_contents(borrow)):
            _borrow_objects(fresh, borrow.absolute())

    def _fetch(self, mirror: Path, lock: int) -> None:
        """A source that is not shallow any more fills the gap; without `--unshallow` it would stay."""
        is_partial = not self._line_counts and (
            _lacks_contents(mirror) or mirror != self._directory
        )
        options = [
            *(["--filter=blob:none"] if is_partial else []),
            *(["--unshallow"] if _shallow(mirror) else []),
        ]
        self._remote.run([f"--git-dir={mirror}", *_FETCH, *options, "origin", _HEADS], [lock])

    def _gather_packs(self, lock: int) -> None:
        """Never drops an object: a head that was rewritten at the source can still be read."""
        if len(list(self._directory.glob("objects/pack/*.pack"))) > PACKS:
            repack = [f"--git-dir={self._directory}", "repack", "-a", "-d", "--keep-unreachable"]
            run_watched(
                repack,
                self._environment,
                stall_seconds=self._remote.stall_seconds,
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


def _lacks_contents(mirror: Path) -> bool:
    """Whether it was made without file contents; git notes that in its configuration."""
    config = mirror / "config"
    return config.is_file() and "partialclonefilter" in config.read_text(errors="replace").lower()


def _shallow(mirror: Path) -> frozenset[str]:
    cut = mirror / "shallow"
    return frozenset(cut.read_text(errors="replace").split()) if cut.is_file() else frozenset()


def _borrow_objects(fresh: Path, lender: Path) -> None:
    """What is cut off there must be known to be cut off here as well."""
    (fresh / "objects" / "info").mkdir(exist_ok=True)
    (fresh / "objects" / "info" / "alternates").write_text(f"{lender / 'objects'}\n")
    if _shallow(lender):
        shutil.copy(lender / "shallow", fresh / "shallow")
