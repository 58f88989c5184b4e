"""A repository of GitHub's, in the test's hand: git over HTTP on loopback."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.replay.repositories import Repositories
from conformance.replay.server import ReplayServer, replaying
from conformance.subject import NotApplicable, Spoiling
from tests.support.git_repositories import EPOCH, Repository, git

NAME = "boostorg/sample"
AUTHOR = b"Ada Lovelace <ada@example.org>"
# In one folder: git stores a folder anew with every commit.
FILES = 100
# Of so many commits git's server needs a while to make a pack.
MANY = 1_000


@dataclass
class History:
    """One branch; commit n adds file n."""

    server: ReplayServer
    repository: Repository
    count: int = 0

    @property
    def environment(self) -> Mapping[str, str]:
        return {
            "GITHUB_GIT_URL": self.server.url,
            "GITHUB_TOKEN": "welcome",
            "GITHUB_GIT_STALL_SECONDS": "2" if self.count < MANY else "60",
        }

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"repository": NAME}

    def fill(self, count: int) -> None:
        self.count = count
        self._import(b"reset refs/heads/main", range(count))

    def change(self, index: int) -> None:
        del index
        raise NotApplicable("a commit never changes: its name is made of what it holds")

    def delete(self, index: int) -> None:
        """As who rewrites history: what came after has other names."""
        numbers = [number for number in range(self.count) if number != index]
        self._import(b"reset refs/heads/main", numbers)

    def spoil(self, index: int, how: Spoiling) -> None:
        self._import(b"reset refs/heads/main", range(index + 1))
        self.repository.raw_commit(_spoilt(self.repository, index, how))
        self._import(b"reset refs/heads/main\nfrom refs/heads/main^0", range(index + 1, self.count))

    def _import(self, start: bytes, numbers: range | list[int]) -> None:
        parts = [b"feature done", start, *map(_commit, numbers), b"done\n"]
        git(self.repository.path, "fast-import", "--quiet", "--force", stdin=b"\n".join(parts))


def _commit(number: int) -> bytes:
    message = b"Change %d" % number
    content = b"line %d\n" % number
    return b"\n".join(
        [
            b"commit refs/heads/main",
            b"committer %s %d +0000" % (AUTHOR, EPOCH + number),
            b"data %d\n%s" % (len(message), message),
            b"M 100644 inline folder%d/file%d.txt" % (number // FILES, number),
            b"data %d\n%s" % (len(content), content),
        ]
    )


def _spoilt(repository: Repository, number: int, how: Spoiling) -> bytes:
    """The newest commit as git stores one, byte for byte, in bad shape."""
    person = b"%s %d +0000" % (AUTHOR, EPOCH + number)
    headers = {
        b"tree": repository.tree().encode(),
        b"parent": repository.head("main^").encode(),
        b"author": person,
        b"committer": person,
    }
    message = b"Change %d" % number
    match how:
        case "missing":
            del headers[b"author"]
        case "wrong_type":
            headers[b"author"] = b"%s soon +0000" % AUTHOR
        case "extra":
            headers[b"colour"] = b"red"
        case "nul":
            message += b" a\0b"
        case "surrogate":
            message += b" a\xed\xa0\x80b"
    lines = [b"%s %s" % header for header in headers.items()]
    return b"\n".join([*lines, b"", message])


class GitHubActivityTrackerSubject:
    """Opens repositories."""

    collector = "github_activity_tracker"

    @contextmanager
    def open(self, folder: Path) -> Iterator[History]:
        repository = Repository.create(folder / f"{NAME}.git")
        with replaying(Repositories(folder)) as server:
            yield History(server, repository)


SUBJECT = GitHubActivityTrackerSubject()
