"""The hooks: fetch the mirror, read what is new from it, store it in batches, move the cursor."""

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import ClassVar, TypeVar

from collectors import AbstractCollector
from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client import (
    Mirror,
    RepositorySource,
    open_mirror,
    parse_repository,
)
from collectors.github_activity_tracker.parsing import CommitRecord, RejectedCommit
from collectors.github_activity_tracker.settings import GitHubSettings
from services.errors import ConfigError
from services.prefetch import prefetched
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "commits"
BATCH_COMMITS = 1000
T = TypeVar("T")
Heads = dict[str, str]  # branch → the commit it stands at


class GitHubActivityTracker(AbstractCollector):
    """Collects the commits of one repository.

    `branches` are names or patterns (`release/*`); without any, the default branch is followed.
    `line_counts=False` leaves file contents, and so line counts, out of the mirror: for repositories
    too big to hold. `reread=True` reads the whole history again, e.g. after a correction of how it
    is read; what is stored already and right is not written again.
    """

    name: ClassVar[str] = "github_activity_tracker"

    def __init__(
        self,
        *,
        repository: str,
        branches: Sequence[str] = (),
        line_counts: bool = True,
        reread: bool = False,
        workspace: Path,
        settings: GitHubSettings,
    ) -> None:
        self._repository = repository
        self._branches = tuple(branches)
        self._line_counts = line_counts
        self._reread = reread
        self._workspace = workspace / self.name
        self._settings = settings

    @property
    def source_key(self) -> str:
        """`owner/name` on GitHub, `host/path` elsewhere, the path of a local repository.

        What was given, where that cannot be a repository: `validate_config` says so.
        """
        try:
            return self._source.source_key
        except ConfigError:
            return self._repository

    def validate_config(self) -> None:
        """The repository can be one, and no branch pattern is blank."""
        problems = ["branches: a blank name matches nothing"] if "" in self._branches else []
        try:
            self._source  # noqa: B018 - parsing it is the check
        except ConfigError as error:
            problems = [*error.problems, *problems]
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """Everything reachable from the heads now that was not stored yet, oldest first."""
        run.progress.say(f"fetching {self._source.url}")
        with self._mirror(run) as mirror:
            at_source = mirror.branches()
            heads = self._followed(at_source, mirror.default_branch())
            repository_id = self._store_repository(run, mirror.default_branch())
            cursor = run.read_cursor(STREAM) or {"heads": {}, "is_cut": False}
            before: Heads = cursor["heads"]
            old = {} if self._reread or cursor["is_cut"] else before
            self._store_new_commits(run, mirror, repository_id, old, heads)
            self._finish(run, mirror, repository_id, before, heads)
        return run.result

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Read the letters' commits from the mirror again."""
        with self._mirror(run) as mirror:
            repository_id = self._store_repository(run, mirror.default_branch())
            shas = [letter.item_key for letter in letters]
            self._store(run, repository_id, mirror.read(shas))
        return run.result

    @property
    def _source(self) -> RepositorySource:
        return parse_repository(self._repository, self._settings.git_url)

    @contextmanager
    def _mirror(self, run: Run) -> Iterator[Mirror]:
        """The source's mirror; for a dry run a throwaway one that borrows the real one's objects."""
        directory = self._workspace / self._source.directory_name
        with tempfile.TemporaryDirectory(prefix="bdc-dry-run-") as scratch:
            place = Path(scratch) / "mirror.git" if run.is_dry else directory
            with open_mirror(
                self._source,
                place,
                token=self._settings.token,
                line_counts=self._line_counts,
                timeout_seconds=self._settings.git_stall_seconds,
                borrow=directory if run.is_dry and directory.exists() else None,
            ) as mirror:
                yield mirror

    def _followed(self, at_source: Heads, default: str | None) -> Heads:
        if not self._branches:
            return {default: at_source[default]} if default in at_source else {}
        followed = {
            name: sha
            for name, sha in at_source.items()
            if any(fnmatchcase(name, pattern) for pattern in self._branches)
        }
        if at_source and not followed:
            raise ConfigError(
                f"branches: none of {', '.join(self._branches)} is in {self.source_key},"
                f" which has {', '.join(sorted(at_source)[:10])}"
            )
        return followed

    def _store_repository(self, run: Run, default_branch: str | None) -> int:
        source = self._source
        facts = services.RepositoryFacts(
            source.source_key, source.kind, source.name, source.url, default_branch
        )
        with run.transaction() as session:
            repository_id, tables = services.store_repository(session, facts)
        run.add(CollectResult(tables=tables))
        return repository_id

    def _store_new_commits(
        self, run: Run, mirror: Mirror, repository_id: int, old: Heads, new: Heads
    ) -> None:
        """What a source that was shallow hid may be there now: `old` is empty after such a run."""
        run.progress.expect(mirror.count(new.values(), old.values()), "commits")
        shas = mirror.shas(new.values(), old.values())
        unread = shas if self._reread else self._unknown(run, repository_id, shas)
        self._store(run, repository_id, mirror.read(unread))

    def _unknown(self, run: Run, repository_id: int, shas: Iterable[str]) -> Iterator[str]:
        """Leaves out what an interrupted run has stored already: its cursor never moved."""
        for chunk in _batches(shas, BATCH_COMMITS):
            with run.transaction() as session:
                known, tables = services.recognise_commits(session, repository_id, chunk)
            run.add(CollectResult(tables=tables), skipped=len(known))
            yield from (sha for sha in chunk if sha not in known)

    def _store(
        self, run: Run, repository_id: int, records: Iterable[CommitRecord | RejectedCommit]
    ) -> None:
        """Batch by batch; the next one is read meanwhile, unless all shares one connection."""
        with prefetched(_batches(records, BATCH_COMMITS), 0 if run.is_dry else 1) as batches:
            for batch in batches:
                self._store_batch(run, repository_id, batch)

    def _store_batch(
        self, run: Run, repository_id: int, batch: Sequence[CommitRecord | RejectedCommit]
    ) -> None:
        commits = [record for record in batch if isinstance(record, CommitRecord)]
        rejected = [record for record in batch if isinstance(record, RejectedCommit)]
        with run.transaction() as session:
            tables = services.store_commits(
                session, repository_id, self.source_key, commits, expect_new=not self._reread
            )
            run.set_aside(session, STREAM, [_letter(record) for record in rejected])
        run.add(CollectResult(len(batch), len(rejected), tables))

    def _finish(
        self, run: Run, mirror: Mirror, repository_id: int, before: Heads, heads: Heads
    ) -> None:
        """Branches, marks of rewritten history and the cursor, in one transaction at the end.

        Branches that only an earlier run followed stay in the cursor while the source has them:
        what they reach is not rewritten because this run was about others.
        """
        at_source = mirror.branches()
        kept = {name: sha for name, sha in before.items() if name in at_source} | heads
        with run.transaction() as session:
            parts = [
                services.store_branches(session, repository_id, heads),
                services.mark_deleted_branches(session, repository_id, at_source),
            ]
            if self._reread or mirror.is_rewritten(before.values(), kept.values()):
                reachable = mirror.shas(kept.values())
                parts.append(services.mark_rewritten(session, repository_id, reachable))
            position = {"heads": kept, "is_cut": bool(mirror.boundary())}
            run.advance_cursor(session, STREAM, position)
        for tables in parts:
            run.add(CollectResult(tables=tables))


def _letter(commit: RejectedCommit) -> SetAside:
    return SetAside(
        item_key=commit.sha,
        payload={"sha": commit.sha, "object": commit.raw.decode("utf-8", "backslashreplace")},
        error=commit.reason,
    )


def _batches(items: Iterable[T], size: int) -> Generator[list[T], None, None]:
    pending = iter(items)
    while batch := list(islice(pending, size)):
        yield batch
