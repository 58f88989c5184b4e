"""Commits with their files: what storing them costs beside raw COPY and beside the predecessor."""

import tempfile
import time
from pathlib import Path

from benchmarks.commits import COMMITS, SHAPES, Collection
from benchmarks.copying import against_copy, count_statements, counting, figure
from benchmarks.measuring import scratch_database, scratch_postgres
from tests.support.git_repositories import generate_repository

# CPU of the predecessor for a commit with its files: spec of its measurement, in microseconds.
PREDECESSOR_CPU = 14_950


def rows() -> list[dict[str, object]]:
    """One row a figure, each beside its goal."""
    with scratch_postgres() as server, tempfile.TemporaryDirectory() as folder:
        count_statements(server)
        repository = Path(folder) / "source.git"
        generate_repository(repository, COMMITS, **SHAPES["small files"])
        with scratch_database(server, "commits") as database:
            collection = Collection(repository, Path(folder) / "workspace", database)
            with counting(database) as counted:
                began = time.process_time()
                collection()
                cpu = 1e6 * (time.process_time() - began) / COMMITS
            return [
                figure("commits", COMMITS, ""),
                figure("CPU for a commit with its files, us", round(cpu), ""),
                figure("the predecessor's CPU, times ours", PREDECESSOR_CPU / cpu, ">= 60"),
                figure("statements a commit", counted["statements"] / COMMITS, "<= 0.02"),
                *against_copy(counted["seconds"], database),
            ]
