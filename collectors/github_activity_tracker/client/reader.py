"""Commits out of a mirror, fast: git reads and compares ahead while the caller stores."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from collectors.github_activity_tracker.parsing.commits import (
    END_OF_BATCH,
    BrokenOutput,
    CommitRecord,
    FileChange,
    RejectedCommit,
    parse_changes,
    parse_commit_object,
)
from services.git.processes import Child, GitFailed

BATCH = 500  # commits asked for at once
NAME_BYTES = 65  # a commit's name in the longer of git's two formats, and a line feed

# Renames are looked for among that many removed and added files; of more, only exact ones.
RENAME_LIMIT = 4000


class MissingCommit(GitFailed):
    """The mirror has no such commit: it is broken, or nobody should have asked."""


class CommitReader:
    """Two git processes that live as long as the reading: one prints commits, one compares them.

    What has been requested is read, compared and printed into wide pipes while the caller stores
    what came before. Answers come in the order of the requests. No more than two batches may be
    open: their names have to fit into a pipe, or git and we would wait for each other.
    """

    def __init__(
        self,
        mirror: Path,
        environment: Mapping[str, str],
        *,
        boundary: frozenset[str],
        line_counts: bool,
    ) -> None:
        self._boundary = boundary
        git_dir = f"--git-dir={mirror}"
        compare = [git_dir, "diff-tree", *_comparison_options(line_counts=line_counts)]
        with ExitStack() as stack:
            self._objects = stack.enter_context(
                Child([git_dir, "cat-file", "--batch"], environment)
            )
            self._diffs = stack.enter_context(Child(compare, environment))
            self._changes = parse_changes(self._diffs.blocks())
            capacity = min(self._objects.widen(), self._diffs.widen())
            self._children = stack.pop_all()
        self.batch = min(BATCH, capacity // 2 // NAME_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._children.close()

    def request(self, shas: Sequence[str]) -> None:
        """Sends a batch off; nothing is waited for."""
        if shas:
            self._objects.tell(_lines(shas))
        compared = [sha for sha in shas if sha not in self._boundary]
        if compared:
            self._diffs.tell(_lines(compared) + END_OF_BATCH)

    def answer(self, sha: str) -> CommitRecord | RejectedCommit:
        """The commit that is next in the order of the requests.

        Raises:
            MissingCommit: it is not there.
            GitFailed: something it consists of is missing or damaged.
        """
        raw = self._read_object(sha)
        changes = None if sha in self._boundary else self._read_changes(sha)
        return parse_commit_object(sha, raw, changes)

    def _read_object(self, sha: str) -> bytes:
        """`<name> commit <size>`, the object, a line feed."""
        header = self._objects.stdout.readline()
        if header and not header.startswith(f"{sha} commit ".encode()):
            raise MissingCommit(header.decode("utf-8", "replace").strip())
        size = int(header.rpartition(b" ")[2] or 0)
        raw = self._objects.stdout.read(size + 1)
        if len(raw) <= size:
            raise self._objects.failure()
        return raw[:size]

    def _read_changes(self, sha: str) -> tuple[FileChange, ...]:
        try:
            compared, changes = next(self._changes)
        except BrokenOutput:
            raise self._diffs.failure() from None
        if compared != sha:
            raise GitFailed(f"commit {sha} cannot be compared")
        return changes


def _lines(shas: Sequence[str]) -> bytes:
    return "".join(f"{sha}\n" for sha in shas).encode()


def _comparison_options(*, line_counts: bool) -> list[str]:
    """A merge changes nothing by itself: the commits it merges are collected as well.

    Without line counts no file content is read, for the mirror may have none: then a file is seen
    to be renamed only if nothing else about it has changed.
    """
    common = ["--stdin", "--always", "--root", "-r", "-z", "--raw", "--no-abbrev"]
    common += ["--no-ext-diff", "--no-textconv"]
    if not line_counts:
        return [*common, "-M100%"]
    return [*common, "--numstat", "-M", f"-l{RENAME_LIMIT}"]
