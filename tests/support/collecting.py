"""The commit collector as the lifecycle calls it, without Prefect around it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from services.database import Database
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run

# Every table of the commit stream in terms of the source, free of our own ids and times.
CONTENT = {
    "repository": """
        select source_key, kind, name, url, default_branch
        from github_activity_tracker_repository""",
    "branch": "select name, head_sha, is_deleted from github_activity_tracker_branch",
    "commit": """
        select c.sha, c.parents, c.message, c.author_name, c.author_email, c.authored_at,
            c.committer_name, c.committer_email, c.committed_at, c.files_changed, c.additions,
            c.deletions, c.rewritten_at is null, a.external_id, m.external_id
        from github_activity_tracker_commit c
        join identity_profile a on a.id = c.author_id
        join identity_profile m on m.id = c.committer_id""",
    "change": """
        select c.sha, f.path, x.status, x.old_path, x.additions, x.deletions
        from github_activity_tracker_file_change x
        join github_activity_tracker_commit c on c.id = x.commit_id
        join github_activity_tracker_file f on f.id = x.file_id""",
    "person": "select platform, external_id, username, display_name, observed_at from identity_profile",
    "email": """
        select p.external_id, e.address from identity_profile_email l
        join identity_profile p on p.id = l.profile_id join identity_email e on e.id = l.email_id""",
    "cursor": "select stream, value from collector_cursor",
    "letter": "select item_key, error, status from collector_dead_letter",
}


@dataclass(frozen=True)
class Collecting:
    """One repository, one database, one workspace."""

    database: Database
    repository: str
    workspace: Path

    def collector(self, **parameters: Any) -> GitHubActivityTracker:
        """The collector of one run."""
        settings = GitHubSettings.model_construct()
        return GitHubActivityTracker(
            repository=self.repository, workspace=self.workspace, settings=settings, **parameters
        )

    @property
    def source(self) -> Source:
        """What locks and cursors know it by."""
        return Source("github_activity_tracker", self.collector().source_key)

    def run(self) -> Run:
        """A run that the ledger knows."""
        with self.database.transaction() as session:
            now = datetime.now(UTC)
            run_id = start_run(session, self.source, parameters={}, flow_run_id=None, now=now)
        return Run(self.source, self.database, run_id)

    def collect(self, **parameters: Any) -> CollectResult:
        """Collect now."""
        return self.collector(**parameters).collect(self.run())

    def rehearse(self, **parameters: Any) -> CollectResult:
        """What a dry run does."""
        with self.database.rehearse() as rehearsal:
            return self.collector(**parameters).collect(Run(self.source, rehearsal))

    def replay(self) -> CollectResult:
        """Try the open dead letters again."""
        with self.database.transaction() as session:
            letters = dead_letters(session)
        return self.collector().replay(self.run(), letters)

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """The table's content in terms of the source, sorted."""
        return content(self.database)[table]


def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All tables in terms of the source: equal for two databases that hold the same."""
    with database.transaction() as session:
        return {
            name: sorted((tuple(row) for row in session.execute(text(query))), key=repr)
            for name, query in CONTENT.items()
        }


def row_versions(database: Database, tables: Sequence[str] = ()) -> dict[str, list[Any]]:
    """Where each row lies and which transaction wrote it: the same only if nobody wrote."""
    names = tables or [
        "github_activity_tracker_repository",
        "github_activity_tracker_branch",
        "github_activity_tracker_commit",
        "github_activity_tracker_file",
        "github_activity_tracker_file_change",
        "identity_profile",
        "identity_email",
        "identity_profile_email",
        "collector_cursor",
        "collector_dead_letter",
    ]
    with database.transaction() as session:
        return {
            name: list(session.execute(text(f"select ctid, xmin from {name} order by ctid")).all())
            for name in names
        }
