"""What people are told after a deployment: the truth about it, whether or not it is a good one."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from deployments.schedule_model import IntervalTask, MonthlyTask, Schedule, Task, WeeklyTask
from deployments.status.alerting import ANNOUNCED, RESOURCE
from deployments.status.observing import Snapshot
from deployments.status.verdict import DEPLOYED, is_healthy, problems
from services.health.settings import HealthSettings

# As many lines as a chat shows without folding them away.
MOST_TASKS = 25
MOST_PROBLEMS = 10


def announcement(
    snapshot: Snapshot, schedule: Schedule, settings: HealthSettings, *, what: str, now: datetime
) -> dict[str, Any]:
    """The event that routes of alerts pass on; `what` is what was deployed, e.g. a branch."""
    found = problems(snapshot, settings, now)
    state = "healthy" if is_healthy(found) else "UNHEALTHY"
    lines = [
        f"{now:%Y-%m-%d %H:%M} UTC",
        f"database: {'answers' if snapshot.facts else 'does not answer'}",
        f"workers: {_names(snapshot.workers)}",
        *_some([f"! {one.subject}: {one.text}" for one in found if one.is_serious], MOST_PROBLEMS),
        *(_some(_tasks(schedule), MOST_TASKS) or ["nothing is scheduled"]),
    ]
    return {
        "id": str(uuid4()),
        "occurred": now.isoformat(),
        "event": ANNOUNCED,
        "resource": {
            "prefect.resource.id": f"{RESOURCE}{DEPLOYED}",
            "prefect.resource.name": what,
            "alert.kind": DEPLOYED,
            "alert.category": "none",
            "alert.collector": "none",
            "alert.group": "none",
        },
        "payload": {"subject": f"{what} is deployed: {state}", "body": "\n".join(lines)},
    }


def _names(workers: tuple[str, ...] | None) -> str:
    if workers is None:
        return "not known, Prefect's API does not answer"
    return ", ".join(workers) or "none online"


def _some(lines: list[str], most: int) -> list[str]:
    more = len(lines) - most
    return lines if more <= 0 else [*lines[:most], f"… and {more} more"]


def _tasks(schedule: Schedule) -> list[str]:
    return [
        f"{name}: {task.collector}, {_cadence(task, f'{schedule.groups[name].default_time:%H:%M}')}"
        for name, task in schedule.enabled_tasks()
    ]


def _cadence(task: Task, at: str) -> str:
    match task:
        case IntervalTask(minutes=minutes):
            return f"every {minutes} minutes"
        case WeeklyTask(day_of_week=day):
            return f"{day}s at {at} UTC"
        case MonthlyTask(day_of_month=day):
            return f"on day {day} of the month at {at} UTC"
        case _:
            return "on every release" if task.schedule == "on_release" else f"daily at {at} UTC"
