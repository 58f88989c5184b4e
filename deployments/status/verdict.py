"""What a snapshot means: is it healthy, what is wrong, and what to do about it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from deployments.status.observing import DATABASE_FAILED, Snapshot
from services.health.settings import HealthSettings

# A watcher that has not looked for this long has ended, or hangs.
STALLED_AFTER = timedelta(seconds=60)
STALLED = "observer_stalled"
SKIPPED = "database check failed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it should be; a serious one makes the whole unhealthy."""

    subject: str
    text: str
    step: str
    is_serious: bool


def problems(snapshot: Snapshot, settings: HealthSettings, now: datetime) -> list[Problem]:
    """Everything that is wrong, the most basic first; each with the next step."""
    return [
        *_observer(snapshot, now),
        *_platform(snapshot, settings),
        *_freshness(snapshot, settings),
        *_running(snapshot, settings),
        *_failed(snapshot),
        *_waiting(snapshot),
    ]


def is_healthy(found: list[Problem]) -> bool:
    """Whether nothing serious is wrong."""
    return not any(problem.is_serious for problem in found)


def health_body(snapshot: Snapshot, settings: HealthSettings, now: datetime) -> dict[str, Any]:
    """The answer of `/health/`: fixed codes, names and times; nothing of what an error said."""
    healthy = is_healthy(problems(snapshot, settings, now))
    return {
        "status": "healthy" if healthy else "unhealthy",
        "checked_at": snapshot.at.isoformat(),
        "checks": {
            "database": _database_check(snapshot),
            "workers": _workers_check(snapshot, settings),
            "scheduler": _scheduler_check(snapshot),
            "collector_groups": _group_checks(snapshot),
            "collectors": _collector_checks(snapshot),
            "collector_meta": _meta(snapshot, settings, now),
            "runs": _run_checks(snapshot, settings),
            "dead_letters": _dead_letter_check(snapshot),
            "outbox": _outbox_check(snapshot),
        },
    }


def _observer(snapshot: Snapshot, now: datetime) -> Iterator[Problem]:
    if now - snapshot.at > STALLED_AFTER:
        text = f"nothing has been looked at since {snapshot.at:%H:%M:%S} UTC"
        yield Problem("status service", text, "restart `bdc serve`", True)


