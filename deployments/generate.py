"""From the schedule to `prefect.yaml`, the deployments as Prefect reads them.

The same schedule gives the same text, byte for byte, on every machine.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from deployments.calendar import tightest_cron
from deployments.flow_parameters import collector_entrypoint
from deployments.schedule_model import (
    Group,
    IntervalTask,
    MonthlyTask,
    ReleaseTask,
    Schedule,
    Task,
    WeeklyTask,
)

Deployment = dict[str, Any]
JobVariables = Mapping[str, Any]

# Marks what this project made on a server that may hold more.
TAG = "bdc"
# On a deployment whose schedule the YAML disables: without it, who finds the schedule inactive on
# the server knows that a person paused it.
DISABLED = "disabled"
# Before the name of a collector: the name of its concurrency limit on the server.
LIMIT_PREFIX = "collector:"
ON_DEMAND = "on-demand"
GROUP_ENTRYPOINT = "flows.collector_group.collector_group"
RELEASE_EVENT = "release.detected"
# Tells our automations from those that a person made for the same deployment.
TRIGGER_DESCRIPTION = "Made from the schedule; a change made here is undone, a pause is kept."
# Intervals count from here, so that applying anew or restarting moves no slot.
ANCHOR = "2020-01-01T00:00:00+00:00"
# Written for people only; Prefect does not read it.
PREFECT_VERSION = "3.8"
HEADER = """\
# Generated from deployments/schedule.yaml by `bdc schedule render`. Do not edit: edit the schedule,
# render again, and commit both. `bdc schedule render --check` fails when they disagree.
"""


def render(
    schedule: Schedule,
    collectors: Iterable[str],
    pool: str,
    job_variables: JobVariables = MappingProxyType({}),
) -> str:
    """The text of `prefect.yaml`: what runs on the work pool `pool`."""
    project = {
        "name": "boost-data-collector",
        "prefect-version": PREFECT_VERSION,
        "pull": [],
        "deployments": deployments(schedule, collectors, pool, job_variables),
    }
    return HEADER + yaml.dump(project, Dumper=_PlainDumper, sort_keys=False, width=100)


def deployments(
    schedule: Schedule,
    collectors: Iterable[str],
    pool: str,
    job_variables: JobVariables = MappingProxyType({}),
) -> list[Deployment]:
    """All deployments: groups, releases and intervals as written, then one for each collector.

    `job_variables` is what the pool's workers are told with every run, e.g. the image to run.
    """
    wanted = [*_scheduled(schedule), *map(_on_demand, collectors)]
    place = {"name": pool} | ({"job_variables": dict(job_variables)} if job_variables else {})
    return [_finished({**deployment, "work_pool": place}) for deployment in wanted]


def _scheduled(schedule: Schedule) -> Iterator[Deployment]:
    for name, group in schedule.groups.items():
        yield _batch(name, group)
        if any(isinstance(task, ReleaseTask) for task in group.enabled_tasks):
            yield _release(name, group)
        yield from (_interval(name, t) for t in group.tasks if isinstance(t, IntervalTask))


def _batch(name: str, group: Group) -> Deployment:
    """A group; without a schedule when no date makes it due, so that it can be started by hand.

    Its release tasks too: it catches up what no event has started.
    """
    cron = tightest_cron(group)
    slug = f"{name}-{group.default_time:%H%M}"
    tasks = [task for task in group.tasks if not isinstance(task, IntervalTask)]
    schedules = [{"cron": cron, "timezone": "UTC", "slug": slug, "active": True}] if cron else []
    return {
        "name": name,
        "tags": [TAG, f"group:{name}"],
        "description": _listing(f"The tasks of group {name}, in order:", tasks),
        "entrypoint": GROUP_ENTRYPOINT,
        "parameters": {"group": name},
        "schedules": schedules,
        # A batch that is still running when the next is due delays it; none is dropped.
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
    }


def _release(name: str, group: Group) -> Deployment:
    """A group's release tasks, started by the event that a new release was noticed."""
    tasks = [task for task in group.tasks if isinstance(task, ReleaseTask)]
    trigger = {
        "type": "event",
        "name": f"release-{name}",
        "description": TRIGGER_DESCRIPTION,
        "enabled": True,
        "match": {"prefect.resource.id": "release.*"},
        "expect": [RELEASE_EVENT],
        "parameters": {},
    }
    return {
        "name": f"release-{name}",
        "tags": [TAG, f"group:{name}"],
        "description": _listing(f"What group {name} does on a release, in order:", tasks),
        "entrypoint": GROUP_ENTRYPOINT,
        "parameters": {"group": name, "cadence": "on_release"},
        "schedules": [],
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
        "triggers": [trigger],
    }


def _interval(group: str, task: IntervalTask) -> Deployment:
    """One task by itself; named by what it does, so that a new pause or neighbour renames nothing."""
    name = f"interval-{group}-{_digest(task.parameters)[:8]}"
    interval = {
        "interval": task.minutes * 60,
        "anchor_date": ANCHOR,
        "timezone": "UTC",
        "slug": f"{group}-interval",
        "active": task.enabled,
    }
    disabled = [] if task.enabled else [DISABLED]
    return {
        "name": name,
        "tags": [TAG, f"group:{group}", f"collector:{task.collector}", *disabled],
        "entrypoint": collector_entrypoint(task.collector),
        "parameters": task.parameters,
        "schedules": [interval],
        # A run that outlasts its interval makes the next one pointless, not late.
        "concurrency_limit": {"limit": 1, "collision_strategy": "CANCEL_NEW"},
    }


def _on_demand(collector: str) -> Deployment:
    return {
        "name": ON_DEMAND,
        "tags": [TAG, f"collector:{collector}"],
        "entrypoint": collector_entrypoint(collector),
        "parameters": {},
        "schedules": [],
    }


def _finished(deployment: Deployment) -> Deployment:
    """With a version that changes when anything else in it does."""
    others = {key: value for key, value in deployment.items() if key != "name"}
    return {"name": deployment["name"], "version": _digest(deployment)[:12], **others}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _listing(title: str, tasks: Iterable[Task]) -> str:
    """Shown with the deployment in Prefect's UI, which otherwise could not tell what is inside."""
    lines = [f"{number}. {_in_words(task)}" for number, task in enumerate(tasks, start=1)]
    return "\n".join([title, "", *lines])


def _in_words(task: Task) -> str:
    words = f"{task.collector}, {_cadence(task)}"
    if task.parameters:
        words += f": `{json.dumps(task.parameters, sort_keys=True, ensure_ascii=False)}`"
    return words if task.enabled else f"{words} (disabled)"


def _cadence(task: Task) -> str:
    match task:
        case WeeklyTask(day_of_week=day):
            return f"weekly on {day}"
        case MonthlyTask(day_of_month=day):
            return f"monthly on day {day}"
        case ReleaseTask():
            return "on every release"
        case _:
            return task.schedule


class _PlainDumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and nothing as a reference to something above."""

    def ignore_aliases(self, data: Any) -> bool:
        del data
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_PlainDumper.add_representer(str, _write_text)
