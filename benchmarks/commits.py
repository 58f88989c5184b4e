"""The commit stream, end to end, against `git log --numstat` alone reading the same range."""

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measuring import ROUNDS, median, scratch_database, scratch_postgres, seconds
from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database
from services.runs.run import Run
from services.runs.services import Source, start_run
from tests.support.git_repositories import generate_repository

COMMITS = 5_000
# git's own speed depends on what it reads: tiny files make it look fast, real ones do not.
SHAPES = {"small files": {"files": 400, "lines": 40}, "real files": {"files": 1_500, "lines": 300}}


def rows() -> list[dict[str, object]]:
    """Median of interleaved rounds, each on an empty database; the ratio is paired."""
    with scratch_postgres() as server:
        return [row for name in SHAPES for row in _rows_of_shape(server, name)]


def _rows_of_shape(server: EmbeddedPostgres, name: str) -> list[dict[str, object]]:
    with tempfile.TemporaryDirectory() as folder:
        repository, workspace = Path(folder) / "source.git", Path(folder) / "workspace"
        generate_repository(repository, COMMITS, **SHAPES[name])
        rounds = []
        for number in range(ROUNDS + 1):
            with scratch_database(server, f"{name[0]}_{number}") as database:
                rounds.append(_round(repository, workspace, database))
    first, *rest = rounds  # the first one clones, the others find its mirror
    return [
        {
            "repository": name,
            "path": path,
            "commits_per_second": round(median([COMMITS / r[path] for r in of])),
            "of_git_log": median([r["git log --numstat"] / r[path] for r in of]),
        }
        for of, path in (
            (rest, "git log --numstat"),
            ([first], "clone, read and store"),
            (rest, "read and store"),
            (rest, "nothing new"),
            (rest, "read all again, nothing changed"),
        )
    ]


def _round(repository: Path, workspace: Path, database: Database) -> dict[str, float]:
    git = seconds(lambda: read_with_git(repository))
    first = seconds(Collection(repository, workspace, database))
    return {
        "git log --numstat": git,
        "clone, read and store": first,
        "read and store": first,
        "nothing new": seconds(Collection(repository, workspace, database)),
        "read all again, nothing changed": seconds(
            Collection(repository, workspace, database, reread=True)
        ),
    }


def read_with_git(repository: Path) -> None:
    """What the collector reads, read by git alone."""
    subprocess.run(
        ["git", f"--git-dir={repository}", "log", "--numstat", "-M", "--root", "main"],
        stdout=subprocess.DEVNULL,
        check=True,
    )


class Collection:
    """One collection of a repository, as the lifecycle would call it, without Prefect."""

    def __init__(
        self, repository: Path, workspace: Path, database: Database, *, reread: bool = False
    ) -> None:
        self._collector = GitHubActivityTracker(
            repository=str(repository),
            reread=reread,
            workspace=workspace,
            settings=GitHubSettings.model_construct(),
        )
        source = Source(self._collector.name, self._collector.source_key)
        with database.transaction() as session:
            now = datetime.now(UTC)
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
        self._run = Run(source, database, run_id)

    def __call__(self) -> None:
        self._collector.collect(self._run)
