"""A schedule of 200 groups with 10 tasks each: to check it, and to render it.

The claim: together under two seconds, Prefect's import not counted. What the commands do besides,
holding the result against Prefect's own models, is a row of its own.
"""

import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from deployments.flow_parameters import flow_schemas
from deployments.generate import render
from deployments.schedule import known_collectors, read_schedule
from deployments.validate import prefect_yaml_problems

GROUPS = 200
TASKS = 10
COLLECTOR = "github_activity_tracker"
CADENCES: tuple[dict[str, Any], ...] = (
    {"schedule": "daily"},
    {"schedule": "weekly", "on": "monday"},
    {"schedule": "monthly", "on": 31},
    {"schedule": "interval", "minutes": 30},
    {"schedule": "on_release"},
)


def rows() -> list[dict[str, object]]:
    """One row a step; the last sums up what the claim is about."""
    collectors = known_collectors()
    schemas = flow_schemas(collectors)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "schedule.yaml"
        path.write_text(_text(), encoding="utf-8")
        start = time.perf_counter()
        schedule = read_schedule(path, collectors, schemas)
    checked = time.perf_counter()
    text = render(schedule, collectors, "bdc")
    rendered = time.perf_counter()
    prefect_yaml_problems(text, lambda _: {"properties": {"group": {}, "cadence": {}}})
    validated = time.perf_counter()
    return [
        {"step": "check", "seconds": round(checked - start, 2)},
        {"step": "render", "seconds": round(rendered - checked, 2)},
        {"step": "validate", "seconds": round(validated - rendered, 2)},
        {"step": "check + render", "seconds": round(rendered - start, 2)},
    ]


def _text() -> str:
    """PyYAML leaves the quotes out that a time of day needs here."""
    return yaml.safe_dump({"groups": _groups()}).replace("04:30", '"04:30"')


def _groups() -> dict[str, Any]:
    return {
        f"group-{number}": {
            "default_time": "04:30",
            "tasks": [_task(number * TASKS + place) for place in range(TASKS)],
        }
        for number in range(GROUPS)
    }


def _task(number: int) -> dict[str, Any]:
    parameters = {"repository": f"boostorg/r{number}", "branches": ["develop", "release/*"]}
    return {"collector": COLLECTOR, **CADENCES[number % len(CADENCES)], "parameters": parameters}
