"""What is wrong with a schedule, in words that say where and what to do."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from deployments.flow_parameters import Schema, parameter_problems
from deployments.schedule_model import CADENCES, TASK_KINDS, Group, Schedule
from deployments.schedule_yaml import Document, Finding, Path, subject
from deployments.suggestions import suggestion

# groups, its name, tasks, its number: then comes the cadence that pydantic chose the model by.
_CADENCE_IN_PATH = 4
_TIMING_KEYS = {"on", "day_of_week", "day_of_month", "minutes"}
_WHAT_TO_ADD = {
    "default_time": 'write when the group starts, in UTC: `default_time: "04:30"`',
    "tasks": "write `tasks:` and a list, which may be empty",
    "collector": "name one that `bdc list` shows",
    "schedule": f"write one of {', '.join(CADENCES)}",
    "minutes": "write the pause between runs, 1 to 180: `minutes: 30`",
}
_DAY_TO_ADD = {
    "weekly": "write the weekday: `on: monday`",
    "monthly": "write the day of the month: `on: 15`",
}
# A release task that has such a parameter gets the tag of the release it runs for.
_GIVEN_LATER = {"on_release": ("release",)}
_WHAT_IT_MUST_BE = {
    "dict_type": "must be a mapping, lines of `key: value`",
    "model_type": "must be a mapping, lines of `key: value`",
    "model_attributes_type": "must be a mapping, lines of `key: value`",
    "tuple_type": "must be a list, lines that start with `-`",
    "string_type": "must be text; write it, or put it in quotes",
    "string_too_short": "must not be blank; write it, or remove the key",
    "bool_type": "must be true or false, without quotes",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """A task as it is written, which may be anything but is a mapping."""

    group: str
    number: int
    task: Mapping[str, Any]

    @property
    def path(self) -> Path:
        return ("groups", self.group, "tasks", self.number)

    @property
    def collector(self) -> str | None:
        name = self.task.get("collector")
        return name if isinstance(name, str) else None

    @property
    def parameters(self) -> Mapping[str, Any]:
        found = self.task.get("parameters")
        return found if isinstance(found, dict) else {}


def shape_findings(error: ValidationError) -> list[Finding]:
    """What the model says, one finding for each thing that is wrong."""
    return [_shape_finding(details) for details in error.errors(include_url=False)]


def meaning_findings(
    data: Any, collectors: Collection[str], schemas: Mapping[str, Schema] | None
) -> list[Finding]:
    """What single values cannot show: names, order, repetition, parameters.

    Works on what is written, so that these are found together with mistakes of shape.
    """
    findings = list(_unknown_limits(_mapping_at(data, "limits"), collectors))
    for name, group in _mapping_at(data, "groups").items():
        places = list(_places(name, group))
        findings += _unknown_collectors(places, collectors)
        findings += _repeated_tasks(places)
        findings += _unmet_needs(places)
        findings += _wrong_parameters(places, schemas or {})
    return findings


def describe(document: Document, findings: Iterable[Finding], shown_path: str) -> list[str]:
    """One line for each finding: file, line, group, task, what is wrong; sorted by line."""
    lines = {(finding.line or document.line_of(finding.path), finding) for finding in findings}
    ordered = sorted(lines, key=lambda pair: (pair[0], pair[1].text))
    return [
        f"{shown_path}:{line}: {_where(document, finding.path)}{finding.text}"
        for line, finding in ordered
    ]


def _where(document: Document, path: Path) -> str:
    match path:
        case ("groups", str(group), "tasks", int(number), *_):
            collector = document.at((*path[:4], "collector")) or "no collector"
            return f"group {group}, task {number + 1} ({collector}): "
        case ("groups", str(group), *_):
            return f"group {group}: "
        case ("limits", str(), *_):
            return "limits: "
        case _:
            return ""


def _shape_finding(details: ErrorDetails) -> Finding:
    path, cadence = _split_cadence(details["loc"])
    is_about_key = path[-1:] == ("[key]",)
    path = path[:-1] if is_about_key else path
    match details["type"]:
        case "missing":
            key = str(path[-1])
            hint = _DAY_TO_ADD.get(cadence, "add it") if key == "on" else _WHAT_TO_ADD[key]
            return Finding(path, f"`{key}` is missing; {hint}")
        case "extra_forbidden":
            return Finding(path, _superfluous(path, cadence))
        case "literal_error":
            return Finding(path, _not_one_of(path, details["input"]))
        case kind:
            text = _WHAT_IT_MUST_BE.get(kind, details["msg"])
            return Finding(path, f"{subject(path)} {text}")


def _split_cadence(location: Path) -> tuple[Path, str]:
    """The path as it is written, and the kind of task that pydantic put into it."""
    if location[2:3] != ("tasks",) or len(location) <= _CADENCE_IN_PATH:
        return location, ""
    cut = _CADENCE_IN_PATH
    return (*location[:cut], *location[cut + 1 :]), str(location[cut])


def _superfluous(path: Path, cadence: str) -> str:
    key = str(path[-1])
    known = _keys_at(path, cadence)
    if key in known:
        return f"`{key}` says the same as `on`; keep one of them"
    if cadence and key in _TIMING_KEYS:
        return f"`{key}` does not belong to a task whose schedule is {cadence}; remove it"
    return f"the key `{key}` is unknown; {suggestion(key, known)}"


def _keys_at(path: Path, cadence: str) -> list[str]:
    if len(path) == 1:
        return _keys_of(Schedule)
    return _keys_of(TASK_KINDS[cadence] if cadence else Group)


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [key for name, field in model.model_fields.items() for key in _spellings(name, field)]


def _spellings(name: str, field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    return [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [name]


def _not_one_of(path: Path, value: object) -> str:
    if path[-1] == "timezone":
        return f"`timezone` must be UTC, not {value}; write the times in UTC and remove the key"
    return f"the schedule `{value}` is unknown; {suggestion(value, CADENCES)}"


def _mapping_at(data: Any, key: str) -> dict[str, Any]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, dict) else {}


def _unknown_limits(limits: dict[str, Any], collectors: Collection[str]) -> Iterator[Finding]:
    for name in limits:
        if name not in collectors:
            text = f"there is no collector `{name}`; {suggestion(name, collectors)}"
            yield Finding(("limits", name), text)


def _places(group: str, written: Any) -> Iterator[_Place]:
    tasks = written.get("tasks") if isinstance(written, dict) else None
    for number, task in enumerate(tasks if isinstance(tasks, list) else []):
        if isinstance(task, dict):
            yield _Place(group, number, task)


def _unknown_collectors(places: list[_Place], collectors: Collection[str]) -> Iterator[Finding]:
    for place in places:
        name = place.collector
        if name and name not in collectors:
            text = f"there is no collector `{name}`; {suggestion(name, collectors)}"
            yield Finding((*place.path, "collector"), text)


def _repeated_tasks(places: list[_Place]) -> Iterator[Finding]:
    seen: dict[tuple[str, str], int] = {}
    for place in places:
        if place.collector is None:
            continue
        key = (place.collector, json.dumps(place.parameters, sort_keys=True))
        first = seen.setdefault(key, place.number)
        if first != place.number:
            text = f"repeats task {first + 1}, same collector and parameters; remove one of them"
            yield Finding(place.path, text)


def _unmet_needs(places: list[_Place]) -> Iterator[Finding]:
    """A need is known to have failed only when it ran before, in the same batch."""
    earlier: list[str] = []
    for place in places:
        yield from _needs_findings(place, earlier)
        if place.collector and place.task.get("schedule") != "interval":
            earlier.append(place.collector)


def _needs_findings(place: _Place, earlier: list[str]) -> Iterator[Finding]:
    needs = place.task.get("needs")
    if not isinstance(needs, list) or not needs:
        return
    if place.task.get("schedule") == "interval":
        text = "`needs` has no effect on an interval task, which runs by itself; remove it"
        yield Finding((*place.path, "needs"), text)
        return
    for index, name in enumerate(needs):
        if isinstance(name, str) and name not in earlier:
            text = f"needs `{name}`, which no earlier task of the group's batch runs; "
            yield Finding((*place.path, "needs", index), text + suggestion(name, earlier))


def _wrong_parameters(places: list[_Place], schemas: Mapping[str, Schema]) -> Iterator[Finding]:
    for place in places:
        schema = schemas.get(place.collector or "")
        if schema is None:
            continue
        given_later = _GIVEN_LATER.get(str(place.task.get("schedule")), ())
        for path, text in parameter_problems(place.parameters, schema, given_later=given_later):
            yield Finding((*place.path, "parameters", *path), text)
