"""A repository → its commits: a bare mirror in the workspace, fetched, then read. No database."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Self

from pydantic import SecretStr

from collectors.github_activity_tracker.client.mirror import MirrorFolder, shallow_commits
from collectors.github_activity_tracker.client.reader import CommitReader, MissingCommit
from collectors.github_activity_tracker.parsing.commits import CommitRecord, RejectedCommit
from services.git.processes import GitFailed, ask
from services.git.source import (
    Remote,
    RepositorySource,
    parse_repository,
)

__all__ = ["Mirror", "RepositorySource", "open_mirror", "parse_repository"]

logger = logging.getLogger(__name__)


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
    folder = MirrorFolder(directory.absolute(), Remote(source, token, timeout_seconds), line_counts)
    mirror = Mirror(folder)
    mirror.refresh(borrow)
    return mirror


class Mirror:
    """A bare mirror: what it knows of branches and ancestry, and its commits.

    It finds out that it is broken when it is used. Then it makes itself anew, once, and goes on
    where it was; what a rewritten history has left behind is lost with the old one.
    """

    def __init__(self, folder: MirrorFolder) -> None:
        self._folder = folder
        self._head: tuple[str | None, str | None] = (None, None)
        self._was_renewed = False
        self._is_whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        """Nothing is open: each reading ends its own processes when its iterator is closed."""

    def refresh(self, borrow: Path | None = None) -> None:
        """Brings the mirror up to date, or makes one where none works."""
        self._head = self._folder.remote.find_head()
        with self._folder.exclusive() as lock:
            try:
                if not self._folder.update(lock):
                    self._folder.make(lock, self._head[1], borrow)
            except GitFailed as reason:
                self._admit(reason)
                self._folder.make(lock, self._head[1], None)

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
        cut = shallow_commits(self._folder.path)
        if not cut:
            return cut
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
            self._folder.path,
            self._folder.environment,
            boundary=boundary,
            line_counts=self._folder.line_counts,
        ) as reader:
            reader.request(asked)
            while True:
                if len(asked) <= reader.batch:
                    more = list(islice(unread, reader.batch))
                    asked.extend(more)
                    reader.request(more)
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
        arguments = [f"--git-dir={self._folder.path}", *command]
        return ask(arguments, self._folder.environment, question())

    def _present(self, shas: Sequence[str]) -> list[str]:
        """Those of the commits that are here."""
        question = "".join(f"{sha}\n" for sha in shas).encode()
        lines = self._ask(["cat-file", "--batch-check"], lambda: question)
        return [line.split(b" ")[0].decode() for line in lines if b" commit " in line]

    def _revisions(self, include: Sequence[str], exclude: Sequence[str]) -> bytes:
        """As rev-list reads them from its input; what is excluded has to exist."""
        known = [f"^{sha}" for sha in self._present(exclude)]
        return "".join(f"{word}\n" for word in (*include, *known)).encode()

    def _check_whole(self) -> bool:
        """Whether every commit that can be reached is here."""
        if not self._is_whole:
            walk = ["rev-list", "--all", "--count"]
            try:
                self._is_whole = bool(list(self._attempt(walk, bytes)))
            except GitFailed as reason:
                logger.debug("%s: %s", self._folder.path, reason)
        return self._is_whole

    def _renew(self, reason: GitFailed) -> None:
        self._admit(reason)
        with self._folder.exclusive() as lock:
            self._folder.make(lock, self._head[1], None)

    def _admit(self, reason: GitFailed) -> None:
        """Once a mirror may be broken; if a new one is too, the reason lies elsewhere."""
        if self._was_renewed:
            raise reason
        self._was_renewed = True
        logger.warning("%s is broken, making it anew: %s", self._folder.path, reason)
