"""`bdc runs` and `bdc status`: what the ledger says."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from cli.connection import connected
from cli.output import Json, show
from services.runs import services as ledger
from services.runs.models import CollectorRun
from services.runs.services import Source


def runs(
    *,
    collector: str | None = None,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 20,
    json: Json = False,
) -> None:
    """List the newest runs.

    Args:
        collector: Only this one's.
        limit: How many.
        json: Print JSON, for programs.
    """
    with connected() as database, database.transaction() as session:
        found = ledger.latest_runs(session, collector=collector, limit=limit)
        rows = [_full(run) if json else _short(run) for run in found]
    show(rows, as_json=json, empty="Nothing has run yet.")


def status(*, json: Json = False) -> None:
    """Show each source: its last run, how long ago, and what waits in its dead letters."""
    now = datetime.now(UTC)
    with connected() as database, database.transaction() as session:
        waiting = ledger.open_dead_letter_counts(session)
        rows = [
            _short(run)
            | {
                "ago": _ago(now - (run.finished_at or run.started_at)),
                "dead_letters": waiting.get(Source(run.collector, run.source_key), 0),
            }
            for run in ledger.latest_run_of_each_source(session)
        ]
    show(rows, as_json=json, empty="Nothing has run yet.")


def _short(run: CollectorRun) -> dict[str, Any]:
    count = run.counts.get
    return {
        "run": run.id,
        "collector": run.collector,
        "source": run.source_key,
        "status": run.status if run.category is None else f"{run.status} ({run.category})",
        "started": run.started_at,
        "took": None if run.finished_at is None else _ago(run.finished_at - run.started_at),
        "fetched": count("fetched", 0),
        "stored": count("inserted", 0) + count("updated", 0),
        "unchanged": count("unchanged", 0),
        "set_aside": count("quarantined", 0),
        "error": run.error,
    }


def _full(run: CollectorRun) -> dict[str, Any]:
    return {column.key: getattr(run, column.key) for column in CollectorRun.__table__.columns}


def _ago(span: timedelta) -> str:
    seconds = span.total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
