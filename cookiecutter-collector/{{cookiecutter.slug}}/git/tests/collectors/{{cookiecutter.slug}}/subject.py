"""The source of {{ cookiecutter.slug }}, made to order.

What the conformance kit asks a room for.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.replay.repositories import Repositories
from conformance.replay.server import ReplayServer, replaying
from conformance.subject import NotApplicable, Spoiling
from tests.support.git_repositories import Repository, git

TAGS = "refs/tags"


@dataclass
class Tags:
    """A repository with a tag for each record, served over HTTP."""

    server: ReplayServer
    repository: Repository
    first: str

    @property
    def environment(self) -> dict[str, str]:
        """Nothing: the repository is a parameter."""
        return {}

    @property
    def impatience(self) -> dict[str, str]:
        """So long it waits for a source that sends nothing."""
        return {"{{ cookiecutter.__env_prefix }}STALL_SECONDS": "1"}

    @property
    def parameters(self) -> dict[str, Any]:
        """Where the repository is."""
        return {"repository": f"{self.server.url}/{self.repository.path.name}"}

    def fill(self, count: int) -> None:
        """So many tags, all at the first commit."""
        present = git(self.repository.path, "for-each-ref", "--format=delete %(refname)", TAGS)
        wanted = [f"update {tag(number)} {self.first}" for number in range(count)]
        self._tell(*present.splitlines())
        self._tell(*wanted)

    def change(self, index: int) -> None:
        """The tag moves to a new commit."""
        before = git(self.repository.path, "rev-parse", tag(index))
        moved = self.repository.commit({"a.txt": before.encode()}, branch="elsewhere")
        git(self.repository.path, "update-ref", "-d", "refs/heads/elsewhere")
        self._tell(f"update {tag(index)} {moved}")

    def delete(self, index: int) -> None:
        """The tag is deleted."""
        self._tell(f"delete {tag(index)}")

    def spoil(self, index: int, how: Spoiling) -> None:
        """Only a name can be bad: git itself refuses everything else."""
        if how != "surrogate":
            raise NotApplicable("a line of git's listing is an object and a name, nothing else")
        self.delete(index)
        folder = bytes(self.repository.path / TAGS)
        Path(folder.decode()).mkdir(parents=True, exist_ok=True)
        with open(folder + b"/bad-\xff", "wb") as file:  # noqa: PTH123 - a name in bytes
            file.write(self.first.encode() + b"\n")

    def _tell(self, *lines: str) -> None:
        git(self.repository.path, "update-ref", "--stdin", stdin="\n".join([*lines, ""]).encode())


def tag(number: int) -> str:
    """Name of the nth tag."""
    return f"{TAGS}/v{number:06d}"


class Subject:
    """This room for the kit."""

    collector = "{{ cookiecutter.slug }}"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Tags]:
        """A repository with one commit, which no reference shows."""
        repository = Repository.create(folder / "source.git")
        first = repository.commit({"a.txt": b"first"})
        git(repository.path, "update-ref", "-d", "refs/heads/main")
        with replaying(Repositories(folder)) as server:
            yield Tags(server, repository, first)


SUBJECT = Subject()
