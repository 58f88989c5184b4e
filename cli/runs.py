"""`bdc runs`: what the ledger says of runs."""

from typing import Annotated, Any

import httpx
from cyclopts import App, Parameter

from cli.connection import connected
from cli.observing import prefect_api, ui_url
from cli.output import Json, console, print_json, show
from deployments.status.page import run_link, span
from services.errors import ConfigError
from services.health.settings import HealthSettings
from services.runs import services as ledger
from services.runs.models import CollectorActivity, CollectorRun
from services.settings import load_room_settings, load_settings

app = App(
    name="runs",
    help="List runs, or show one of them whole.\n\nExample: `bdc runs --collector outbox --limit 5`",
)
LAST_LINES = 20


@app.default
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
        rows = [_full(run) if json else short_row(run) for run in found]
    show(rows, as_json=json, empty="Nothing has run yet.")


@app.command(name="show")
def show_run(run: int, /, *, json: Json = False) -> None:
    """Show one run: how it ended, its counts and cursors, what it did last, the end of its log.

    Example: `bdc runs show 12`

    Args:
        run: Its number, as `bdc runs` lists it.
        json: Print JSON, for programs.
    """
    with connected() as database, database.transaction() as session:
        found = ledger.run_by_id(session, run)
        if found is None:
            raise ConfigError(f"the ledger has no run {run}: `bdc runs` lists the newest")
        facts = _full(found) | _last_activity(session.get(CollectorActivity, run))
    settings = load_settings()
    facts["page"] = run_link(ui_url(settings), facts["flow_run_id"])
    facts["log"] = _log(facts["flow_run_id"])
    if json:
        print_json(facts)
        return
    _print(facts)


def short_row(run: CollectorRun) -> dict[str, Any]:
    """A run as one line of a table."""
    count = run.counts.get
    took = None if run.finished_at is None else span(run.finished_at - run.started_at)
    return {
        "run": run.id,
        "collector": run.collector,
        "source": run.source_key,
        "status": run.status if run.category is None else f"{run.status} ({run.category})",
        "started": run.started_at,
        "took": took,
        "fetched": count("fetched", 0),
        "stored": count("inserted", 0) + count("updated", 0),
        "unchanged": count("unchanged", 0),
        "set_aside": count("quarantined", 0),
        "error": run.error,
    }


def _full(run: CollectorRun) -> dict[str, Any]:
    return {column.key: getattr(run, column.key) for column in CollectorRun.__table__.columns}


def _last_activity(activity: CollectorActivity | None) -> dict[str, Any]:
    if activity is None:
        return {"doing": None, "sign_of_life": None, "waits_until": None}
    return {
        "doing": activity.doing,
        "sign_of_life": activity.at,
        "waits_until": activity.waits_until,
    }


def _log(flow_run_id: object) -> list[str]:
    """Prefect keeps the log; what stands in its place when it cannot be asked says why."""
    if flow_run_id is None:
        return ["(this run was not started by Prefect, which keeps the logs)"]
    settings, health = load_settings(), load_room_settings(HealthSettings)
    with prefect_api(settings, health) as prefect:
        if prefect is None:
            return ["(PREFECT_API_URL is not set: Prefect keeps the logs)"]
        try:
            return prefect.log_lines(str(flow_run_id), LAST_LINES)
        except httpx.HTTPError as error:
            return [f"(Prefect's API, which keeps the logs: {type(error).__name__})"]


def _print(facts: dict[str, Any]) -> None:
    for name, value in facts.items():
        if name != "log" and value is not None:
            console.print(f"{name.replace('_', ' '):<14} {value}", markup=False)
    console.print("log")
    for line in facts["log"]:
        console.print(f"  {line}", markup=False)
