"""The schedule: read from the one file that a person edits, or refused with all that is wrong.

`deployments/schedule.yaml` says what runs when; everything else is derived from it.
"""

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from deployments.flow_parameters import Schema
from deployments.schedule_model import (
    CADENCES,
    Cadence,
    DailyTask,
    Group,
    IntervalTask,
    MonthlyTask,
    ReleaseTask,
    Schedule,
    Task,
    WeeklyTask,
)
from deployments.schedule_rules import describe, meaning_findings, shape_findings
from deployments.schedule_yaml import Document, Finding, read_yaml
from services.catalogue import all_collectors
from services.errors import ConfigError

__all__ = [
    "CADENCES",
    "SCHEDULE_FILE",
    "Cadence",
    "DailyTask",
    "Group",
    "IntervalTask",
    "MonthlyTask",
    "ReleaseTask",
    "Schedule",
    "Task",
    "WeeklyTask",
    "known_collectors",
    "load_schedule",
    "read_schedule",
]

SCHEDULE_FILE = Path(__file__).with_name("schedule.yaml")
_ROOMS = Path(__file__).parent.parent / "collectors"
Environment = Literal["development", "production"]
logger = logging.getLogger(__name__)


def known_collectors() -> list[str]:
    """The names of all collectors of this installation."""
    return [entry.name for entry in all_collectors(_ROOMS)]


def load_schedule(
    path: Path,
    environment: Environment,
    *,
    collectors: Collection[str] | None = None,
    schemas: Mapping[str, Schema] | None = None,
) -> Schedule:
    """The schedule, for whatever is going to run it.

    `collectors` are those of this installation unless others are named. Parameters are checked
    for the collectors in `schemas` (`flow_parameters.flow_schemas` has all).
    A schedule that would never run anything is refused in production; in development there is
    a loud warning, and no file counts as no groups.

    Raises:
        ConfigError: naming everything that is wrong; an invalid file in development too.
    """
    exists = path.is_file()
    schedule = read_schedule(path, collectors, schemas) if exists else Schedule()
    if not any(schedule.enabled_tasks()):
        why = "has no enabled task" if exists else "does not exist"
        _refuse_or_warn(f"{_shown(path)} {why}: nothing would ever run", environment)
    return schedule


def read_schedule(
    path: Path,
    collectors: Collection[str] | None = None,
    schemas: Mapping[str, Schema] | None = None,
) -> Schedule:
    """What the file says, which may be nothing.

    Raises:
        ConfigError: it cannot be read, or is wrong; with every mistake in it.
    """
    names = known_collectors() if collectors is None else collectors
    document = read_yaml(_text_of(path))
    schedule, findings = _checked(document)
    findings += meaning_findings(document.data, names, schemas)
    if schedule is None or findings:
        raise ConfigError(describe(document, findings, _shown(path)))
    return schedule


def _checked(document: Document) -> tuple[Schedule | None, list[Finding]]:
    """The schedule if its shape is right, and what is wrong in any case."""
    findings = list(document.findings)
    try:
        return Schedule.model_validate(_without_blanks(document.data)), findings
    except ValidationError as error:
        return None, findings + shape_findings(error)


def _without_blanks(data: Any) -> Any:
    """An empty file and an empty `groups:` say the same: no groups; so does an empty `limits:`."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        return data
    blank = {key for key in ("groups", "limits") if data.get(key) is None}
    return {key: value for key, value in data.items() if key not in blank}


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{_shown(path)} cannot be read: {error}") from error


def _shown(path: Path) -> str:
    """As it is written from where we stand, when it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _refuse_or_warn(problem: str, environment: Environment) -> None:
    if environment == "production":
        raise ConfigError(problem)
    logger.warning("%s (production refuses to start like this)", problem)
