"""Pages in a git repository: a commit for what has changed, pushed; none where nothing has.

No file is checked out: a commit is made of the newest one there is by `git fast-import`, in a clone
that holds nothing that could not be fetched again.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from services.git.processes import ask, child_environment, run_watched
from services.git.source import Remote
from services.publication.pages import Plan

_BASE = "refs/bdc/base"
_NEXT = "refs/bdc/next"
_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


@dataclass(frozen=True, slots=True)
class RepositoryTree:
    """A branch of a repository, which is made when there is none. `author` is `Name <address>`.

    One at a time on one `clone`: the outbox runs once, under the lock of its source.
    """

    remote: Remote
    branch: str
    clone: Path
    author: str
    now: Callable[[], datetime]
    environment: dict[str, str] = field(
        default_factory=lambda: child_environment(os.environ, {}, protocols="none"), repr=False
    )

    def markers(self) -> Iterable[str]:
        """Paths of the files that say whose a folder is, in the newest commit.

        Raises:
            CollectorError: as `Remote.run`.
        """
        self._fetch()
        if not self._ref(_BASE)[0]:
            return []
        listing = ["ls-tree", "-r", "--name-only", "-z", _BASE]
        names = b"\n".join(self._ask(listing)).decode("utf-8", "surrogateescape").split("\0")
        return [name for name in names if name.rpartition("/")[2].startswith("repository-")]

    def apply(self, plan: Plan, message: str) -> None:
        """Commit it on what `markers` has seen, and push that; nothing, where nothing changes.

        Raises:
            SourceUnavailable: somebody else has pushed meanwhile, or the repository is not there.
            CollectorError: as `Remote.run`.
        """
        base, tree = self._ref(_BASE)
        stream = _stream(self, plan, message, base)
        list(self._ask(["fast-import", "--quiet", "--force"], stream))
        if self._ref(_NEXT)[1] == (tree or _EMPTY_TREE):
            return
        push = ["push", "--progress", "origin", f"{_NEXT}:refs/heads/{self.branch}"]
        self.remote.run([f"--git-dir={self.clone}", *push])

    def _fetch(self) -> None:
        if not (self.clone / "HEAD").exists():
            self.clone.parent.mkdir(parents=True, exist_ok=True)
            options = ["--quiet", "--bare", "--template="]
            run_watched(["init", *options, str(self.clone)], self.environment, stall_seconds=60)
        there = self.remote.run(["ls-remote", "origin", f"refs/heads/{self.branch}"])
        if not there.strip():
            self._run(["update-ref", "-d", _BASE])
            return
        options = ["--depth=1", "--no-tags", "--progress", "--no-write-fetch-head", "--force"]
        refspec = f"refs/heads/{self.branch}:{_BASE}"
        self.remote.run([f"--git-dir={self.clone}", "fetch", *options, "origin", refspec])

    def _ref(self, name: str) -> tuple[str, str]:
        """Its commit and that one's tree; empty where there is none."""
        found = self._run(["for-each-ref", "--format=%(objectname) %(tree)", name])
        commit, _, tree = found.decode().strip().partition(" ")
        return commit, tree

    def _run(self, arguments: list[str]) -> bytes:
        return run_watched(
            [f"--git-dir={self.clone}", *arguments], self.environment, stall_seconds=60
        )

    def _ask(self, arguments: list[str], question: bytes = b"") -> Iterator[bytes]:
        return ask([f"--git-dir={self.clone}", *arguments], self.environment, question)


def _stream(tree: RepositoryTree, plan: Plan, message: str, base: str) -> bytes:
    """https://git-scm.com/docs/git-fast-import#_input_format."""
    told = message.encode()
    lines = [
        b"commit %s\n" % _NEXT.encode(),
        b"committer %s %d +0000\n" % (tree.author.encode(), int(tree.now().timestamp())),
        b"data %d\n%s\n" % (len(told), told),
        *([b"from %s\n" % base.encode()] if base else []),
        *(b"R %s %s\n" % (_quoted(old), _quoted(new)) for old, new in plan.moves),
        *(b"D %s\n" % _quoted(path) for path in plan.removals),
    ]
    for path, content in plan.files.items():
        lines.append(b"M 100644 inline %s\ndata %d\n%s\n" % (_quoted(path), len(content), content))
    return b"".join(lines)


def _quoted(path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'.encode("utf-8", "surrogateescape")
