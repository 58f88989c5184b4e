"""A schedule group: its due collectors, one after the other, each in a process of its own."""

import logging
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from prefect import State, flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from deployments.calendar import due_tasks
from deployments.schedule import SCHEDULE_FILE, Task, load_schedule
from flows.child_runs import run_as_child
from flows.reporting import api_client, emit_batch_event, publish_batch, run_name
from services.errors import ConfigError
from services.redaction import redact
from services.settings import load_settings

logger = logging.getLogger(__name__)
# What the lifecycle calls a run that did its work, whole or with some records set aside.
SUCCEEDED = ("Completed", "Partial")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one task of a batch."""

    collector: str
    parameters: dict[str, Any]
    state: str
    message: str

    @property
    def succeeded(self) -> bool:
        """Whether it did its work."""
        return self.state in SUCCEEDED

    @property
    def row(self) -> dict[str, str]:
        """A line of the batch's summary."""
        parameters = ", ".join(f"{name}={value}" for name, value in self.parameters.items())
        return {
            "collector": self.collector,
            "parameters": redact(parameters),
            "state": self.state,
            "message": self.message,
        }


@flow(name="collector_group", flow_run_name=run_name("group"))
async def collector_group(
    group: str,
    cadence: str = "all",
    date: str | None = None,
    stop_on_failure: bool | None = None,
) -> State[Any]:
    """Run the collectors of a schedule group that are due, in the order written.

    Args:
        group: Name of the group in the schedule.
        cadence: Only tasks of this cadence: daily, weekly, monthly, on_release, or all dated ones.
        date: The day (YYYY-MM-DD, UTC) to run; without it, the day this run was scheduled for.
        stop_on_failure: Skip the rest after a failure; without it, what the schedule says.
    """
    try:
        settings = load_settings()
        file = settings.bdc_schedule or SCHEDULE_FILE
        chosen = load_schedule(file, settings.bdc_environment).group(group)
        tasks = due_tasks(chosen, _scheduled(date), cadence)
        stops = chosen.stop_on_failure if stop_on_failure is None else stop_on_failure
        with api_client():
            return _batch(group, tasks, stops=stops)
    except ConfigError as error:
        logger.error("group %s is not set up right: %s", group, error)  # noqa: TRY400 - no traceback
        return Failed(name="ConfigError", message=redact(str(error)), data=error)


def _scheduled(day: str | None) -> datetime:
    """When the run was to start: a batch that waits past midnight still runs its own day."""
    if day is None:
        return flow_run.get_scheduled_start_time() or datetime.now(UTC)
    try:
        return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    except ValueError:
        raise ConfigError(f"date {day} is no day like 2026-01-31") from None


def _batch(group: str, tasks: list[Task], *, stops: bool) -> State[Any]:
    outcomes: list[Outcome] = []
    for task in tasks:
        reason = _reason_to_skip(task, outcomes, stops=stops)
        outcomes.append(_skipped(task, reason) if reason else _run(task))
    publish_batch(group, [outcome.row for outcome in outcomes])
    state = _state_of(outcomes)
    emit_batch_event(group, state.name or "", [outcome.row for outcome in outcomes])
    return state


def _run(task: Task) -> Outcome:
    state = run_as_child(task.collector, task.parameters)
    return Outcome(task.collector, task.parameters, state.name or "", state.message or "")


def _reason_to_skip(task: Task, outcomes: list[Outcome], *, stops: bool) -> str:
    """Why not to run it; empty when nothing speaks against it."""
    failed = [outcome for outcome in outcomes if not outcome.succeeded]
    if stops and failed:
        return f"{failed[0].collector} failed before it"
    needed = [outcome for outcome in failed if outcome.collector in task.needs]
    return f"it needs {needed[0].collector}, which did not succeed" if needed else ""


def _skipped(task: Task, reason: str) -> Outcome:
    logger.warning("%s skipped: %s", task.collector, reason)
    return Outcome(task.collector, task.parameters, "Skipped", f"skipped: {reason}")


def _state_of(outcomes: list[Outcome]) -> State[Any]:
    """Failed when a task failed or was skipped; the message names each of them."""
    bad = [outcome for outcome in outcomes if not outcome.succeeded]
    if bad:
        named = "; ".join(f"{outcome.collector}: {outcome.message}" for outcome in bad)
        message = f"{len(bad)} of {len(outcomes)} did not succeed: {named}"
        return Failed(message=message, data=BatchFailed(message, outcomes))
    if not outcomes:
        return Completed(name="NothingDue", message="nothing is due")
    name = "Partial" if any(outcome.state == "Partial" for outcome in outcomes) else None
    return Completed(name=name, message=f"{len(outcomes)} completed", data=outcomes)


class BatchFailed(Exception):
    """Some task of a batch did not succeed."""

    def __init__(self, message: str, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes
        super().__init__(message)

    @property
    def exit_code(self) -> int:
        """That of the last failure: 2 for what the operator must mend, else 1."""
        last = [outcome for outcome in self.outcomes if not outcome.succeeded][-1]
        return 2 if last.state == "ConfigError" else 1
