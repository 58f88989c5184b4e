"""`bdc deploy`: the Prefect server holds what the schedule says, no less and no more."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
from cyclopts import App, Parameter

from cli.environment import prepare_prefect
from cli.observing import observer, utc_now
from cli.output import Json, console, print_json
from cli.schedule_file import load_desired, schedule_path
from deployments.schedule import load_schedule
from deployments.status.announcing import announcement
from services.errors import ConfigError, SourceUnavailable
from services.health.settings import HealthSettings
from services.redaction import redact
from services.settings import load_room_settings, load_settings

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

    from deployments.desired import DesiredState
    from deployments.plan import Kept, Plan
    from deployments.steps import Difference, Step

app = App(name="deploy", help="Bring the schedule onto the Prefect server, and show what differs.")
DIFFERS = 3
LONGEST_SHOWN = 40
DryRun = Annotated[bool, Parameter(name="--dry-run", negative="")]
Say = Callable[[str], None]


def _print(line: str) -> None:
    console.print(line, markup=False)


@app.command
def plan(*, file: Path | None = None, json: Json = False) -> int:
    """Show what `apply` and `prune` would do, and write nothing.

    Example: `bdc deploy plan --json`

    Exits with 3 when the server is not what the schedule says.

    Args:
        file: Another schedule than BDC_SCHEDULE or the installed one.
        json: Print JSON, for programs.
    """
    with _server(file) as (_, found):
        if json:
            print_json(_as_json(found))
        else:
            _print_plan(found)
    return DIFFERS if found.differs else 0


@app.command
def apply(*, file: Path | None = None) -> None:
    """Create and change on the server what differs from the schedule.

    Example: `bdc deploy apply`

    What a person paused stays paused. Deployments that left the schedule stay: see `prune`.

    Args:
        file: Another schedule than BDC_SCHEDULE or the installed one.
    """
    with _server(file) as (client, found):
        carry_out(client, found, _print)


@app.command
def prune(*, file: Path | None = None, dry_run: DryRun = False) -> None:
    """Remove from the server our deployments and limits that left the schedule.

    Example: `bdc deploy prune --dry-run`

    Runs that they planned are removed with them; past runs stay.

    Args:
        file: Another schedule than BDC_SCHEDULE or the installed one.
        dry_run: Only say what would be removed.
    """
    from deployments.apply import execute  # noqa: PLC0415 - imports Prefect, seconds

    with _server(file) as (client, found):
        if dry_run:
            for step in found.to_prune:
                _print(_line(step))
        else:
            execute(client, found.to_prune, lambda step: _print(_line(step)))
    if not found.to_prune:
        _print("nothing to remove")


@app.command
def announce(what: str = "This version", /) -> None:
    """Tell those who get the alerts that a version is deployed, and the truth about how it is.

    Example: `bdc deploy announce v1.2`

    Args:
        what: What was deployed, e.g. a branch or a tag.
    """
    settings, health = load_settings(), load_room_settings(HealthSettings)
    schedule = load_schedule(schedule_path(settings), settings.bdc_environment)
    with observer(settings, health) as observe:
        if observe.prefect is None:
            raise ConfigError("PREFECT_API_URL is not set: it is told as a Prefect event")
        now = utc_now()
        told = announcement(observe(), schedule, health, what=what, now=now)
        try:
            observe.prefect.emit(told)
        except httpx.HTTPError as error:
            raise SourceUnavailable(f"Prefect's API: {type(error).__name__}") from error
    _print(f"{told['payload']['subject']}\n{told['payload']['body']}")


def apply_schedule(api_url: str, desired: "DesiredState", say: Say) -> None:
    """What `bdc deploy apply` does, for the server of this URL."""
    from deployments.apply import plan_for  # noqa: PLC0415
    from deployments.connection import open_client  # noqa: PLC0415 - imports Prefect, seconds

    with open_client(api_url) as client:
        carry_out(client, plan_for(client, desired), say)


def carry_out(client: "SyncPrefectClient", found: "Plan", say: Say) -> None:
    """All of a plan but what it removes, said line by line."""
    from deployments.apply import execute  # noqa: PLC0415 - imports Prefect, seconds

    execute(client, found.to_apply, lambda step: say(_line(step)))
    for kept in found.kept:
        say(_kept_line(kept))
    say(f"unchanged: {found.unchanged}")
    if found.to_prune:
        left = ", ".join(step.name for step in found.to_prune)
        say(f"left the schedule, still on the server: {left}; `bdc deploy prune` removes them")


@contextmanager
def _server(file: Path | None) -> Iterator[tuple["SyncPrefectClient", "Plan"]]:
    """One client for a whole command, and what separates its server from the schedule."""
    settings = load_settings()
    api_url = prepare_prefect(settings)
    from deployments.apply import plan_for  # noqa: PLC0415
    from deployments.connection import open_client  # noqa: PLC0415 - imports Prefect, seconds

    desired = load_desired(settings, file)
    with open_client(api_url) as client:
        yield client, plan_for(client, desired)


def _print_plan(found: "Plan") -> None:
    for step in found.to_apply:
        _print(_line(step))
    for step in found.to_prune:
        _print(f"{_line(step)}  (by `bdc deploy prune`)")
    for kept in found.kept:
        _print(_kept_line(kept))
    _print(f"unchanged: {found.unchanged}")


def _line(step: "Step") -> str:
    shown = [_shown(difference) for difference in step.differences]
    return "  ".join(
        [f"{step.verb:<7}{step.kind:<11}{step.name}", *filter(None, ["; ".join(shown), step.note])]
    )


def _kept_line(kept: "Kept") -> str:
    return f"{'keep':<7}{kept.kind:<11}{kept.name}  {kept.why}"


def _shown(difference: "Difference") -> str:
    """Old and new when they can be read at a glance."""
    old, new = (redact(str(value)) for value in (difference.old, difference.new))
    if max(len(old), len(new)) > LONGEST_SHOWN or old == new:
        return f"{difference.field} differs"
    return f"{difference.field}: {old} → {new}"


def _as_json(found: "Plan") -> dict[str, Any]:
    return {
        "differs": found.differs,
        "apply": _steps_as_json(found.to_apply),
        "prune": _steps_as_json(found.to_prune),
        "kept": [{"kind": kept.kind, "name": kept.name, "why": kept.why} for kept in found.kept],
        "unchanged": found.unchanged,
    }


def _steps_as_json(steps: Sequence["Step"]) -> list[dict[str, Any]]:
    return [
        {
            "verb": step.verb,
            "kind": step.kind,
            "name": step.name,
            "differences": [
                {"field": one.field, "old": one.old, "new": one.new} for one in step.differences
            ],
            "note": step.note,
        }
        for step in steps
    ]
