"""`/health/` beside a handler that does nothing, while collectors write to the same database.

The claim: with 10,000 runs of 200 collectors in the ledger it answers within 50 ms in 95 of 100
cases. What it costs to look at everything, which happens in the background, is in the last column.
"""

import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from sqlalchemy import text

from benchmarks.measuring import median, scratch_database, scratch_postgres, seconds
from deployments.status.app import StatusService, make_app
from deployments.status.observing import Observer, Watcher
from services.database import Database
from services.health.settings import HealthSettings
from services.runs.services import Ending, Source, finish_run, start_run
from tests.support.serving import serving

RUNS, COLLECTORS, REQUESTS, LOOKS = 10_000, 200, 400, 10
FILL = text(
    """
    insert into collector_run (collector, source_key, parameters, status, phase, counts, host, pid,
                               started_at, finished_at, data_through)
    select 'collector_' || n % :collectors, 'source', '{}', 'completed', 'sync_pinecone',
           '{"fetched": 100, "inserted": 10, "updated": 1}', 'host', 1, at, at + interval '1 minute', at
      from generate_series(1, :runs) n,
           lateral (select now() - n * interval '3 minutes' as at) times
    """
)


def rows() -> list[dict[str, object]]:
    """One row: nobody writes; another: somebody does."""
    with scratch_postgres() as server, scratch_database(server, "status") as database:
        with database.transaction() as session:
            session.execute(FILL, {"collectors": COLLECTORS, "runs": RUNS})
        return [_measured(database, writing=writing) for writing in (False, True)]


def _measured(database: Database, *, writing: bool) -> dict[str, object]:
    with TemporaryDirectory() as folder, _writing(database, writing):
        schedule = Path(folder) / "schedule.yaml"
        schedule.write_text("groups: {}", encoding="utf-8")
        observe = Observer(database, None, schedule, "bdc", HealthSettings(), _now)
        looks = [seconds(observe) * 1000 for _ in range(LOOKS)]
        service = StatusService(Watcher(observe, 5), HealthSettings(), _now)
        with serving(make_app(service)) as client:
            health, empty = _times(client, "/health/"), _times(client, "/health/live")
    return {
        "beside writes": writing,
        "health p50, ms": median(health),
        "p95, ms": _p95(health),
        "empty p95, ms": _p95(empty),
        "times empty": round(_p95(health) / _p95(empty), 1),
        "one look, ms": median(looks),
    }


def _times(client: httpx.Client, path: str) -> list[float]:
    return [seconds(lambda: client.get(path)) * 1000 for _ in range(REQUESTS)]


def _p95(values: list[float]) -> float:
    return round(statistics.quantiles(values, n=20)[-1], 2)


@contextmanager
def _writing(database: Database, wanted: bool) -> Iterator[None]:
    """Runs that start and end as quickly as they can."""
    stop = threading.Event()
    thread = threading.Thread(target=_write, args=(database, stop))
    if wanted:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        if wanted:
            thread.join()


def _write(database: Database, stop: threading.Event) -> None:
    source = Source("busy", "source")
    while not stop.is_set():
        with database.transaction() as session:
            run = start_run(session, source, parameters={}, flow_run_id=None, now=_now())
        with database.transaction() as session:
            finish_run(session, run, Ending("completed", "collect", {}), now=_now())


def _now() -> datetime:
    return datetime.now(UTC)
