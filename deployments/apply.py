"""The way to the server: a plan carried out step by step, or stopped with what is left."""

from collections.abc import Callable, Sequence

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import PrefectException

from deployments.actual import read_actual
from deployments.desired import DesiredState
from deployments.plan import Plan, make_plan
from deployments.steps import Step
from services.errors import CollectorError

Report = Callable[[Step], None]


class Stopped(CollectorError):
    """The server refused a step: those before it are done, the others are not; run it again."""


def plan_for(client: SyncPrefectClient, desired: DesiredState) -> Plan:
    """What separates this server from what it should be; only reads.

    Raises:
        ConfigError: a deployment that is not ours has a name that we need.
        httpx.HTTPError: the API did not answer as it should.
    """
    return make_plan(desired, read_actual(client, desired))


def execute(client: SyncPrefectClient, steps: Sequence[Step], report: Report) -> None:
    """Every step in order; `report` hears of each one that is done.

    Raises:
        Stopped: at the first that fails, naming it and those that were not begun.
    """
    for position, step in enumerate(steps):
        try:
            step.execute(client)
        except (httpx.HTTPError, PrefectException) as error:
            raise Stopped(_account(steps, position, error)) from error
        report(step)


def _account(steps: Sequence[Step], position: int, error: Exception) -> str:
    failed, *rest = (f"{step.verb} {step.kind} {step.name}" for step in steps[position:])
    left = f"; not begun: {', '.join(rest)}" if rest else ""
    said = " ".join(str(error).split())
    return f"stopped at: {failed} ({said}); done: {position} of {len(steps)}{left}; run it again"
