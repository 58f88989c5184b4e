"""The hooks: which streams of the repository are collected, one after the other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

from collectors import AbstractCollector
from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.api import GitHubApi, http_settings, open_api
from collectors.github_activity_tracker.client.git import RepositorySource, parse_repository
from collectors.github_activity_tracker.collector import (
    documents,
    estimate,
    listed,
    pulls,
    reviews,
)
from collectors.github_activity_tracker.collector.commits import CommitStream
from collectors.github_activity_tracker.collector.metadata import Description
from collectors.github_activity_tracker.collector.passes import (
    Make,
    Pass,
    make_pass,
    passes_ahead,
)
from collectors.github_activity_tracker.collector.reconciling import compare_streams
from collectors.github_activity_tracker.collector.repairing import Repairs, begin_repairs
from collectors.github_activity_tracker.collector.replaying import replay_letters
from collectors.github_activity_tracker.collector.reprocessing import reprocess_streams
from collectors.github_activity_tracker.collector.source import Rescan, Source
from collectors.github_activity_tracker.collector.streams import (
    Window,
    chosen_streams,
    problems_of_streams,
)
from collectors.github_activity_tracker.settings import GitHubSettings
from services.archive.reading import Payloads
from services.completeness.comparing import Comparison
from services.errors import (
    AccessDenied,
    CollectorError,
    CollectorFailureCategory,
    ConfigError,
    LockLost,
    RateLimited,
)
from services.failures import classify_failure
from services.http.github import GitHubAccess
from services.http.settings import Surroundings
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run

SEVERITY = list(CollectorFailureCategory)
Failures = dict[str, CollectorError]
Passes = Mapping[str, Callable[[Source], Pass]]

FOLLOWED: Passes = {
    **{name: partial(listed.follow, kind=kind) for name, kind in listed.KINDS.items()},
    "pull_requests": pulls.follow,
}
WITHIN_WINDOW: Passes = {
    **{name: partial(listed.read_window, kind=kind) for name, kind in listed.KINDS.items()},
    "pull_requests": pulls.read_window,
}


class StreamsFailed(CollectorError):
    """Some streams could not be collected, all others were; the cause is the most serious failure."""

    def __init__(self, failures: Failures) -> None:
        self.worst = min(failures.values(), key=lambda one: SEVERITY.index(classify_failure(one)))
        told = "; ".join(f"{stream}: {error}" for stream, error in failures.items())
        super().__init__(f"not collected: {told}")


class GitHubActivityTracker(AbstractCollector):
    """Collects one repository: its commits and, where it is on GitHub, all that happens around it.

    `branches` are names or patterns (`release/*`); without any, the default branch is followed.
    `line_counts=False` leaves file contents, and so line counts, out of the mirror: for repositories
    too big to hold. `streams` chooses what is collected. `since` and `until` collect once more what
    was last updated between them, beside the cursors. `reread=True` reads everything again, e.g.
    after a correction of how it is read; what is stored already and right is not written again.
    """

    name: ClassVar[str] = "github_activity_tracker"

    def __init__(  # noqa: PLR0913 - the parameters of the flow
        self,
        *,
        repository: str,
        branches: Sequence[str] = (),
        line_counts: bool = True,
        streams: Sequence[str] = (),
        since: str | None = None,
        until: str | None = None,
        reread: bool = False,
        workspace: Path,
        settings: GitHubSettings,
        access: GitHubAccess | None = None,
        around: Surroundings | None = None,
    ) -> None:
        self._repository = repository
        self._branches = tuple(branches)
        self._line_counts = line_counts
        self._wanted = tuple(streams)
        self._window = Window(since, until)
        self._reread = reread
        self._workspace = workspace / self.name
        self._settings = settings
        self._access = access or GitHubAccess.model_construct()
        self._around = around or Surroundings()

    @property
    def source_key(self) -> str:
        """`owner/name` on GitHub, `host/path` elsewhere, the path of a local repository.

        What was given, where that cannot be a repository: `validate_config` says so.
        """
        try:
            return self._source.source_key
        except ConfigError:
            return self._repository

    @property
    def reads_all(self) -> bool:
        """Not when streams or a window are chosen."""
        return not (self._wanted or self._window.is_bounded)

    def validate_config(self) -> None:
        """The repository can be one, no branch pattern is blank, streams and window make sense."""
        problems = ["branches: a blank name matches nothing"] if "" in self._branches else []
        problems += self._window.problems()
        try:
            on_github = self._source.kind == "github"
            problems += problems_of_streams(self._wanted, self._window, on_github=on_github)
        except ConfigError as error:
            problems = [*error.problems, *problems]
        try:
            http_settings(self._access, self._settings.api_read_seconds)
        except ConfigError as error:
            problems += [f"GITHUB_API_URL: {problem}" for problem in error.problems]
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """Bring each stream's tables to what the source says.

        A stream that fails keeps no other one from being collected, unless none can be.

        Raises:
            StreamsFailed: naming the streams.
        """
        chosen = self._chosen()
        repairs = Repairs() if self._window.is_bounded else Repairs.open(run)
        if self._source.kind != "github":
            run.progress.say(f"{self.source_key} is not on GitHub: its commits, and nothing else")
        if chosen == ("commits",):
            self._collect_commits(run, repairs)
            return run.result
        with self._api(run) as api:
            source = self._open(run, api, is_described="metadata" in chosen)
            if self._window.is_bounded and run.is_dry:
                estimate.tell_estimate(source, chosen)
                return run.result
            failures = self._collect_each(source, chosen, repairs)
        if failures:
            failed = StreamsFailed(failures)
            raise failed from failed.worst
        return run.result

    def sync_pinecone(self, run: Run) -> CollectResult | None:
        """Bring what search finds of the issues that have changed to what the tables say."""
        told = documents.sync_documents(run, self.source_key, self._around.now())
        indexed = super().sync_pinecone(run)
        parts = [part for part in (told, indexed) if part is not None]
        return sum(parts, CollectResult()) if parts else None

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Ask the source for the letters' records again."""
        of_commits = [letter for letter in letters if letter.stream == "commits"]
        others = [letter for letter in letters if letter.stream != "commits"]
        if of_commits:
            self._commits.replay(run, of_commits)
        if others:
            with self._api(run) as api:
                replay_letters(self._open(run, api, is_described=False), others)
        return run.result

    def reprocess(self, run: Run, payloads: Payloads) -> CollectResult:
        """Store once more what GitHub's API has answered; commits are read from the mirror instead.

        Neither what the repository says of itself nor its languages: each run asks for these.

        Raises:
            ConfigError: nothing that the API has answered is stored of the repository.
        """
        with run.transaction() as session:
            known = services.find_repository(session, self.source_key)
        if known is None:
            raise ConfigError(
                f"{self.source_key} is no repository of GitHub's in the tables: collect it first"
            )
        reprocess_streams(run, known, payloads, self._around.now())
        return run.result

    def reconcile(self, run: Run, sample: int) -> Sequence[Comparison]:
        """Compare each stream that was collected; only GitHub counts for us.

        Raises:
            ConfigError: the repository is elsewhere.
        """
        if self._source.kind != "github":
            raise ConfigError(f"{self.source_key} is not on GitHub: nobody else counts its records")
        with self._api(run) as api:
            return compare_streams(self._open(run, api, is_described=False), sample)

    def _chosen(self) -> tuple[str, ...]:
        on_github = self._source.kind == "github"
        return chosen_streams(self._wanted, self._window, on_github=on_github)

    @property
    def _source(self) -> RepositorySource:
        return parse_repository(self._repository, self._settings.git_url)

    @property
    def _commits(self) -> CommitStream:
        return CommitStream(
            self._source,
            self._branches,
            self._line_counts,
            self._reread,
            self._workspace,
            self._settings.token,
            self._settings.git_stall_seconds,
        )

    def _api(self, run: Run) -> GitHubApi:
        around = replace(self._around, say=run.progress.say)
        seconds, name = self._settings.api_read_seconds, self._source.source_key
        return open_api(self._access, seconds, name, run.database, around)

    def _open(self, run: Run, api: GitHubApi, *, is_described: bool) -> Source:
        known, now = Description(run, api, self._source, is_described).identify()
        return Source(
            run,
            api,
            known,
            now,
            Rescan(self._settings.rescan_days, self._settings.rescan_hours),
            self._reread,
            self._window,
        )

    def _collect_commits(self, run: Run, repairs: Repairs) -> None:
        is_whole = self._reread or repairs.is_whole("commits")
        replace(self._commits, reread=is_whole).collect(run)
        repairs.settle(run, "commits")

    def _collect_each(self, source: Source, chosen: Sequence[str], repairs: Repairs) -> Failures:
        """Passes are read ahead of their turn where nothing is to be repaired before."""
        well = [name for name in chosen if name in self._begins and not repairs.of(name)]
        passes = {name: self._begins[name](source) for name in well}
        failures: Failures = {}
        with passes_ahead(passes, source.pages_ahead) as ahead:
            for name in chosen:
                try:
                    source.run.progress.say(f"collecting {name}")
                    self._collect_one(source, name, repairs, ahead)
                except (LockLost, ConfigError, AccessDenied, RateLimited):
                    raise
                except CollectorError as error:
                    failures[name] = error
        return failures

    def _collect_one(
        self, source: Source, name: str, repairs: Repairs, ahead: Mapping[str, Make]
    ) -> None:
        if name == "commits":
            self._collect_commits(source.run, repairs)
        elif name in ahead:
            ahead[name]()
        elif name != "metadata":
            repaired = begin_repairs(source, repairs, name)
            if name == reviews.NAME:
                reviews.collect_reviews(repaired)
            else:
                make_pass(self._begins[name](repaired), source.pages_ahead)
            repairs.settle(source.run, name)

    @property
    def _begins(self) -> Passes:
        return WITHIN_WINDOW if self._window.is_bounded else FOLLOWED
