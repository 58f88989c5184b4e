"""Git repositories made to order: through `git fast-import`, so that thousands of commits are quick."""

import os
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EPOCH = 1_700_000_000
AUTHOR = b"Ada Lovelace <ada@example.org>"

_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "safe.directory",
    "GIT_CONFIG_VALUE_0": "*",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Symlink:
    """A symbolic link as a file of a commit."""

    target: bytes


@dataclass(frozen=True, slots=True)
class Submodule:
    """Another repository's commit as a file of a commit."""

    sha: str


@dataclass(frozen=True, slots=True)
class Rename:
    """A path that takes over another one's content."""

    old: str | bytes


Entry = bytes | Symlink | Submodule | Rename | None


def git(repository: Path, *arguments: str, stdin: bytes = b"") -> str:
    """One git command on a repository; its output without the last line feed."""
    done = subprocess.run(
        ["git", f"--git-dir={repository}", *arguments],
        input=stdin,
        env=_ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout.decode("utf-8", "replace").rstrip("\n")


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository under construction; each call of `commit` adds one and returns its name."""

    path: Path

    @classmethod
    def create(cls, path: Path, *, object_format: str = "sha1") -> "Repository":
        """An empty repository whose HEAD names `main`."""
        form = f"--object-format={object_format}"
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", form)
        return cls(path)

    def commit(
        self,
        files: Mapping[str | bytes, Entry] | None = None,
        *,
        branch: str = "main",
        parents: Sequence[str] | None = None,
        message: bytes = b"change\n",
        author: bytes = AUTHOR,
        author_at: int = EPOCH,
        committer_at: int | None = None,
    ) -> str:
        """On top of the branch, or of `parents`; a file that is None is deleted."""
        heads = self._head(branch) if parents is None else list(parents)
        committed = author_at if committer_at is None else committer_at
        lines = [
            b"feature done",
            b"reset refs/heads/%s" % branch.encode(),
            b"commit refs/heads/%s" % branch.encode(),
            b"mark :1",
            b"author %s %d +0000" % (author, author_at),
            b"committer %s %d +0000" % (AUTHOR, committed),
            _data(message),
            *(
                b"%s %s" % (word, sha.encode())
                for word, sha in zip([b"from", *[b"merge"] * 99], heads, strict=False)
            ),
            *_changes(files or {}),
            b"get-mark :1",
            b"done",
        ]
        return git(self.path, "fast-import", "--quiet", "--force", stdin=b"\n".join(lines) + b"\n")

    def raw_commit(self, raw: bytes, *, branch: str = "main") -> str:
        """A commit object, byte for byte, whatever git thinks of it; the branch moves there."""
        sha = git(
            self.path, "hash-object", "-t", "commit", "-w", "--stdin", "--literally", stdin=raw
        )
        self.move(branch, sha)
        return sha

    def move(self, branch: str, sha: str) -> None:
        """Lets a branch stand at a commit; never mind where it was."""
        name = self.path / "refs" / "heads" / branch
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text(f"{sha}\n")

    def head(self, branch: str = "main") -> str:
        """The commit a branch stands at."""
        return git(self.path, "rev-parse", f"refs/heads/{branch}")

    def tree(self, branch: str = "main") -> str:
        """The tree of a branch's commit."""
        return git(self.path, "rev-parse", f"refs/heads/{branch}^{{tree}}")

    def _head(self, branch: str) -> list[str]:
        return git(
            self.path, "for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}"
        ).split()


def generate_repository(
    path: Path,
    commits: int = 5000,
    *,
    seed: int = 1,
    authors: int = 50,
    files_per_commit: int = 3,
    files: int = 400,
    lines: int = 40,
) -> Repository:
    """A bare repository with one branch; the same arguments give the same commits, name for name."""
    repository = Repository.create(path)
    stream = b"\n".join(
        _generated(random.Random(seed), commits, authors, files_per_commit, files, lines)
    )
    git(path, "fast-import", "--quiet", stdin=stream + b"\n")
    return repository


def _generated(
    chance: random.Random,
    commits: int,
    authors: int,
    files_per_commit: int,
    files: int,
    lines: int,
) -> Iterator[bytes]:
    contents: dict[int, list[bytes]] = {}
    for number in range(commits):
        author = chance.randrange(authors)
        person = b"Author %d <author%d@example.org> %d +0100" % (
            author,
            author,
            EPOCH + number * 60,
        )
        yield b"commit refs/heads/main"
        yield b"author " + person
        yield b"committer " + person
        yield _data(b"Change number %d\n\n%s\n" % (number, b"Because it is better so. " * 6))
        for _ in range(files_per_commit):
            file = chance.randrange(files)
            content = contents.setdefault(file, [b"line %d" % line for line in range(lines)])
            for _ in range(3):
                content[chance.randrange(lines)] = b"changed by %d" % number
            yield b"M 100644 inline directory%d/file%d.txt" % (file % 20, file)
            yield _data(b"\n".join(content) + b"\n")


def _data(content: bytes) -> bytes:
    return b"data %d\n%s" % (len(content), content)


def _changes(files: Mapping[str | bytes, Entry]) -> Iterator[bytes]:
    for path, entry in files.items():
        name = _quoted(path)
        match entry:
            case None:
                yield b"D " + name
            case Rename(old):
                yield b"R %s %s" % (_quoted(old), name)
            case Symlink(target):
                yield b"M 120000 inline %s\n%s" % (name, _data(target))
            case Submodule(sha):
                yield b"M 160000 %s %s" % (sha.encode(), name)
            case content:
                yield b"M 100644 inline %s\n%s" % (name, _data(content))


def _quoted(path: str | bytes) -> bytes:
    """As fast-import reads it: every byte in octal, which needs no exceptions."""
    raw = path.encode() if isinstance(path, str) else path
    return b'"%s"' % b"".join(b"\\%03o" % byte for byte in raw)
