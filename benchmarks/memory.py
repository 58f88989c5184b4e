"""Peak memory of the collecting process at 1x and 10x the commits."""

import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.commits import Collection
from benchmarks.measuring import median, peak_megabytes, scratch_database, scratch_postgres
from services.database import open_database
from tests.support.git_repositories import generate_repository

COMMITS = (5_000, 50_000)


def rows() -> list[dict[str, object]]:
    """A process of its own for each size, without Prefect, which alone holds about 90 MB."""
    with scratch_postgres() as server, tempfile.TemporaryDirectory() as folder:
        peaks = []
        for commits in COMMITS:
            repository = Path(folder) / f"{commits}.git"
            generate_repository(repository, commits)
            with scratch_database(server, f"memory_{commits}"):
                peaks.append(_peak(server.url(f"memory_{commits}"), repository, Path(folder)))
    return [
        {
            "commits": commits,
            "peak_mb": median([peak]),
            "of_smallest": median([peak / peaks[0]]),
            "goal": "<= 120 MB",
        }
        for commits, peak in zip(COMMITS, peaks, strict=True)
    ]


def _peak(url: str, repository: Path, workspace: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", url, str(repository), str(workspace)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _measure(url: str, repository: str, workspace: str) -> None:
    database = open_database(url, application_name="benchmark")
    Collection(Path(repository), Path(workspace), database)()
    print(peak_megabytes())


if __name__ == "__main__":
    _measure(*sys.argv[1:])
