"""The commits: fetch the mirror, read what is new from it, store it in batches, move the cursor."""

import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.client.git import Mirror, RepositorySource, open_mirror
from collectors.github_activity_tracker.parsing.commits import CommitRecord, RejectedCommit
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


@dataclass(frozen=True, slots=True)
class CommitStream:
    """The commits of one repository; for the fields see the collector's parameters."""

    source: RepositorySource
    branches: Sequence[str]
    line_counts: bool
    reread: bool
    workspace: Path
    token: SecretStr | None
    stall_seconds: float

    def collect(self, run: Run) -> None:
        """Everything reachable from the heads now that was not stored yet, oldest first."""
        run.progress.say(f"fetching {self.source.url}")
        with self._mirror(run) as mirror:
            at_source = mirror.branches()
            heads = self._followed(at_source, mirror.default_branch())
            repository_id = self._store_repository(run, mirror.default_branch())
            cursor = self._read_cursor(run)
            before: Heads = cursor["heads"]
            old = {} if self.reread or cursor["is_cut"] else before
            self._store_new_commits(run, mirror, repository_id, old, heads)
            self._finish(run, mirror, repository_id, before, heads)

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> None:
        """Read the letters' commits from the mirror again."""
        with self._mirror(run) as mirror:
            repository_id = self._store_repository(run, mirror.default_branch())
            shas = [letter.item_key for letter in letters]
            self._store(run, repository_id, mirror.read(shas))

    @contextmanager
    def _mirror(self, run: Run) -> Iterator[Mirror]:
        """The source's mirror; for a dry run a throwaway one that borrows the real one's objects."""
        directory = self.workspace / self.source.directory_name
        with tempfile.TemporaryDirectory(prefix="bdc-dry-run-") as scratch:
            place = Path(scratch) / "mirror.git" if run.is_dry else directory
            with open_mirror(
                self.source,
                place,
                token=self.token,
                line_counts=self.line_counts,
                timeout_seconds=self.stall_seconds,
                borrow=directory if run.is_dry and directory.exists() else None,
            ) as mirror:
                yield mirror

    def _followed(self, at_source: Heads, default: str | None) -> Heads:
        if not self.branches:
            return {default: at_source[default]} if default in at_source else {}
        followed = {
            name: sha
            for name, sha in at_source.items()
            if any(fnmatchcase(name, pattern) for pattern in self.branches)
        }
        if at_source and not followed:
            raise ConfigError(
                f"branches: none of {', '.join(self.branches)} is in {self.source.source_key},"
                f" which has {', '.join(sorted(at_source)[:10])}"
            )
        return followed

    def _store_repository(self, run: Run, default_branch: str | None) -> int:
        source = self.source
        facts = services.RepositoryFacts(
            source.source_key, source.kind, source.name, source.url, default_branch
        )
        with run.transaction() as session:
            repository_id, tables = services.store_repository(session, facts)
        run.add(CollectResult(tables=tables))
        return repository_id

    def _read_cursor(self, run: Run) -> dict[str, Any]:
        """None of it where it is that of another repository of the same name, made anew perhaps."""
        cursor = run.read_cursor(STREAM) or {"heads": {}, "is_cut": False}
        is_ours = cursor.get("github_id") in {None, self._github_id(run)}
        return cursor if is_ours else {"heads": {}, "is_cut": False}

    def _github_id(self, run: Run) -> int | None:
        """GitHub's number of the repository; None where nobody has asked GitHub."""
        with run.transaction() as session:
            known = services.find_repository(session, self.source.source_key)
        return known.github_id if known else None

    def _store_new_commits(
        self, run: Run, mirror: Mirror, repository_id: int, old: Heads, new: Heads
    ) -> None:
        """What a source that was shallow hid may be there now: `old` is empty after such a run."""
        run.progress.expect(mirror.count(new.values(), old.values()), "commits")
        shas = mirror.shas(new.values(), old.values())
        unread = shas if self.reread else self._unknown(run, repository_id, shas)
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
                session, repository_id, self.source.source_key, commits, expect_new=not self.reread
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
        position = {
            "heads": kept,
            "is_cut": bool(mirror.boundary()),
            "github_id": self._github_id(run),
        }
        with run.transaction() as session:
            parts = [
                services.store_branches(session, repository_id, heads),
                services.mark_deleted_branches(session, repository_id, at_source),
            ]
            if self.reread or mirror.is_rewritten(before.values(), kept.values()):
                reachable = mirror.shas(kept.values())
                parts.append(services.mark_rewritten(session, repository_id, reachable))
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
