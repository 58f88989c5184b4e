"""The repository of Boost, in the test's hand: git over HTTP on loopback."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.replay.repositories import Repositories
from conformance.replay.server import ReplayServer, replaying
from conformance.subject import NotApplicable, Spoiling
from tests.support.git_repositories import Repository, git

FIRST_MINOR = 20


@dataclass
class Releases:
    """A repository whose nth tag is release 1.<20 + n>.0."""

    server: ReplayServer
    repository: Repository

    @property
    def environment(self) -> Mapping[str, str]:
        return {}

    @property
    def impatience(self) -> Mapping[str, str]:
        return {"BOOST_RELEASE_TRACKER_STALL_SECONDS": "2"}

    @property
    def parameters(self) -> Mapping[str, str]:
        return {"repository": f"{self.server.url}/boostorg/boost.git"}

    def fill(self, count: int) -> None:
        first = git(self.repository.path, "rev-list", "--max-parents=0", "main")
        self.repository.move("main", first)
        wanted = [_tag(number) for number in range(count)]
        present = git(self.repository.path, "for-each-ref", "--format=%(refname)", "refs/tags")
        gone = set(present.split()) - set(wanted)
        self._update([f"delete {tag}" for tag in sorted(gone)])
        self._update([f"update {tag} {first}" for tag in wanted])

    def change(self, index: int) -> None:
        moved = self.repository.commit({"a.txt": str(index).encode()})
        self._update([f"update {_tag(index)} {moved}"])

    def delete(self, index: int) -> None:
        self._update([f"delete {_tag(index)}"])

    def spoil(self, index: int, how: Spoiling) -> None:
        del index, how
        raise NotApplicable("a tag is a name and a commit: one of another form is no release")

    def _update(self, commands: list[str]) -> None:
        text = "".join(f"{command}\n" for command in commands)
        git(self.repository.path, "update-ref", "--stdin", stdin=text.encode())


def _tag(number: int) -> str:
    return f"refs/tags/boost-1.{FIRST_MINOR + number}.0"


class BoostReleaseTrackerSubject:
    """Opens repositories."""

    collector = "boost_release_tracker"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Releases]:
        repository = Repository.create(folder / "boostorg" / "boost.git")
        repository.commit({"a.txt": b"first"})
        with replaying(Repositories(folder)) as server:
            yield Releases(server, repository)


SUBJECT = BoostReleaseTrackerSubject()
