"""A repository's issues, pull requests and all that is said in them, from a site with GitHub's ways.

The site is a process of its own, on loopback, 20 ms away, with GitHub's headers. Time is compared with
times of the same run only; what the predecessor took is known by its CPU for a record.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from benchmarks.copying import against_copy, count_statements, counting, figure
from benchmarks.github_world import NAME
from benchmarks.measuring import peak_megabytes, scratch_database, scratch_postgres, seconds
from collectors.github_activity_tracker.collector import GitHubActivityTracker
from collectors.github_activity_tracker.settings import GitHubSettings
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database, open_database
from services.http.client import HttpClient
from services.http.github import GitHubAccess
from services.http.messages import Request
from services.http.observing import observed
from services.http.settings import HttpSettings, bearer
from services.runs.run import Run
from services.runs.services import Source, start_run

ITEMS = 10_000
SIZES = (10_000, 100_000)
LATENCY = timedelta(milliseconds=20)
STREAMS = ("metadata", "issues", "pull_requests", "reviews", "comments", "review_comments")
# CPU of the predecessor for an issue with what belongs to it: spec of its measurement, in microseconds.
PREDECESSOR_CPU = 14_218

Asked = tuple[str, str, str]
"""Method, path with its parameters, and body of a question."""


def rows() -> list[dict[str, object]]:
    """One row a figure, each beside its goal."""
    with scratch_postgres() as server, tempfile.TemporaryDirectory() as folder:
        count_statements(server)
        return [*_of_time(server, Path(folder)), *_of_memory(server, Path(folder))]


def _of_time(server: EmbeddedPostgres, folder: Path) -> Iterator[dict[str, object]]:
    with scratch_database(server, "github") as database, site(ITEMS, LATENCY) as there:
        first = Measured(there, database, folder)
        yield figure("records", first.records, "")
        yield from _speed(first, there, server, folder)
        yield from _calls(first, there, database, folder)
        yield from against_copy(first.storing, database)


def _speed(
    first: "Measured", there: "Site", server: EmbeddedPostgres, folder: Path
) -> Iterator[dict[str, object]]:
    rate = first.records / first.seconds
    ceiling = 100 / LATENCY.total_seconds()
    yield figure("records/s, end to end", round(rate), "")
    yield figure("of one walk's ceiling, 100 records in 20 ms", rate / ceiling, "")
    asked: list[Asked] = []
    with (
        scratch_database(server, "github_near") as near,
        site(ITEMS, timedelta()) as here,
        observed(lambda one: asked.append((one.method, _path(one.url), one.asked))),
    ):
        store = Measured(here, near, folder).seconds
    fetch = seconds(lambda: _fetch_again(there.url, asked))
    there.count()
    slower = max(fetch, store)
    yield figure(
        "of the slower of fetching alone and storing alone", slower / first.seconds, ">= 0.8"
    )
    cpu = 1e6 * first.cpu / first.items
    yield figure("CPU for an issue with all that belongs to it, us", round(cpu), "")
    yield figure("the predecessor's CPU, times ours", PREDECESSOR_CPU / cpu, ">= 40")


def _calls(
    first: "Measured", there: "Site", database: Database, folder: Path
) -> Iterator[dict[str, object]]:
    per_thousand = 1000 / first.items
    before = first.predecessor_calls
    yield figure("calls for 1,000 items, first", first.calls * per_thousand, "")
    yield figure("the predecessor's", before * per_thousand, "")
    yield figure("of the predecessor's calls, first", first.calls / before, "<= 0.333")
    yield figure("statements a record, first", first.statements / first.records, "<= 0.02")
    again = Measured(there, database, folder)
    yield figure("calls when nothing has changed", again.calls, "")
    there.touch()
    changed = Measured(there, database, folder)
    yield figure("calls when 1 % has changed", changed.calls, "")
    yield figure("the predecessor's", there.predecessor_changed, "")
    yield figure(
        "of the predecessor's calls, 1 % changed",
        changed.calls / there.predecessor_changed,
        "<= 0.05",
    )


def _of_memory(server: EmbeddedPostgres, folder: Path) -> Iterator[dict[str, object]]:
    peaks = [_peak(server, folder, size) for size in SIZES]
    for size, peak in zip(SIZES, peaks, strict=True):
        yield figure(f"peak MB for {size:,} items", round(peak), "")
    yield figure("of the smaller world's", peaks[1] / peaks[0], "<= 1.2")


def _peak(server: EmbeddedPostgres, folder: Path, size: int) -> float:
    name = f"github_{size}"
    with scratch_database(server, name), site(size, timedelta()) as there:
        command = [
            sys.executable,
            "-m",
            "benchmarks.github",
            server.url(name),
            there.url,
            str(folder),
        ]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _fetch_again(url: str, asked: Sequence[Asked]) -> None:
    """The same questions in the same order, and their answers decoded; nothing is stored."""
    with HttpClient(HttpSettings(base_url=url), auth=bearer("abc")) as client:
        for method, target, body in asked:
            content = body.encode() or None
            client.send(Request(target, method=method, content=content, question=True)).json()


def _path(url: str) -> str:
    return urlsplit(url)._replace(scheme="", netloc="").geturl()


class Measured:
    """One run: what it did, and what that cost."""

    def __init__(self, there: "Site", database: Database, folder: Path) -> None:
        there.count()
        with counting(database) as counted:
            run, cpu = open_run(database), time.process_time()
            collector = collector_of(there.url, folder)
            self.seconds = seconds(lambda: collector.collect(run))
            self.cpu = time.process_time() - cpu
        self.statements = counted["statements"]
        self.storing = counted["seconds"]
        self.records = run.result.fetched
        self.calls = there.count()
        self.items = there.items
        self.predecessor_calls = there.predecessor_first


def collector_of(url: str, folder: Path) -> GitHubActivityTracker:
    """The room's collector of the made repository."""
    return GitHubActivityTracker(
        repository=NAME,
        streams=STREAMS,
        workspace=folder,
        settings=GitHubSettings.model_construct(),
        access=GitHubAccess.model_construct(api_url=url, tokens=SecretStr("abc")),
    )


