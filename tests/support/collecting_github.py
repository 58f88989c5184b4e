"""The collector of a repository on GitHub as the lifecycle calls it, without Prefect around it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text

from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from services.database import Database
from services.http.github import GitHubAccess
from services.http.settings import Surroundings
from services.runs.progress import NullProgress
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, dead_letters, start_run
from tests.support.github_site import GitHubRepository, GitHubSite

NAME = "boostorg/sample"
NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)
API_STREAMS = ("metadata", "issues", "pull_requests", "reviews", "comments", "review_comments")
TABLES = (
    *(
        f"github_activity_tracker_{name}"
        for name in (
            "repository",
            "repository_name",
            "metadata",
            "language",
            "issue",
            "pull_request",
            "pull_request_detail",
            "label",
            "issue_label",
            "issue_assignee",
            "milestone",
            "comment",
            "review",
            "review_comment",
        )
    ),
    "identity_profile",
    "document",
    "collector_dead_letter",
)


class Heard(NullProgress):
    """Remembers what is said."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str, until: datetime | None = None) -> None:
        del until
        self.lines.append(text)


@dataclass
class Clock:
    """The time, for the site and the collector; only sleeping and the test move it."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def pass_(self, **amount: float) -> None:
        """So much later."""
        self.now += timedelta(**amount)


@dataclass
class CollectingGitHub:
    """One repository of the site, one database."""

    database: Database
    site: GitHubSite
    clock: Clock
    workspace: Path
    name: str = NAME
    tokens: str | None = "welcome"
    rescan_days: int = 7
    patience_seconds: float = 3.0
    git_url: str = "https://github.com"
    heard: Heard = field(default_factory=Heard)

    @property
    def repository(self) -> GitHubRepository:
        return self.site.repositories[self.name.lower()]

    def collector(self, **parameters: Any) -> GitHubActivityTracker:
        """The collector of one run; of everything but commits unless it says otherwise."""
        settings = GitHubSettings.model_construct(
            rescan_days=self.rescan_days, git_url=self.git_url
        )
        access = GitHubAccess.model_construct(
            api_url=self.site.server.url,
            tokens=SecretStr(self.tokens) if self.tokens else None,
            patience_seconds=self.patience_seconds,
        )
        chosen = {"streams": API_STREAMS, "repository": self.name, **parameters}
        around = Surroundings(self.clock.sleep, self.clock, lambda: 1.0)
        return GitHubActivityTracker(
            workspace=self.workspace, settings=settings, access=access, around=around, **chosen
        )

    def source(self) -> Source:
        return Source("github_activity_tracker", self.name)

    def run(self) -> Run:
        """A run that the ledger knows."""
        with self.database.transaction() as session:
            run_id = start_run(
                session, self.source(), parameters={}, flow_run_id=None, now=datetime.now(UTC)
            )
        return Run(self.source(), self.database, run_id, self.heard)

    def collect(self, **parameters: Any) -> CollectResult:
        """Collect now, and bring what search finds up to date."""
        collector, run = self.collector(**parameters), self.run()
        collector.validate_config()
        result = collector.collect(run)
        collector.sync_pinecone(run)
        return result

    def rehearse(self, **parameters: Any) -> CollectResult:
        """What a dry run does."""
        with self.database.rehearse() as rehearsal:
            run = Run(self.source(), rehearsal, None, self.heard)
            return self.collector(**parameters).collect(run)

    def replay(self) -> CollectResult:
        """Try the open dead letters again."""
        with self.database.transaction() as session:
            letters = dead_letters(session)
        return self.collector().replay(self.run(), letters)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds; `_issue` is a table of this room."""
        whole = query.replace(" _", " github_activity_tracker_")
        with self.database.transaction() as session:
            return [tuple(row) for row in session.execute(text(whole))]

    def values(self, query: str) -> list[Any]:
        """The first column of what a query finds."""
        return [row[0] for row in self.rows(query)]

    def calls(self) -> list[str]:
        """Everything that was asked so far, without the host."""
        return self.site.server.traffic.targets

    def row_versions(self, tables: Sequence[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
        """Where each row lies and who wrote it: the same only if nobody wrote."""
        return {name: self.rows(f"select ctid, xmin from {name} order by ctid") for name in tables}
