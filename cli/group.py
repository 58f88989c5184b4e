"""`bdc run-group`: a schedule group now, here."""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, cast

from cyclopts import Parameter

from cli.environment import prepare_prefect
from cli.output import complaints, console, show
from services.errors import ConfigError
from services.settings import load_settings

if TYPE_CHECKING:
    from prefect import State

    from flows.batch_outcomes import Outcome

Stop = Annotated[bool, Parameter(name="--stop-on-failure")]
Missing = Annotated[bool, Parameter(name="--missing", negative="")]


def run_group(
    group: str,
    *,
    schedule: str = "all",
    date: str | None = None,
    stop_on_failure: Stop | None = None,
    missing: Missing = False,
) -> int:
    """Run the collectors of a schedule group that are due, in the order written.

    Example: `bdc run-group github --date 2026-01-31 --missing`

    The exit code is that of the last failure.

    Args:
        group: Its name in deployments/schedule.yaml.
        schedule: Only tasks of this cadence: daily, weekly, monthly or on_release.
        date: The day to run (YYYY-MM-DD, UTC); without it, today.
        stop_on_failure: Skip the rest after a failure; without it, what the schedule says.
        missing: Only what has not been run yet, since the last batch and up to now.
    """
    prepare_prefect(load_settings())
    from flows.collector_group import collector_group  # noqa: PLC0415 - imports Prefect, seconds

    call = collector_group(group, schedule, date, stop_on_failure, missing, return_state=True)
    return _report(asyncio.run(cast("Coroutine[None, None, State[Any]]", call)))


def _report(state: "State[Any]") -> int:
    if state.name == "ConfigError":
        raise ConfigError(state.message or "")
    ended: Any = state.result(raise_on_failure=False)
    outcomes: list[Outcome] = ended if isinstance(ended, list) else getattr(ended, "outcomes", [])
    show([outcome.row for outcome in outcomes], as_json=False, empty="Nothing was run.")
    place = console if state.is_completed() else complaints
    place.print(f"{state.name}: {state.message}", markup=False)
    return 0 if state.is_completed() else int(getattr(ended, "exit_code", 1))
