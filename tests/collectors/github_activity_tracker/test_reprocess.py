"""The archive is read again, with GitHub switched off, by the code of today."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.archive.place import ArchivePlace
from services.archive.reading import Payloads
from services.archive.recorder import Recorder
from services.archive.services import find_segments
from services.database import Database
from services.errors import ConfigError
from services.http.observing import observed
from services.runs.result import CollectResult
from tests.support.collecting_github import NAME, TABLES, Clock, CollectingGitHub
from tests.support.github_site import GitHubRepository, GitHubSite

STORED = (
    "select number, kind, title, state from _issue order by number",
    "select number, body from _comment order by github_id",
    "select number, state, body, reviewer_id is null from _review order by github_id",
    "select number, path, line, body from _review_comment order by github_id",
    "select issue_id is null, commits, additions from _pull_request_detail order by issue_id",
    "select l.name, count(*) from _issue_label i join _label l on l.id = i.label_id group by 1",
)
STREAM_TABLES = [
    name
    for name in TABLES
    if name.startswith("github_activity_tracker_")
    and not name.endswith(("repository", "repository_name", "metadata", "language"))
]


class Archiving(CollectingGitHub):
    """Collects as the lifecycle does, archive included."""

    place: ArchivePlace

    def collect(self, **parameters: Any) -> CollectResult:
        run = self.run()
        source = run.source
        now = self.clock()
        recorder = Recorder(self.place, source.collector, source.source_key, run.id or 0, now)
        run.archive = recorder
        with observed(recorder.observe):
            result = self.collector(**parameters).collect(run)
        with run.transaction():
            """Whatever arrived after the last batch."""
        return result

    def reprocess(self) -> CollectResult:
        """Without a question."""
        with self.database.transaction() as session:
            payloads = Payloads(self.place, find_segments(session))
        asked = len(self.calls())
        result = self.collector().reprocess(self.run(), payloads)
        assert len(self.calls()) == asked
        return result

    def stored(self) -> list[Any]:
        return [self.rows(query) for query in STORED]

    def execute(self, statement: str) -> None:
        whole = statement.replace(" _", " github_activity_tracker_")
        with self.database.transaction() as session:
            session.execute(text(whole))


@pytest.fixture
def archiving(database: Database, site: GitHubSite, clock: Clock, tmp_path: Path) -> Archiving:
    found = Archiving(database, site, clock, tmp_path / "workspace")
    found.place = ArchivePlace(str(tmp_path / "archive"))
    return found


@pytest.mark.parametrize("tokens", ["welcome", None], ids=["graphql", "rest"])
def test_all_streams_are_stored_from_the_archive_as_if_they_were_collected(
    archiving: Archiving, github: GitHubRepository, tokens: str | None
) -> None:
    archiving.tokens = tokens
    github.fill(12)
    archiving.collect()
    wanted = archiving.stored()
    assert all(wanted)
    archiving.execute(f"truncate {', '.join(STREAM_TABLES)} cascade")
    archiving.reprocess()
    assert archiving.stored() == wanted


def test_rows_that_a_mistake_of_ours_has_spoilt_are_mended_and_nothing_else_is_touched(
    archiving: Archiving, github: GitHubRepository
) -> None:
    github.fill(12)
    archiving.collect()
    wanted, before = archiving.stored(), archiving.row_versions()
    archiving.reprocess()
    assert archiving.row_versions() == before
    for table in ("comment", "review", "review_comment"):
        archiving.execute(f"update _{table} set body = 'Wrong', content_hash = ''")
    archiving.execute("update _issue set title = 'Wrong', content_hash = '' where number < 4")
    assert archiving.reprocess().tables["issue"].updated == 3
    assert archiving.stored() == wanted


def test_what_is_newer_in_the_tables_stays(archiving: Archiving, github: GitHubRepository) -> None:
    """The archive was off when it changed."""
    github.fill(6)
    archiving.collect()
    archiving.clock.pass_(hours=1)
    github.issue(1, title="Newer", labels=[])
    github.pull(3, title="Newer")
    CollectingGitHub.collect(archiving)
    archiving.execute(
        "update _issue set updated_at = '2099-01-01' where number = 3"
    )  # what GitHub told last is told after any archived answer
    archiving.execute("update _review set body = 'Newer' where number = 3")
    wanted = archiving.stored()
    archiving.reprocess()
    assert archiving.stored() == wanted


def test_what_is_gone_stays_gone(archiving: Archiving, github: GitHubRepository) -> None:
    github.fill(6)
    archiving.collect()
    archiving.execute("update _issue set deleted_at = now() where number in (1, 3)")
    for table in ("comment", "review", "review_comment"):
        archiving.execute(f"update _{table} set deleted_at = now()")
    before = archiving.row_versions()
    archiving.reprocess()
    assert archiving.row_versions() == before


def test_letters_of_what_is_understood_now_are_resolved(
    archiving: Archiving, github: GitHubRepository
) -> None:
    github.fill(6)
    github.spoil(2, title=5)
    archiving.collect()
    letters = "select item_key, status from collector_dead_letter order by item_key"
    assert archiving.rows(letters) == [("2", "open")]
    archiving.reprocess()
    assert archiving.rows(letters) == [("2", "open")]
    archiving.execute(
        "insert into collector_dead_letter (collector, source_key, stream, item_key, payload, error,"
        " category) select collector, source_key, stream, '1', payload, error, category"
        " from collector_dead_letter"
    )
    archiving.reprocess()
    assert archiving.rows(letters) == [("1", "resolved"), ("2", "open")]


def test_answers_of_a_repository_that_had_the_name_before_are_left_out(
    archiving: Archiving, github: GitHubRepository
) -> None:
    github.fill(3)
    archiving.collect()
    github.github_id += 1
    github.fill(2)
    archiving.clock.pass_(hours=1)
    archiving.collect()
    archiving.execute(f"truncate {', '.join(STREAM_TABLES)} cascade")
    archiving.reprocess()
    assert archiving.values("select count(*) from _issue") == [2]


def test_a_repository_that_was_never_collected_is_named(archiving: Archiving) -> None:
    with pytest.raises(ConfigError, match=f"{NAME} is no repository of GitHub's in the tables"):
        archiving.reprocess()
