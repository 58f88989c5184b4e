"""`bdc schedule`: what runs when."""

import difflib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from cli.connection import connected
from cli.environment import prepare_home
from cli.output import Json, console, show
from cli.schedule_file import load_checked, rendered, schedule_path
from deployments.calendar import Occurrence, occurrences
from deployments.schedule import SCHEDULE_FILE, load_schedule
from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.batches.services import latest_batches, occasions_of
from services.settings import load_settings

if TYPE_CHECKING:
    from deployments.schedule import Schedule

app = App(name="schedule", help="Check, show and render what runs when.")
PREFECT_YAML = SCHEDULE_FILE.parent.parent / "prefect.yaml"
DIFFERS = 1
Start = Annotated[date | None, Parameter(name="--from")]


@app.command
def check(*, file: Path | None = None) -> None:
    """Say whether the schedule is right, and all that is wrong with it.

    Example: `bdc schedule check`

    Every flow is loaded, and every task's parameters are held against what its flow takes.

    Args:
        file: Another schedule than BDC_SCHEDULE or the installed one.
    """
    schedule = _checked(file)
    groups, tasks = len(schedule.groups), len(list(schedule.enabled_tasks()))
    console.print(f"the schedule is right: groups {groups}, enabled tasks {tasks}")


@app.command(name="show")
def show_calendar(
    *, from_: Start = None, days: int = 7, file: Path | None = None, json: Json = False
) -> None:
    """Show what will run when, in UTC: every task of every batch, then intervals and releases.

    Example: `bdc schedule show --days 30`

    Args:
        from_: The first day; without it, today.
        days: How many days.
        file: Another schedule than BDC_SCHEDULE or the installed one.
        json: Print JSON, for programs.
    """
    settings = load_settings()
    schedule = load_schedule(schedule_path(settings, file), settings.bdc_environment)
    first = from_ or datetime.now(UTC).date()
    rows = [_row(found, as_json=json) for found in occurrences(schedule, first, days)]
    show(rows, as_json=json, empty="Nothing will run.")


@app.command
def history(
    *,
    group: str | None = None,
    limit: Annotated[int, Parameter(name=["--limit", "-n"])] = 10,
    json: Json = False,
) -> None:
    """Show the newest batches, and what each task was run for, or why it was not.

    Example: `bdc schedule history --group github --limit 5`

    Args:
        group: Only this one's.
        limit: How many batches.
        json: Print JSON, for programs.
    """
    with connected() as database, database.transaction() as session:
        batches = latest_batches(session, group=group, limit=limit)
        occasions = occasions_of(session, [batch.flow_run_id for batch in batches])
    rows = [row for batch in batches for row in _past_rows(batch, occasions)]
    show(rows, as_json=json, empty="No batch has run yet.")


def _past_rows(batch: ScheduleBatch, occasions: Sequence[ScheduleOccasion]) -> list[dict[str, Any]]:
    """A line for each occasion; a batch that had nothing to do has one as well."""
    own = [occasion for occasion in occasions if occasion.batch == batch.flow_run_id]
    return [_past(batch, occasion) for occasion in own] or [_past(batch, None)]


def _past(batch: ScheduleBatch, occasion: ScheduleOccasion | None) -> dict[str, Any]:
    def of_occasion(column: str) -> Any:
        return getattr(occasion, column) if occasion else None

    return {
        "batch": batch.started_at,
        "batch_status": batch.status,
        "occasion": of_occasion("occasion"),
        "group": batch.group_name,
        "collector": of_occasion("collector"),
        "status": of_occasion("status"),
        "attempt": of_occasion("attempt"),
        "reason": of_occasion("reason"),
        "run": of_occasion("flow_run_id"),
    }


@app.command
def render(
    *,
    check: Annotated[bool, Parameter(negative="")] = False,
    file: Path | None = None,
    output: Path = PREFECT_YAML,
) -> int:
    """Write prefect.yaml, what Prefect makes deployments of.

    Example: `bdc schedule render --check`

    Args:
        check: Write nothing; print the difference and exit with 1 when there is one.
        file: Another schedule than BDC_SCHEDULE or the installed one.
        output: Another file than prefect.yaml.
    """
    wanted = rendered(load_settings(), _checked(file))
    present = output.read_text(encoding="utf-8") if output.is_file() else ""
    if check:
        return _compare(present, wanted, output)
    if present != wanted:
        output.write_text(wanted, encoding="utf-8")
    console.print(f"{output.name} is {'unchanged' if present == wanted else 'written'}")
    return 0


def _checked(file: Path | None) -> "Schedule":
    settings = load_settings()
    prepare_home(settings)
    return load_checked(settings, file)


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
