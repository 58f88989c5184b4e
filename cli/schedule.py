"""`bdc schedule`: what runs when."""

import difflib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cli.environment import prepare_home
from cli.output import Json, console, show
from deployments.calendar import Occurrence, occurrences
from deployments.generate import render as render_prefect_yaml
from deployments.schedule import SCHEDULE_FILE, known_collectors, load_schedule
from services.settings import PlatformSettings, load_settings

if TYPE_CHECKING:
    from deployments.schedule import Schedule

app = App(name="schedule", help="Check, show and render what runs when.")
PREFECT_YAML = SCHEDULE_FILE.parent.parent / "prefect.yaml"
DIFFERS = 1
Start = Annotated[date | None, Parameter(name="--from")]


@app.command
def check(*, file: Path | None = None) -> None:
    """Say whether the schedule is right, and all that is wrong with it.

    Every flow is loaded, and every task's parameters are held against what its flow takes.

    Args:
        file: Another schedule than BDC_SCHEDULE or the installed one.
    """
    schedule = _checked(file)
    _rendered(schedule)
    groups, tasks = len(schedule.groups), len(list(schedule.enabled_tasks()))
    console.print(f"the schedule is right: groups {groups}, enabled tasks {tasks}")


@app.command(name="show")
def show_calendar(
    *, from_: Start = None, days: int = 7, file: Path | None = None, json: Json = False
) -> None:
    """Show what will run when, in UTC: every task of every batch, then intervals and releases.

    Args:
        from_: The first day; without it, today.
        days: How many days.
        file: Another schedule than BDC_SCHEDULE or the installed one.
        json: Print JSON, for programs.
    """
    settings = load_settings()
    schedule = load_schedule(_place(file, settings), settings.bdc_environment)
    first = from_ or datetime.now(UTC).date()
    rows = [_row(found, as_json=json) for found in occurrences(schedule, first, days)]
    show(rows, as_json=json, empty="Nothing will run.")


@app.command
def render(
    *,
    check: Annotated[bool, Parameter(negative="")] = False,
    file: Path | None = None,
    output: Path = PREFECT_YAML,
) -> int:
    """Write prefect.yaml, what Prefect makes deployments of.

    Args:
        check: Write nothing; print the difference and exit with 1 when there is one.
        file: Another schedule than BDC_SCHEDULE or the installed one.
        output: Another file than prefect.yaml.
    """
    wanted = _rendered(_checked(file))
    present = output.read_text(encoding="utf-8") if output.is_file() else ""
    if check:
        return _compare(present, wanted, output)
    if present != wanted:
        output.write_text(wanted, encoding="utf-8")
    console.print(f"{output.name} is {'unchanged' if present == wanted else 'written'}")
    return 0


def _checked(file: Path | None) -> "Schedule":
    """The schedule, its parameters checked too."""
    from deployments.flow_parameters import flow_schemas  # noqa: PLC0415 - after the home is set

    settings = load_settings()
    prepare_home(settings)
    names = known_collectors()
    return load_schedule(
        _place(file, settings),
        settings.bdc_environment,
        collectors=names,
        schemas=flow_schemas(names),
    )


def _place(file: Path | None, settings: PlatformSettings) -> Path:
    return file or settings.bdc_schedule or SCHEDULE_FILE


def _rendered(schedule: "Schedule") -> str:
    """The text of prefect.yaml, which Prefect would take as it is meant."""
    from deployments.local.worker import WORK_POOL  # noqa: PLC0415 - imports Prefect, seconds
    from deployments.validate import validate_prefect_yaml  # noqa: PLC0415

    text = render_prefect_yaml(schedule, known_collectors(), WORK_POOL)
    validate_prefect_yaml(text)
    return text


def _compare(present: str, wanted: str, output: Path) -> int:
    lines = difflib.unified_diff(
        present.splitlines(), wanted.splitlines(), str(output), "rendered", lineterm=""
    )
    difference = "\n".join(lines)
    if not difference:
        console.print(f"{output.name} is what the schedule says")
        return 0
    console.print(difference, markup=False)
    console.print("run `bdc schedule render` and commit what it writes", markup=False)
    return DIFFERS


def _row(found: Occurrence, *, as_json: bool) -> dict[str, Any]:
    time = found.time.isoformat() if as_json and found.time else found.when
    return {
        "time": time,
        "group": found.group,
        "collector": found.collector,
        "cadence": found.cadence,
        "parameters": found.parameters,
    }
