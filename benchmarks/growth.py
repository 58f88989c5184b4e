"""How cost grows: rows in a table, collectors in the ledger, repositories of one collector, workers.

Each row compares with the smallest of its kind in the same run: 1.0 means that it does not grow. For
repositories and looks the number is for one of them; for workers it is rows stored in a second by all
together.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import text

from benchmarks.measuring import ROUNDS, median, scratch_database, scratch_postgres, seconds
from benchmarks.status import FILL
from benchmarks.upsert import COLUMNS, BenchBase, Item, Row, _items
from deployments.local.postgres import EmbeddedPostgres
from deployments.status.observing import Observer
from services.database import Database, open_database
from services.health.settings import HealthSettings
from services.upsert import bulk_upsert
from tests.support.collecting import Collecting
from tests.support.git_repositories import generate_repository

TABLE_ROWS = (10_000, 100_000, 1_000_000)
COLLECTORS = (10, 50, 200)
RUNS_EACH = 50
REPOSITORIES = (1, 15, 150)
COMMITS = 20
WORKERS = (1, 2, 4)
BATCH, BATCHES = 1_000, 40
# Rows as wide as those of the upsert benchmark, made by the server.
PREFILL = text(
    """
    insert into bench_item (id, repo, number, login, title, body, state, labels, created_at, updated_at)
    select n, 'boostorg/repo' || n % 20, n, 'user' || n % 500, md5(n::text), repeat(md5(n::text), 30), 'open',
           '["a", "b"]', now(), now()
      from generate_series(cast(:first as bigint), cast(:last as bigint)) n
    """
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One number for one size."""

    what: str
    size: int
    value: float
    unit: str


def rows() -> list[dict[str, object]]:
    """Every size of every kind, each against the smallest."""
    with scratch_postgres() as server:
        found = [*_tables(server), *_looks(server), *_repositories(server), *_workers(server)]
    smallest: dict[str, float] = {}
    return [
        {
            "what": one.what,
            "size": one.size,
            "value": round(one.value, 1),
            "unit": one.unit,
            "of smallest": round(one.value / smallest.setdefault(one.what, one.value), 2),
        }
        for one in found
    ]


def _tables(server: EmbeddedPostgres) -> Iterator[Measured]:
    """A batch of new rows, and the same once more, into a table that is larger each time."""
    with scratch_database(server, "tables") as database:
        BenchBase.metadata.create_all(database.engine)
        filled = 0
        for size in TABLE_ROWS:
            with database.transaction() as session:
                session.execute(PREFILL, {"first": filled, "last": size - 1})
            filled = size
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
                c.execute(text("vacuum analyze bench_item"))
            batches = [_batch(2_000_000 + size + number * BATCH) for number in range(ROUNDS)]
            for what in ("batch of 1,000 new rows into a table", "the same batch, unchanged"):
                took = [seconds(partial(_store, database, rows)) * 1000 for rows in batches]
                yield Measured(what, size, median(took), "ms")


def _batch(first: int) -> list[Row]:
    return [(first + row[0], *row[1:]) for row in _items(BATCH)]


def _store(database: Database, batch: list[Row]) -> None:
    with database.transaction() as session:
        bulk_upsert(session, Item, COLUMNS, batch, key=("id",), newer=("updated_at",))


def _looks(server: EmbeddedPostgres) -> Iterator[Measured]:
    """What `bdc serve` does every few seconds."""
    with TemporaryDirectory() as folder:
        schedule = Path(folder) / "schedule.yaml"
        schedule.write_text("groups: {}", encoding="utf-8")
        for size in COLLECTORS:
            with scratch_database(server, f"looks_{size}") as database:
                with database.transaction() as session:
                    session.execute(FILL, {"collectors": size, "runs": size * RUNS_EACH})
                observe = Observer(
                    database, None, schedule, "bdc", HealthSettings(), lambda: datetime.now(UTC)
                )
                looks = [seconds(observe) * 1000 for _ in range(2 * ROUNDS)]
            yield Measured("one look at collectors with 50 runs each", size, median(looks), "ms")


def _repositories(server: EmbeddedPostgres) -> Iterator[Measured]:
    """Each with its own mirror and cursor, one after the other; first all is new, then nothing."""
    with TemporaryDirectory() as folder:
        sources = [Path(folder) / f"r{number}" for number in range(max(REPOSITORIES))]
        for source in sources:
            generate_repository(source, COMMITS)
        for size in REPOSITORIES:
            workspace = Path(folder) / f"workspace{size}"
            with scratch_database(server, f"repositories_{size}") as database:
                some = [Collecting(database, str(one), workspace) for one in sources[:size]]
                for what in ("first run of a repository", "next run of it, nothing new"):
                    took = seconds(partial(_collect, some)) * 1000
                    yield Measured(what, size, took / size, "ms each")


def _collect(some: list[Collecting]) -> None:
    for one in some:
        one.collect()


def _workers(server: EmbeddedPostgres) -> Iterator[Measured]:
    """Processes that store batches of their own into one table at the same time."""
    with scratch_database(server, "workers") as database:
        BenchBase.metadata.create_all(database.engine)
        places = count(0, BATCH * BATCHES)
        for size in WORKERS:
            with ProcessPoolExecutor(size, mp_context=get_context("spawn")) as pool:
                url = server.url("workers")
                list(pool.map(_prepare, [url] * size))
                work = [(url, next(places)) for _ in range(size)]
                took = seconds(partial(_all, pool, work))
            yield Measured("workers that store", size, size * BATCH * BATCHES / took, "rows/s")


def _all(pool: ProcessPoolExecutor, work: list[tuple[str, int]]) -> None:
    list(pool.map(_store_many, work))


def _prepare(url: str) -> None:
    """Imports and a first connection are no part of the work."""
    open_database(url, application_name="benchmark").close()


def _store_many(work: tuple[str, int]) -> None:
    url, first = work
    database = open_database(url, application_name="benchmark")
    for number in range(BATCHES):
        _store(database, _batch(first + number * BATCH))
    database.close()
