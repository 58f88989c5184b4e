"""What the benchmarks share: a database of their own, time, CPU and memory."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import migrations
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database, open_database

ROUNDS = 5


@contextmanager
def scratch_postgres() -> Iterator[EmbeddedPostgres]:
    """PostgreSQL with its default durability: fsync on."""
    with tempfile.TemporaryDirectory(prefix="bdc-bench-", ignore_cleanup_errors=True) as base:
        server = EmbeddedPostgres(Path(base) / "pg")
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def scratch_database(server: EmbeddedPostgres, name: str) -> Iterator[Database]:
    """A migrated, empty database."""
    server.ensure_database(name)
    migrations.upgrade(server.url(name))
    database = open_database(server.url(name), application_name="benchmark")
    try:
        yield database
    finally:
        database.close()


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def median(values: Sequence[float]) -> float:
    """The middle one, rounded for a table."""
    return round(statistics.median(values), 2)


def peak_megabytes() -> float:
    """Most memory this program has ever held, in MB.

    From /proc (Linux): getrusage counts what the parent held when it started us.
    """
    status = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line.split()[1] for line in status if line.startswith("VmHWM"))
    return int(peak) / 1024