def open_run(database: Database) -> Run:
    """A run that the ledger knows."""
    source = Source(GitHubActivityTracker.name, NAME)
    with database.transaction() as session:
        now = datetime.now(UTC)
        run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
    return Run(source, database, run_id)


class Site:
    """The site in its process, and what a first and a later run of the predecessor would ask it.

    Its calls, by the specification of the predecessor: the repository, a page for a hundred items,
    two for each issue (itself, comments), three for each pull request (and review comments).
    """

    def __init__(self, process: "subprocess.Popen[str]", items: int) -> None:
        self._process = process
        self.items = items
        self.url = self._read()

    @property
    def predecessor_first(self) -> int:
        """Everything."""
        return _predecessor_calls(self.items)

    @property
    def predecessor_changed(self) -> int:
        """One item in a hundred."""
        return _predecessor_calls(self.items // 100)

    def count(self) -> int:
        """The calls since this was last asked."""
        return int(self._ask("count"))

    def touch(self) -> None:
        """Change one item in a hundred."""
        self._ask("touch")

    def _ask(self, what: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _predecessor_calls(items: int) -> int:
    pulls = items // 3
    return 1 + -(-items // 100) + 2 * (items - pulls) + 3 * pulls


@contextmanager
def site(items: int, latency: timedelta) -> Iterator[Site]:
    """Serves so many issues and pull requests, a third of them, until the block ends."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.github_world",
        str(items),
        str(latency.total_seconds()),
    ]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Site(process, items)
        finally:
            process.kill()


if __name__ == "__main__":
    opened = open_database(sys.argv[1], application_name="benchmark")
    collector_of(sys.argv[2], Path(sys.argv[3])).collect(open_run(opened))
    print(peak_megabytes())
