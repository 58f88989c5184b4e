"""The page of collectors: what each is, takes, writes, and when it runs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from authoring.reference.markdown import code, document, table
from deployments.calendar import every
from deployments.flow_parameters import FlowFacts, collector_entrypoint, load_flow
from deployments.schedule import (
    IntervalTask,
    MonthlyTask,
    ReleaseTask,
    Schedule,
    Task,
    WeeklyTask,
    read_schedule,
)
from services.catalogue import CollectorEntry, list_collectors

_ARGUMENT = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def collectors_page(root: Path) -> str:
    """One section for each collector, by name."""
    schedule = read_schedule(root / "deployments" / "schedule.yaml")
    entries = list_collectors(root / "collectors")
    overview = table(
        ["collector", "what it collects"],
        [(f"[{entry.name}](#{entry.name})", entry.summary) for entry in entries],
    )
    sections = [_section(entry, schedule) for entry in entries]
    return document("# Collectors", overview, *sections)


def _section(entry: CollectorEntry, schedule: Schedule) -> str:
    flow = load_flow(collector_entrypoint(entry.name))
    facts = [f"- **{name}**: {value}" for name, value in entry.facts.items()]
    return document(
        f"## {entry.name}",
        entry.summary,
        "\n".join(facts),
        "Parameters of its flow, flags of `bdc run` and keys under `parameters:` in the schedule:",
        table(["parameter", "type", "default", "meaning"], _parameters(flow)),
        _scheduled(entry.name, schedule),
    )


def _parameters(flow: FlowFacts) -> list[tuple[str, str, str, str]]:
    meanings = argument_meanings(flow.description or "")
    required = flow.schema.get("required", ())
    return [
        (
            code(name),
            _type(field),
            "required" if name in required else code(_shown(field.get("default"))),
            meanings.get(name, ""),
        )
        for name, field in flow.schema.get("properties", {}).items()
    ]


def argument_meanings(docstring: str) -> dict[str, str]:
    """What a docstring says of each argument, in Google's form."""
    _, _, arguments = docstring.partition("Args:\n")
    return {name: " ".join(text.split()) for name, text in _ARGUMENT.findall(arguments)}


def _type(field: Mapping[str, Any]) -> str:
    """As a person would say it; what may be left out says so by its default."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    return " or ".join(_kind(kind) for kind in kinds)


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(code(str(value)) for value in field["enum"])
    name = str(field.get("type", "any"))
    return f"list of {_type(field['items'])}s" if name == "array" and "items" in field else name


def _shown(default: object) -> str:
    match default:
        case None:
            return "none"
        case bool():
            return str(default).lower()
        case _:
            return str(default)


def runs_when(collector: str, schedule: Schedule) -> str:
    """In a few words: what is enabled, or why nothing is."""
    tasks = list(_tasks(collector, schedule))
    enabled = dict.fromkeys(_when(time, task) for _, time, task in tasks if task.enabled)
    return ", ".join(enabled) or ("when it is enabled" if tasks else "on demand")


def _tasks(collector: str, schedule: Schedule) -> Iterator[tuple[str, str, Task]]:
    """Group, its time, and the task."""
    for name, group in schedule.groups.items():
        for task in group.tasks:
            if task.collector == collector:
                yield name, group.default_time.isoformat("minutes"), task


def _scheduled(collector: str, schedule: Schedule) -> str:
    tasks = list(_tasks(collector, schedule))
    if not tasks:
        return "Not in the schedule."
    rows = [
        (name, _when(time, task), _words(task.parameters), "yes" if task.enabled else "no")
        for name, time, task in tasks
    ]
    return table(["group", "when (UTC)", "with", "enabled"], rows)


def _when(time: str, task: Task) -> str:
    match task:
        case IntervalTask(minutes=minutes):
            return every(minutes)
        case WeeklyTask(day_of_week=day):
            return f"{day} from {time}"
        case MonthlyTask(day_of_month=day):
            return f"monthly on day {day} from {time}"
        case ReleaseTask():
            return "on every release"
        case _:
            return f"daily from {time}"


def _words(parameters: Mapping[str, Any]) -> str:
    return ", ".join(code(f"{name}: {value}") for name, value in parameters.items())
