"""`bdc status`: what the status page says, on a terminal."""

import time
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated, Any

from cyclopts import Parameter

from cli.observing import observer, utc_now
from cli.output import Json, console, print_json, show
from deployments.status.observing import Snapshot
from deployments.status.page import quota_in_words, span
from deployments.status.runbook import runbook
from deployments.status.sizes import growth_in_words
from deployments.status.verdict import is_healthy, problems
from services.health.facts import LastRun
from services.health.settings import HealthSettings
from services.settings import load_room_settings, load_settings


def status(*, watch: Annotated[bool, Parameter(negative="")] = False, json: Json = False) -> None:
    """Show what is fresh, running, failing and waiting, and what to do about it.

    Example: `bdc status --watch`

    Args:
        watch: Look again every HEALTH_REFRESH_SECONDS, until Ctrl-C.
        json: Print JSON, for programs.
    """
    settings, health = load_settings(), load_room_settings(HealthSettings)
    with observer(settings, health) as observe:
        _show(observe(), health, as_json=json)
        while watch:
            time.sleep(health.refresh_seconds)
            snapshot = observe()
            if not json:
                console.clear()
            _show(snapshot, health, as_json=json)


def _show(snapshot: Snapshot, health: HealthSettings, *, as_json: bool) -> None:
    found = problems(snapshot, health, utc_now())
    running = _running(snapshot, health)
    sources = _sources(snapshot)
    if as_json:
        print_json(
            {
                "healthy": is_healthy(found),
                "at": snapshot.at,
                "problems": [
                    {
                        "subject": one.subject,
                        "text": one.text,
                        "next": one.step,
                        "runbook": runbook(one, health),
                    }
                    for one in found
                ],
                "running": running,
                "sources": sources,
                "search_index": _index(snapshot),
                "completeness": _compared(snapshot),
                "quotas": [asdict(one) for one in snapshot.quotas()],
                "database": asdict(snapshot.facts.growth) if snapshot.facts else None,
            }
        )
        return
    show(sources, as_json=False, empty="Nothing has run yet.")
    if running:
        console.print()
        show(running, as_json=False, empty="")
    for lag in _index(snapshot):
        since = f"{lag['oldest']:%Y-%m-%d %H:%M}"
        what = f"{lag['documents']} documents of {lag['collector']} wait for the search index"
        console.print(f"{what}, since {since} UTC", markup=False)
    holed = [row for row in _compared(snapshot) if row["missing"] or row["stale"] or row["gone"]]
    if holed:
        console.print()
        show(holed, as_json=False, empty="")
    console.print()
    for line in _resources(snapshot):
        console.print(line, markup=False)
    console.print("Healthy" if is_healthy(found) else "Unhealthy", style="bold", end="")
    console.print(f", as of {snapshot.at:%Y-%m-%d %H:%M:%S} UTC")
    for one in found:
        mark = "!" if one.is_serious else "-"
        told = f"{mark} {one.subject}: {one.text}. Next: {one.step} ({runbook(one, health)})"
        console.print(told, markup=False)


def _compared(snapshot: Snapshot) -> list[dict[str, Any]]:
    """What the newest comparison of each stream with its source has found."""
    return [
        {
            "collector": one.collector,
            "source": one.source_key,
            "stream": one.stream,
            "complete": f"{one.completeness:.2%}",
            "missing": one.missing,
            "stale": one.stale,
            "gone": one.gone,
            "to_repair": one.repairs,
            "compared_at": one.compared_at,
        }
        for one in (snapshot.facts.compared if snapshot.facts else ())
    ]


def _index(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {"collector": one.collector, "documents": one.documents, "oldest": one.oldest}
        for one in snapshot.lags()
    ]


def _resources(snapshot: Snapshot) -> list[str]:
    """What is used up bit by bit: quotas of sources, and room in the database."""
    if snapshot.facts is None:
        return []
    quotas = [f"quota of {quota_in_words(one)}" for one in snapshot.quotas()]
    return [*quotas, f"database {growth_in_words(snapshot.facts.growth)}"]


def _sources(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The newest run of each source, with how old its data is and how old it may be."""
    fresh = {one.source: one for one in snapshot.freshness or ()}
    letters = snapshot.facts.dead_letters if snapshot.facts else {}
    rows = []
    for run in snapshot.last_runs():
        known = fresh.get(run.source)
        through = known.data_through if known else None
        rows.append(
            _short(run)
            | {
                "ago": span(snapshot.at - (run.finished_at or run.started_at)),
                "data": known.verdict if known else "no promise",
                "data_through": through,
                "dead_letters": letters.get(run.source, 0),
            }
        )
    return rows


def _short(run: LastRun) -> dict[str, Any]:
    count = run.counts.get
    return {
        "run": run.id,
        "collector": run.source.collector,
        "source": run.source.source_key,
        "status": run.status if run.category is None else f"{run.status} ({run.category})",
        "took": span(run.took) or None,
        "fetched": count("fetched", 0),
        "stored": count("inserted", 0) + count("updated", 0),
        "unchanged": count("unchanged", 0),
        "set_aside": count("quarantined", 0),
    }


def _running(snapshot: Snapshot, health: HealthSettings) -> list[dict[str, Any]]:
    found = snapshot.running(timedelta(minutes=health.stuck_minutes))
    return [
        {
            "running": one.run.id,
            "source": str(one.run.source),
            "state": state,
            "doing": one.doing,
            "sign_of_life": one.at,
            "waits_until": one.waits_until if state == "waiting" else None,
        }
        for one, state in found
    ]
