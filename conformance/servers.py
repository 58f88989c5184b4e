"""The servers of a session: PostgreSQL and Prefect, quick to make, worthless after a power cut."""

import random
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployments.local import prefect_server
from deployments.local.postgres import EmbeddedPostgres
from deployments.local.prefect_server import PrefectServer, is_free
from deployments.local.processes import ProcessRecords

UNSAFE_BUT_QUICK = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}


MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
GIB = 1 << 30
# More than the databases of a session take at once.
ROOM_NEEDED = 4 * GIB
# Below those that systems give to whoever asks for any port, as sources and outgoing connections do.
PORTS = range(20_000, 32_000)


@contextmanager
def quick_folder(prefix: str) -> Iterator[Path]:
    """An empty folder, in memory where there is room: a database is cloned there in half the time."""
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_NEEDED
    place = MEMORY if in_memory else None
    with tempfile.TemporaryDirectory(prefix=prefix, dir=place, ignore_cleanup_errors=True) as base:
        yield Path(base)


def start_quick_postgres(base: Path) -> EmbeddedPostgres:
    """A running server whose data lies under `base`; the caller stops it."""
    server = EmbeddedPostgres(base / "pg", settings=UNSAFE_BUT_QUICK)
    server.start()
    return server


@dataclass(frozen=True, slots=True)
class ServedPrefect:
    """A running Prefect server: where its files lie, its database, its API."""

    home: Path
    database_url: str
    api_url: str


@contextmanager
def running_prefect() -> Iterator[ServedPrefect]:
    """About 20 s to start, so one for a session or a module."""
    with quick_folder("bdc-") as home:
        postgres = start_quick_postgres(home)
        try:
            postgres.ensure_database(prefect_server.DATABASE)
            yield from _serve(home, postgres.url(prefect_server.DATABASE))
        finally:
            postgres.stop()


def _serve(home: Path, database_url: str) -> Iterator[ServedPrefect]:
    records = ProcessRecords(home / "processes.json")
    server = PrefectServer(home, database_url=database_url, port=free_port(), records=records)
    try:
        server.start()
        yield ServedPrefect(home, database_url, server.api_url)
    finally:
        server.stop()


def free_port() -> int:
    """A port that nobody holds just now, and that nobody gets by chance until it is bound.

    Drawn by the system: seeds of tests are alike in the processes that share a machine.
    """
    while not is_free(port := random.SystemRandom().choice(PORTS)):
        pass
    return port
