"""What a snapshot means: is it healthy, what is wrong, and what to do about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from deployments.status.observing import DATABASE_FAILED, Snapshot
from deployments.status.promises import Freshness
from services.health.facts import LastRun
from services.health.settings import HealthSettings
from services.runs.services import Source

# A watcher that has not looked for this long has ended, or hangs.
STALLED_AFTER = timedelta(seconds=60)
STALLED = "observer_stalled"
SKIPPED = "database check failed"


Kind = Literal[
    "status service",
    "database",
    "schedule",
    "workers",
    "scheduler",
    "late",
    "stale",
    "stuck",
    "crashed",
    "failed",
    "auth",
    "quarantine",
    "backlog",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
# No problem, but told on the same ways.
DEPLOYED = "deployed"
# What can be known of these without the database, the schedule or Prefect.
_NEEDS: Mapping[str, tuple[Kind, ...]] = {
    "database": (
        "stale",
        "stuck",
        "crashed",
        "failed",
        "auth",
        "quarantine",
        "backlog",
    ),
    "schedule": ("stale",),
    "groups": ("stale",),
    "scheduler": ("late",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something that is not as it should be; a serious one makes the whole unhealthy.

    `since` and `count` are of what is wrong, where that is known; `run` is the run it is about.
    """

    kind: Kind
    subject: str
    text: str
    step: str
    is_serious: bool = False
    source: Source | None = None
    group: str = ""
    run: LastRun | None = None
    since: datetime | None = None
    count: int = 0


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


def known_kinds(snapshot: Snapshot) -> set[Kind]:
    """The kinds of problems that this look could have found."""
    unknown = {kind for subject in snapshot.errors for kind in _NEEDS.get(subject, ())}
    return set(KINDS) - unknown


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
            "search_index": _index_check(snapshot),
        },
    }


def _observer(snapshot: Snapshot, now: datetime) -> Iterator[Problem]:
    if now - snapshot.at > STALLED_AFTER:
        yield Problem(
            kind="status service",
            subject="status service",
            text=f"nothing has been looked at since {snapshot.at:%H:%M:%S} UTC",
            step="restart `bdc serve`",
            is_serious=True,
        )