def _platform(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    errors = snapshot.errors
    if "database" in errors:
        yield Problem("database", "it does not answer", "`bdc doctor` says why", True)
    if "schedule" in errors:
        is_serious = settings.enforce_collector_freshness
        text = "the schedule cannot be read: nobody knows what should be fresh"
        yield Problem("schedule", text, "`bdc schedule check` says why", is_serious)
    if "workers" in errors:
        text = "whether workers are online is not known: Prefect's API does not answer"
        yield Problem("workers", text, "`bdc doctor` says why", True)
    elif len(snapshot.workers or ()) < settings.min_workers:
        count = len(snapshot.workers or ())
        text = f"{count} of {settings.min_workers} wanted are online: nothing is started"
        yield Problem("workers", text, "start one with `bdc worker`", True)
    yield from _scheduler(snapshot)


def _scheduler(snapshot: Snapshot) -> Iterator[Problem]:
    if "scheduler" in snapshot.errors:
        text = "whether runs are scheduled is not known: Prefect's API does not answer"
        yield Problem("scheduler", text, "`bdc doctor` says why", True)
    elif snapshot.unscheduled:
        text = f"no next run of {', '.join(snapshot.unscheduled)}"
        step = "look for errors of the scheduler in the Prefect server's log; restart it"
        yield Problem("scheduler", text, step, True)


def _freshness(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    is_serious = settings.enforce_collector_freshness
    for group in snapshot.groups or ():
        if group.is_stale:
            since = group.last_success_at
            text = f"no batch has ended well {f'since {_shown(since)}' if since else 'yet'}"
            step = f"`bdc schedule show --group {group.name}`; `bdc run-group {group.name}`"
            yield Problem(f"group {group.name}", text, step, is_serious)
    for fresh in snapshot.freshness or ():
        if fresh.is_broken:
            promise = fresh.promise
            through = fresh.data_through
            state = f"the data is as of {_shown(through)}" if through else "nothing is stored yet"
            text = f"{state}, promised: {promise.cadence}"
            step = f"`bdc runs --collector {promise.collector}` tells how the last runs ended"
            name = str(fresh.source or promise.collector)
            yield Problem(name, text, step, is_serious and promise.is_daily)


def _running(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    for activity, state in snapshot.running(timedelta(minutes=settings.stuck_minutes)):
        name, number = str(activity.run.source), activity.run.id
        if state == "stuck":
            text = f"run {number} has done nothing since {_shown(activity.at)}: {activity.doing}"
            step = f"`bdc runs show {number}`; cancel it in the Prefect UI"
            yield Problem(name, text, step, False)
        elif state == "dead":
            text = f"the process of run {number} is gone; the next run of the source says so too"
            yield Problem(name, text, f"`bdc runs show {number}`; run it again", False)


def _failed(snapshot: Snapshot) -> Iterator[Problem]:
    for run in snapshot.last_runs():
        if run.status in {"failed", "crashed"}:
            category = f" ({run.category})" if run.category else ""
            text = f"run {run.id} {run.status}{category} in {run.phase or 'start'}: {run.error}"
            step = f"`bdc runs show {run.id}`; docs/troubleshooting.md, by category"
            yield Problem(str(run.source), text, step, False)


def _waiting(snapshot: Snapshot) -> Iterator[Problem]:
    if snapshot.facts is None:
        return
    for source, count in snapshot.facts.dead_letters.items():
        text = f"{count} records are set aside"
        yield Problem(str(source), text, "`bdc dead-letters list`, then `retry`", False)
    for backlog in snapshot.facts.outbox:
        if backlog.failing:
            text = f"{backlog.failing} messages could not be sent, the oldest from {_shown(backlog.oldest)}"
            yield Problem(
                f"outbox {backlog.kind}", text, "`bdc outbox status`, then `retry`", False
            )


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _database_check(snapshot: Snapshot) -> dict[str, Any]:
    if error := snapshot.errors.get("database"):
        return {"ok": False, "error": error}
    return {"ok": True, "latency_ms": snapshot.latency_ms}


def _workers_check(snapshot: Snapshot, settings: HealthSettings) -> dict[str, Any]:
    names = list(snapshot.workers or ())
    ok = "workers" not in snapshot.errors and len(names) >= settings.min_workers
    check = {"ok": ok, "workers": names, "responded": len(names), "expected": settings.min_workers}
    error = snapshot.errors.get("workers")
    return {**check, "error": error} if error else check


def _scheduler_check(snapshot: Snapshot) -> dict[str, Any]:
    if error := snapshot.errors.get("scheduler"):
        return {"ok": False, "error": error}
    without = list(snapshot.unscheduled or ())
    return {"ok": not without, "without_next_run": without}


def _group_checks(snapshot: Snapshot) -> dict[str, Any]:
    return {
        group.name: {"last_success_at": _iso(group.last_success_at), "stale": group.is_stale}
        for group in snapshot.groups or ()
    }


def _collector_checks(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {
            "group": fresh.promise.group,
            "collector": fresh.promise.collector,
            "source_key": fresh.source.source_key if fresh.source else None,
            "cadence": fresh.promise.cadence,
            "data_through": _iso(fresh.data_through),
            "freshness": fresh.verdict,
        }
        for fresh in snapshot.freshness or ()
    ]


def _meta(snapshot: Snapshot, settings: HealthSettings, now: datetime) -> dict[str, Any]:
    groups = any(group.is_stale for group in snapshot.groups or ())
    daily = any(one.is_broken and one.promise.is_daily for one in snapshot.freshness or ())
    stalled = STALLED if now - snapshot.at > STALLED_AFTER else None
    return {
        "any_stale": groups or daily,
        "enforce_freshness": settings.enforce_collector_freshness,
        "error": stalled or snapshot.errors.get("schedule"),
        "skipped": SKIPPED if snapshot.errors.get("database") == DATABASE_FAILED else None,
    }


def _run_checks(snapshot: Snapshot, settings: HealthSettings) -> list[dict[str, Any]]:
    running = snapshot.running(timedelta(minutes=settings.stuck_minutes))
    return [
        {
            "run": activity.run.id,
            "collector": activity.run.source.collector,
            "source_key": activity.run.source.source_key,
            "phase": activity.run.phase,
            "state": state,
            "since": _iso(activity.at),
            "waits_until": _iso(activity.waits_until),
        }
        for activity, state in running
    ]


def _dead_letter_check(snapshot: Snapshot) -> dict[str, Any]:
    waiting = snapshot.facts.dead_letters if snapshot.facts else {}
    return {"open": sum(waiting.values())}


def _outbox_check(snapshot: Snapshot) -> dict[str, Any]:
    backlogs = snapshot.facts.outbox if snapshot.facts else ()
    oldest = min((one.oldest for one in backlogs), default=None)
    return {
        "waiting": sum(one.waiting for one in backlogs),
        "failing": sum(one.failing for one in backlogs),
        "oldest_at": _iso(oldest),
    }
