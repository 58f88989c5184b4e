"""A repository of GitHub's, in the test's hand: git over HTTP and the API, on loopback."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.replay.repositories import Repositories
from conformance.replay.server import ReplayServer
from conformance.subject import Spoiling
from tests.support.git_repositories import EPOCH, Repository, git
from tests.support.github_payloads import MISSING
from tests.support.github_shelves import Shape
from tests.support.github_site import GitHubRepository, GitHubSite, serving

NAME = "boostorg/sample"
AUTHOR = b"Ada Lovelace <ada@example.org>"
# In one folder: git stores a folder anew with every commit.
FILES = 100


# Mostly issues: a question more is a step more to die at.
SHAPE = Shape(pull_every=25, comment_every=3, review_every=50, review_comment_every=50)
SPOILT = {
    "missing": MISSING,
    "wrong_type": 5,
    "nul": "before\0after",
    "surrogate": "before\udc3dafter",
}


@dataclass
class World:
    """One branch, to which commit n adds file n, and as many issues; issues are what changes."""

    site: GitHubSite
    github: GitHubRepository
    repository: Repository
    count: int = 0
    changes: int = 0

    @property
    def server(self) -> ReplayServer:
        return self.site.server

    @property
    def environment(self) -> Mapping[str, str]:
        """Every run looks at everything, to see at once what is deleted.

        No vectors: what puts documents into an index is the hall's, and other rooms' worlds have one.
        """
        return {
            "VECTORS_INDEX": "none",
            "GITHUB_GIT_URL": self.server.url,
            "GITHUB_API_URL": self.server.url,
            "GITHUB_TOKENS": "welcome",
            "GITHUB_PATIENCE_SECONDS": "0.5",
            "GITHUB_RESCAN_DAYS": "10000",
            "GITHUB_RESCAN_HOURS": "0",
        }

    @property
    def impatience(self) -> Mapping[str, str]:
        return {"GITHUB_API_READ_SECONDS": "1", "GITHUB_GIT_STALL_SECONDS": "2"}

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"repository": NAME}

    def fill(self, count: int) -> None:
        self.count, self.changes = count, 0
        self.github.fill(count, SHAPE)
        parts = [b"feature done", b"reset refs/heads/main", *map(_commit, range(count)), b"done\n"]
        git(self.repository.path, "fast-import", "--quiet", "--force", stdin=b"\n".join(parts))

    def change(self, index: int) -> None:
        self.changes += 1
        self.github.issue(index + 1, title=f"Another title, the {self.changes}th")

    def delete(self, index: int) -> None:
        self.github.delete_issue(index + 1)

    def spoil(self, index: int, how: Spoiling) -> None:
        fields = {"colour": "red"} if how == "extra" else {"title": SPOILT[how]}
        self.github.spoil(index + 1, **fields)


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


class GitHubActivityTrackerSubject:
    """Opens repositories."""

    collector = "github_activity_tracker"

    @contextmanager
    def open(self, folder: Path) -> Iterator[World]:
        repository = Repository.create(folder / f"{NAME}.git")
        with serving(GitHubSite(), Repositories(folder)) as site:
            yield World(site, site.add(NAME), repository)


SUBJECT = GitHubActivityTrackerSubject()
