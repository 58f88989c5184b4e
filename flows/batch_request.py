"""What a batch was asked for, and by whom."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType

from deployments.calendar import effective_day, selected_tasks
from deployments.schedule import SCHEDULE_FILE, Group, Task, load_schedule
from services.errors import ConfigError
from services.settings import PlatformSettings

WAITING_OR_RUNNING = [StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING]


@dataclass(frozen=True, slots=True)
class Parameters:
    """Those of the flow, as they were given."""

    group: str
    cadence: str
    date: str | None
    stop_on_failure: bool | None
    missing_only: bool


@dataclass(frozen=True, slots=True)
class Request:
    """What a batch was asked for.

    `tasks` are those of the cadence asked for, due or not. A batch that `catches_up` looks at all
    days since the last one, and runs nothing that was run; with tasks of all cadences it `settles`
    these days. Any other runs what is due on its day, done before or not.
    """

    name: str
    group: Group
    tasks: list[Task]
    scheduled: datetime
    now: datetime
    catches_up: bool
    settles: bool
    stops: bool

    @property
    def own_day(self) -> date:
        """The day that it was scheduled for."""
        return self.scheduled.astimezone(UTC).date()

    @property
    def through(self) -> date:
        """The last day that it looks at."""
        if not self.catches_up:
            return self.own_day
        return effective_day(self.group, self.scheduled, self.now)


def read_request(
    given: Parameters, run: FlowRun, settings: PlatformSettings, now: datetime
) -> Request:
    """What the parameters of a flow run mean, by the schedule as it is now.

    Raises:
        ConfigError: no such group or cadence, no such day, or the schedule is wrong.
    """
    file = settings.bdc_schedule or SCHEDULE_FILE
    group = load_schedule(file, settings.bdc_environment).group(given.group)
    stops = group.stop_on_failure if given.stop_on_failure is None else given.stop_on_failure
    return Request(
        name=given.group,
        group=group,
        tasks=selected_tasks(group, given.cadence),
        scheduled=_scheduled(given, run, now),
        now=now,
        catches_up=run.auto_scheduled or given.missing_only,
        settles=(run.auto_scheduled or given.missing_only) and given.cadence == "all",
        stops=stops,
    )


def _scheduled(given: Parameters, run: FlowRun, now: datetime) -> datetime:
    """When the run was to start: a batch that waits past midnight still runs its own day."""
    if given.date is None:
        return run.expected_start_time or now
    try:
        day = date.fromisoformat(given.date)
    except ValueError:
        raise ConfigError(f"date {given.date} is no day like 2026-01-31") from None
    if given.missing_only and day > now.date():
        raise ConfigError(f"nothing can be missing on {day}, which is still to come")
    return datetime.combine(day, datetime.min.time(), UTC)


def newer_run_is_due(client: SyncPrefectClient, run: FlowRun, now: datetime) -> bool:
    """Whether a later run of the deployment, one that catches up like this one, is due as well."""
    if run.deployment_id is None or run.expected_start_time is None:
        return False
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=[run.deployment_id]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=WAITING_OR_RUNNING)),
        expected_start_time=FlowRunFilterExpectedStartTime(after_=run.expected_start_time),
    )
    found = client.read_flow_runs(flow_run_filter=wanted)
    return any(
        other.expected_start_time is not None
        and run.expected_start_time < other.expected_start_time <= now
        and _catches_up(other)
        for other in found
    )


def _catches_up(run: FlowRun) -> bool:
    """A run by hand, for its own day only, takes nobody's place."""
    return run.auto_scheduled or bool(run.parameters.get("missing_only"))
