"""Pages lie where they belong, in a folder and in a repository alike, whatever happened before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import pytest

from services.errors import ConfigError, SourceUnavailable
from services.git.source import Remote, parse_repository
from services.publication.folder import FolderTree
from services.publication.pages import Page, marker, plan
from services.publication.repository import RepositoryTree
from tests.support.git_repositories import Repository, git

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME = {7: "acme/widget"}


class Shelf(Protocol):
    """A tree and what lies in it."""

    @property
    def tree(self) -> FolderTree | RepositoryTree: ...

    def files(self) -> dict[str, str]: ...


@dataclass
class Folder:
    root: Path

    @property
    def tree(self) -> FolderTree:
        return FolderTree(self.root)

    def files(self) -> dict[str, str]:
        found = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in found}


@dataclass
class Branch:
    """A bare repository, which another one pushes to as well."""

    path: Path
    home: Path
    author: str = "Boost Data Collector <bdc@example.org>"
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        self.repository = Repository.create(self.path)

    @property
    def tree(self) -> RepositoryTree:
        remote = Remote(parse_repository(str(self.path)), None, 60.0)
        return RepositoryTree(remote, "pages", self.home / "clone.git", self.author, lambda: NOON)

    def files(self) -> dict[str, str]:
        names = git(self.path, "ls-tree", "-r", "--name-only", "pages").splitlines()
        return {name: git(self.path, "show", f"pages:{name}") for name in names}

    def commits(self) -> list[str]:
        return git(self.path, "log", "--format=%s", "pages").splitlines()


@pytest.fixture(params=["folder", "branch"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        return Folder(tmp_path / "pages")
    return Branch(tmp_path / "pages.git", tmp_path)


@pytest.fixture
def branch(tmp_path: Path) -> Branch:
    return Branch(tmp_path / "pages.git", tmp_path)


def publish(shelf: Shelf, homes: Mapping[int, str], *pages: Page, message: str = "told") -> None:
    owners = [Page(owner, marker(owner), f"{owner} is {home}") for owner, home in homes.items()]
    tree = shelf.tree
    tree.apply(plan(tree.markers(), homes, [*owners, *pages]), message)


def page(number: int, text: str | None = "text", owner: int = 7) -> Page:
    return Page(owner, f"issues/{number}.md", text)


def test_pages_are_written_changed_and_removed(shelf: Shelf) -> None:
    publish(shelf, ACME, page(1, "one"), page(2, "two"), page(3, 'ü "quoted"\n'))
    publish(shelf, ACME, page(1, "one, edited"), page(2, None), page(9, None))
    assert {name: text.strip() for name, text in shelf.files().items()} == {
        "acme/widget/repository-7.md": "7 is acme/widget",
        "acme/widget/issues/1.md": "one, edited",
        "acme/widget/issues/3.md": 'ü "quoted"',
    }


def test_a_page_at_another_place_goes(shelf: Shelf) -> None:
    publish(shelf, ACME, page(1))
    publish(shelf, ACME, Page(7, "pull_requests/1.md", "text", not_at=("issues/1.md",)))
    assert sorted(shelf.files()) == [
        "acme/widget/pull_requests/1.md",
        "acme/widget/repository-7.md",
    ]


def test_a_renamed_repository_takes_its_pages_along(shelf: Shelf) -> None:
    publish(shelf, ACME, page(1), page(2))
    publish(shelf, {7: "umbrella/gadget"}, page(1, "edited"))
    assert sorted(shelf.files()) == [
        "umbrella/gadget/issues/1.md",
        "umbrella/gadget/issues/2.md",
        "umbrella/gadget/repository-7.md",
    ]


def test_two_repositories_that_swap_their_names_keep_their_pages_apart(shelf: Shelf) -> None:
    publish(shelf, {7: "acme/a", 8: "acme/b"}, page(1, "of 7"), page(1, "of 8", owner=8))
    publish(shelf, {7: "acme/b", 8: "acme/a"})
    assert shelf.files()["acme/b/issues/1.md"] == "of 7"
    assert shelf.files()["acme/a/issues/1.md"] == "of 8"
    assert len(shelf.files()) == 4


def test_a_name_that_another_repository_had_is_free_before_that_one_is_heard_of(
    shelf: Shelf,
) -> None:
    publish(shelf, {7: "acme/a", 8: "acme/b"}, page(1, "of 7"), page(1, "of 8", owner=8))
    publish(shelf, {7: "acme/b"})
    assert shelf.files()["acme/b~8/issues/1.md"] == "of 8"
    publish(shelf, {8: "acme/c"})
    assert shelf.files()["acme/c/issues/1.md"] == "of 8"
    assert shelf.files()["acme/b/issues/1.md"] == "of 7"


def test_the_same_again_changes_nothing(branch: Branch) -> None:
    publish(branch, ACME, page(1), message="first")
    publish(branch, ACME, page(1), message="second")
    assert branch.commits() == ["first"]
    publish(branch, {}, message="nothing at all")
    assert branch.commits() == ["first"]
    assert git(branch.path, "log", "-1", "--format=%an <%ae> %at", "pages").endswith(
        f"{branch.author} {int(NOON.timestamp())}"
    )


def test_a_file_that_is_as_it_should_be_is_not_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "pages")
    publish(folder, ACME, page(1))
    before = (folder.root / "acme/widget/issues/1.md").stat().st_ino
    publish(folder, ACME, page(1))
    assert (folder.root / "acme/widget/issues/1.md").stat().st_ino == before


def test_nothing_is_pushed_to_an_empty_repository_when_there_is_nothing(branch: Branch) -> None:
    publish(branch, {})
    assert git(branch.path, "for-each-ref") == ""


def test_what_others_push_stays(branch: Branch) -> None:
    branch.repository.commit({"README.md": b"by hand"}, branch="pages")
    publish(branch, ACME, page(1))
    branch.repository.commit({"LICENSE": b"by hand too"}, branch="pages")
    publish(branch, ACME, page(2))
    assert {"README.md", "LICENSE", "acme/widget/issues/1.md", "acme/widget/issues/2.md"} <= set(
        branch.files()
    )


def test_a_push_that_comes_too_late_is_tried_another_time(branch: Branch) -> None:
    publish(branch, ACME, page(1))
    tree = branch.tree
    seen = tree.markers()
    branch.repository.commit({"README.md": b"meanwhile"}, branch="pages")
    with pytest.raises(SourceUnavailable, match="failed to push"):
        tree.apply(plan(seen, ACME, [page(2)]), "late")
    publish(branch, ACME, page(2))
    assert {"README.md", "acme/widget/issues/2.md"} <= set(branch.files())


def test_a_lost_answer_to_a_push_makes_no_second_commit(branch: Branch) -> None:
    """Killed after the push: everything is told again, to a clone that may be gone."""
    publish(branch, ACME, page(1), message="first")
    branch.home = branch.home / "elsewhere"
    publish(branch, ACME, page(1), message="again")
    assert branch.commits() == ["first"]


def test_a_move_that_was_killed_halfway_is_finished(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "pages")
    publish(folder, ACME, page(1), page(2))
    (folder.root / "acme/gadget/issues").mkdir(parents=True)
    (folder.root / "acme/widget/issues/1.md").rename(folder.root / "acme/gadget/issues/1.md")
    publish(folder, {7: "acme/gadget"})
    assert sorted(folder.files()) == [
        "acme/gadget/issues/1.md",
        "acme/gadget/issues/2.md",
        "acme/gadget/repository-7.md",
    ]


def test_a_branch_that_was_removed_is_made_again(branch: Branch) -> None:
    publish(branch, ACME, page(1))
    git(branch.path, "update-ref", "-d", "refs/heads/pages")
    publish(branch, ACME, page(2))
    assert "acme/widget/issues/2.md" in branch.files()
    assert "acme/widget/issues/1.md" not in branch.files()


def test_a_folder_that_cannot_be_written_is_a_matter_of_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ConfigError, match="cannot be written to"):
        publish(Folder(tmp_path / "file" / "pages"), ACME, page(1))


def test_a_repository_that_is_not_there_is_named(tmp_path: Path) -> None:
    source = parse_repository("http://127.0.0.1:1/acme/pages.git")
    tree = RepositoryTree(
        Remote(source, None, 60.0), "pages", tmp_path / "c.git", "a <b>", lambda: NOON
    )
    with pytest.raises(SourceUnavailable):
        tree.markers()