def _platform(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    errors = snapshot.errors
    if "database" in errors:
        yield Problem(
            kind="database",
            subject="database",
            text="it does not answer",
            step="`bdc doctor` says why",
            is_serious=True,
        )
    if "groups" in errors:
        yield _unreadable(
            "batches", "how they ended", is_serious=settings.enforce_collector_freshness
        )
    if "index" in errors:
        yield _unreadable("search index", "what waits for it", is_serious=False)
    if "schedule" in errors:
        yield Problem(
            kind="schedule",
            subject="schedule",
            text="the schedule cannot be read: nobody knows what should be fresh",
            step="`bdc schedule check` says why",
            is_serious=settings.enforce_collector_freshness,
        )
    yield from _workers(snapshot, settings)
    yield from _scheduler(snapshot)
    yield from _late(snapshot)


def _unreadable(subject: str, what: str, *, is_serious: bool) -> Problem:
    return Problem(
        kind="database",
        subject=subject,
        text=f"{what} cannot be read: the log of `bdc serve` says why",
        step="`bdc doctor` looks at schema and rights; a migration may hold the table",
        is_serious=is_serious,
    )


def _workers(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    count = len(snapshot.workers or ())
    if "workers" in snapshot.errors:
        text = "whether workers are online is not known: Prefect's API does not answer"
        step = "`bdc doctor` says why"
    elif count < settings.min_workers:
        text = f"{count} of {settings.min_workers} wanted are online: nothing is started"
        step = "start one with `bdc worker`"
    else:
        return
    yield Problem(kind="workers", subject="workers", text=text, step=step, is_serious=True)


def _scheduler(snapshot: Snapshot) -> Iterator[Problem]:
    if "scheduler" in snapshot.errors:
        text = "whether runs are scheduled is not known: Prefect's API does not answer"
        step = "`bdc doctor` says why"
    elif snapshot.unscheduled:
        text = f"no next run of {', '.join(snapshot.unscheduled)}"
        step = "look for errors of the scheduler in the Prefect server's log; restart it"
    else:
        return
    yield Problem(kind="scheduler", subject="scheduler", text=text, step=step, is_serious=True)


def _late(snapshot: Snapshot) -> Iterator[Problem]:
    for name, since in (snapshot.late or {}).items():
        yield Problem(
            kind="late",
            subject=name,
            text=f"it was to start at {_shown(since)} and has not",
            step="`bdc doctor` looks at workers and limits; a batch waits for the one before it",
            since=since,
        )


def _freshness(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    is_serious = settings.enforce_collector_freshness
    for group in snapshot.groups or ():
        if group.is_stale:
            since = group.last_success_at
            yield Problem(
                kind="stale",
                subject=f"group {group.name}",
                text=f"no batch has ended well {f'since {_shown(since)}' if since else 'yet'}",
                step=f"`bdc schedule show --group {group.name}`; `bdc run-group {group.name}`",
                is_serious=is_serious,
                group=group.name,
                since=since,
            )
    for fresh in snapshot.freshness or ():
        if fresh.is_broken:
            yield _stale(fresh, is_serious=is_serious and fresh.promise.is_daily)


def _stale(fresh: Freshness, *, is_serious: bool) -> Problem:
    promise, through = fresh.promise, fresh.data_through
    state = f"the data is as of {_shown(through)}" if through else "nothing is stored yet"
    return Problem(
        kind="stale",
        subject=str(fresh.source or promise.collector),
        text=f"{state}, promised: {promise.how_often}",
        step=f"`bdc runs --collector {promise.collector}` tells how the last runs ended",
        is_serious=is_serious,
        source=fresh.source,
        group=promise.group,
        since=through,
    )


def _running(snapshot: Snapshot, settings: HealthSettings) -> Iterator[Problem]:
    for activity, state in snapshot.running(timedelta(minutes=settings.stuck_minutes)):
        run = activity.run
        if state == "stuck":
            text = f"run {run.id} has done nothing since {_shown(activity.at)}: {activity.doing}"
            step = f"`bdc runs show {run.id}`; cancel it in the Prefect UI"
            yield _of_run("stuck", run, snapshot, text, step)
        elif state == "dead":
            text = f"the process of run {run.id} is gone; the next run of the source says so too"
            step = f"`bdc runs show {run.id}`; run it again"
            yield _of_run("crashed", run, snapshot, text, step)


def _failed(snapshot: Snapshot) -> Iterator[Problem]:
    """By the newest run that has ended: another one under way does not make it good yet."""
    for run in snapshot.facts.last_ended if snapshot.facts else ():
        if run.status in {"failed", "crashed"}:
            category = f" ({run.category})" if run.category else ""
            text = f"run {run.id} {run.status}{category} in {run.phase or 'start'}: {run.error}"
            step = f"`bdc runs show {run.id}`"
            yield _of_run(_kind_of(run), run, snapshot, text, step)


def _kind_of(run: LastRun) -> Kind:
    if run.status == "crashed":
        return "crashed"
    return "auth" if run.category in {"auth", "permission"} else "failed"


def _of_run(kind: Kind, run: LastRun, snapshot: Snapshot, text: str, step: str) -> Problem:
    group = _group_of(run.source, snapshot)
    return Problem(
        kind=kind,
        subject=str(run.source),
        text=text,
        step=step,
        source=run.source,
        group=group,
        run=run,
    )


def _group_of(source: Source, snapshot: Snapshot) -> str:
    """The group whose task a source is, if it is one's; else one that runs its collector."""
    promised = snapshot.freshness or ()
    of_source = [one.promise.group for one in promised if one.source == source]
    of_collector = [
        one.promise.group for one in promised if one.promise.collector == source.collector
    ]
    return next(iter([*of_source, *of_collector]), "")


def _waiting(snapshot: Snapshot) -> Iterator[Problem]:
    if snapshot.facts is None:
        return
    for source, count in snapshot.facts.dead_letters.items():
        yield Problem(
            kind="quarantine",
            subject=str(source),
            text=f"{count} records are set aside",
            step="`bdc dead-letters list`, then `retry`",
            source=source,
            group=_group_of(source, snapshot),
            count=count,
        )
    for backlog in snapshot.facts.outbox:
        if backlog.failing:
            count, oldest = backlog.failing, backlog.oldest
            yield Problem(
                kind="backlog",
                subject=f"outbox {backlog.kind}",
                text=f"{count} messages could not be sent, the oldest from {_shown(oldest)}",
                step="`bdc outbox status`, then `retry`",
                since=oldest,
                count=count,
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
        "error": stalled or snapshot.errors.get("schedule") or snapshot.errors.get("groups"),
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


def _index_check(snapshot: Snapshot) -> dict[str, Any]:
    if error := snapshot.errors.get("index"):
        return {"error": error}
    waiting = snapshot.lags()
    oldest = min((one.oldest for one in waiting), default=None)
    return {"waiting": sum(one.documents for one in waiting), "oldest_at": _iso(oldest)}


def _outbox_check(snapshot: Snapshot) -> dict[str, Any]:
    backlogs = snapshot.facts.outbox if snapshot.facts else ()
    oldest = min((one.oldest for one in backlogs), default=None)
    return {
        "waiting": sum(one.waiting for one in backlogs),
        "failing": sum(one.failing for one in backlogs),
        "oldest_at": _iso(oldest),
    }
