"""Pages of issues and pull requests, from the tables to a folder and to a repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.models import (
    Comment,
    Issue,
    IssueLabel,
    Label,
    PullRequest,
    Repository,
    Review,
    ReviewComment,
)
from collectors.outbox.collector import Outbox
from flows.exports import export_tree, publisher
from flows.outbox import build
from services.database import Base, Database
from services.errors import ConfigError
from services.identity.models import Profile
from services.runs.run import Run
from services.runs.services import Source, start_run
from services.settings import load_settings
from tests.support.git_repositories import Repository as Bare
from tests.support.git_repositories import git

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "https://github.com/acme/widget"


@dataclass
class Exporting:
    """A repository with an issue and a pull request, and the folder of their pages."""

    database: Database
    folder: Path

    def store(self, *rows: Base) -> None:
        with self.database.transaction() as session:
            session.add_all(rows)

    def change(self, statement: str, *numbers: int) -> None:
        """As the collector does: what changes is told in the same transaction."""
        with self.database.transaction() as session:
            session.execute(text(statement))
            (row,) = session.scalars(select(Repository.id))
            services.note_due(session, services.DOCUMENT, row, numbers)

    def export(self) -> int:
        source = Source("outbox", "outbox")
        with self.database.transaction() as session:
            now = datetime.now(UTC)
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
        collector: Outbox = build(load_settings())
        return collector.collect(Run(source, self.database, run_id)).fetched

    def pages(self) -> dict[str, str]:
        found = (path for path in self.folder.rglob("*.md"))
        return {path.relative_to(self.folder).as_posix(): path.read_text() for path in found}


def issue(number: int, kind: str = "issue", **facts: Any) -> Issue:
    usual: dict[str, Any] = {
        "repository_id": 1,
        "number": number,
        "kind": kind,
        "github_id": number + 1000,
        "node_id": f"I_{number}",
        "title": f"Title {number}",
        "body": "It\r\nfails",
        "state": "open",
        "is_locked": False,
        "url": f"{URL}/issues/{number}",
        "opened_at": NOON,
        "updated_at": NOON,
        "content_hash": b"",
    }
    return Issue(**{**usual, **facts})


def said(model: type[Any], number: int, github_id: int, minutes: int, **facts: Any) -> Any:
    at = NOON + timedelta(minutes=minutes)
    usual = {
        "repository_id": 1,
        "number": number,
        "github_id": github_id,
        "body": f"Said {github_id}",
        "url": f"{URL}/said/{github_id}",
        "content_hash": b"",
    }
    times = {} if model is Review else {"posted_at": at, "updated_at": at}
    return model(**{**usual, **times, **facts})


def on_line(github_id: int, minutes: int, **facts: Any) -> Any:
    usual = {"path": "src/a.cpp", "line": 7, "hunk": "@@ -1 +1 @@\n-old\n+```new"}
    return said(ReviewComment, 2, github_id, minutes, **{**usual, **facts})


@pytest.fixture
def exporting(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Exporting:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GITHUB_EXPORT_DIRECTORY", str(tmp_path / "pages"))
    found = Exporting(database, tmp_path / "pages")
    facts = {"kind": "github", "name": "widget", "url": URL, "github_id": 77}
    ann = Profile(
        platform="github",
        external_id="1",
        username="ann",
        display_name="Ann",
        account_type="user",
        observed_at=NOON,
    )
    found.store(Repository(source_key="acme/widget", **facts), ann)
    found.store(issue(1, author_id=1), issue(2, "pull_request", title="Mend: it"))
    label = {"repository_id": 1, "github_id": 5, "name": "bug", "colour": "ff0000"}
    found.store(Label(**label, observed_at=NOON))
    found.store(IssueLabel(issue_id=1, label_id=1))
    pull = {"head_ref": "mend", "head_sha": "a", "base_ref": "main", "base_sha": "b"}
    found.store(
        PullRequest(
            issue_id=2,
            is_draft=False,
            is_merged=True,
            merged_at=NOON,
            head_repository="ann/widget",
            requested_reviewers=[],
            content_hash=b"",
            **pull,
        )
    )
    found.store(
        said(Comment, 1, 12, 2),
        said(Comment, 1, 11, 1, author_id=1, body="First"),
        said(Comment, 1, 13, 3, deleted_at=NOON, body="Gone"),
        said(Review, 2, 21, 1, state="changes_requested", submitted_at=NOON, body=""),
        said(Review, 2, 22, 1, state="commented", submitted_at=NOON, body=" "),
        said(Review, 2, 23, 1, state="pending", body="Not yet"),
        on_line(31, 5),
        on_line(32, 6, line=None, reply_to_github_id=99, hunk=""),
        on_line(33, 9, reply_to_github_id=31, body="Answer"),
    )
    found.change("select 1", 1, 2, 3)
    return found


def test_a_page_says_all_that_was_said_in_order(exporting: Exporting) -> None:
    assert exporting.export() == 3
    pages = exporting.pages()
    assert sorted(pages) == [
        "acme/widget/issues/000000/1.md",
        "acme/widget/pull_requests/000000/2.md",
        "acme/widget/repository-77.md",
    ]
    first = pages["acme/widget/issues/000000/1.md"]
    assert "title: Title 1\nstate: open\nauthor: ann\n" in first
    assert "labels:\n- bug\n" in first
    assert "# #1 Title 1\n\nIt\nfails\n" in first
    assert f"**@ann** commented, [2026-03-01 12:01:00 UTC]({URL}/said/11)\n\nFirst" in first
    assert first.index("First") < first.index("**@ghost** commented") < first.index("Said 12")
    assert "Gone" not in first
    second = pages["acme/widget/pull_requests/000000/2.md"]
    assert "title: 'Mend: it'\n" in second
    assert "merged_at: 2026-03-01 12:00:00 UTC\nis_draft: false\nhead: ann/widget:mend\n" in second
    assert "reviewed: changes requested" in second
    assert "Not yet" not in second
    assert "on `src/a.cpp` line 7" in second
    assert "````diff\n" not in second
    order = [second.index(words) for words in ("Said 31", "Answer", "Said 32")]
    assert order == sorted(order)


def test_nothing_is_written_when_nothing_has_changed(exporting: Exporting) -> None:
    exporting.export()
    assert exporting.export() == 0
    exporting.change("select 1", 1)
    before = (exporting.folder / "acme/widget/issues/000000/1.md").stat().st_ino
    assert exporting.export() == 1
    assert (exporting.folder / "acme/widget/issues/000000/1.md").stat().st_ino == before


def test_a_title_changes_and_the_file_stays_the_one_file(exporting: Exporting) -> None:
    exporting.export()
    exporting.change("update github_activity_tracker_issue set title = 'Other' where number = 1", 1)
    exporting.export()
    assert len(exporting.pages()) == 3
    assert "# #1 Other" in exporting.pages()["acme/widget/issues/000000/1.md"]


def test_what_is_deleted_is_gone_from_the_pages(exporting: Exporting) -> None:
    exporting.export()
    exporting.change("update github_activity_tracker_comment set deleted_at = now()", 1)
    exporting.change(
        "update github_activity_tracker_issue set deleted_at = now() where number = 2", 2
    )
    exporting.export()
    assert sorted(exporting.pages()) == [
        "acme/widget/issues/000000/1.md",
        "acme/widget/repository-77.md",
    ]
    assert "First" not in exporting.pages()["acme/widget/issues/000000/1.md"]


def test_a_renamed_repository_takes_its_pages_along(exporting: Exporting) -> None:
    exporting.export()
    exporting.change(
        "update github_activity_tracker_repository set source_key = 'umbrella/gadget'", 1
    )
    exporting.export()
    assert {path.rpartition("/")[0] for path in exporting.pages()} == {
        "umbrella/gadget",
        "umbrella/gadget/issues/000000",
        "umbrella/gadget/pull_requests/000000",
    }


def test_pages_of_a_private_repository_are_nowhere(exporting: Exporting) -> None:
    exporting.export()
    exporting.change(
        """
        insert into github_activity_tracker_metadata (repository_id, node_id, full_name, topics, visibility,
            is_fork, is_archived, has_issues, stars, forks, open_issues, size_kilobytes,
            founded_at, updated_at, content_hash)
        values (1, 'R', 'acme/widget', '{}', 'private', false, false, true, 0, 0, 0, 0, now(), now(), '')
        """,
        1,
    )
    exporting.export()
    assert sorted(exporting.pages()) == ["acme/widget/pull_requests/000000/2.md"]


def test_a_repository_gets_commits_for_changes_alone(
    exporting: Exporting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = Bare.create(tmp_path / "pages.git")
    monkeypatch.delenv("GITHUB_EXPORT_DIRECTORY")
    monkeypatch.setenv("GITHUB_EXPORT_REPOSITORY", str(bare.path))
    assert exporting.export() == 3
    exporting.change("select 1", 1)
    assert exporting.export() == 1
    exporting.change("update github_activity_tracker_issue set title = 'Other' where number = 1", 1)
    assert exporting.export() == 1
    log = git(bare.path, "log", "--format=%s", "main").splitlines()
    assert log == ["Export 77#1", "Export 3 issues and pull requests"]
    assert git(bare.path, "ls-tree", "-r", "--name-only", "main").count("\n") == 2


def test_a_kill_before_we_know_writes_the_same_again(exporting: Exporting) -> None:
    platform = load_settings()
    tree = export_tree(platform)
    assert tree is not None
    subjects: Sequence[str] = ["77#0", "77#1", "77#2"]
    publisher(platform, tree)(subjects)
    before = exporting.pages()
    assert exporting.export() == 3
    assert exporting.pages() == before


def test_pages_go_to_one_place_or_wait(
    exporting: Exporting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_EXPORT_REPOSITORY", "acme/pages")
    with pytest.raises(ConfigError, match="pages go to one place"):
        exporting.export()
    monkeypatch.delenv("GITHUB_EXPORT_REPOSITORY")
    monkeypatch.delenv("GITHUB_EXPORT_DIRECTORY")
    assert exporting.export() == 0
    monkeypatch.setenv("GITHUB_EXPORT_DIRECTORY", str(exporting.folder))
    assert exporting.export() == 3
