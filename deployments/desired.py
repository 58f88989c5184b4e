"""What the server should hold: the schedule's deployments as Prefect's API takes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import ConcurrencyOptions
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule
from prefect.events import DeploymentEventTrigger
from prefect.events.schemas.automations import AutomationCore

from deployments.flow_parameters import FlowFacts, Schema, load_flow
from deployments.generate import LIMIT_PREFIX, Deployment, JobVariables, deployments
from deployments.routes import Alerts
from deployments.schedule_model import Schedule

# The fields of a deployment that we decide, by their names in a PATCH of Prefect's API. Neither the
# name, which nobody can change, nor `paused`, which is a person's.
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DesiredDeployment:
    """One deployment, whole."""

    flow: str
    name: str
    fields: Fields
    schedules: tuple[DeploymentScheduleCreate, ...]
    triggers: tuple[DeploymentEventTrigger, ...]

    @property
    def full_name(self) -> str:
        """As Prefect's commands take it."""
        return f"{self.flow}/{self.name}"


@dataclass(frozen=True, slots=True)
class DesiredState:
    """All that the server should hold; `limits` by their names on the server."""

    pool: str
    deployments: tuple[DesiredDeployment, ...]
    limits: Mapping[str, int]
    alerts: Alerts = field(default_factory=Alerts)


def desired_state(
    schedule: Schedule,
    collectors: Iterable[str],
    pool: str,
    job_variables: JobVariables,
    alerts: Alerts | None = None,
) -> DesiredState:
    """What the schedule and the routes of alerts ask for; imports every flow.

    Raises:
        ConfigError: a flow cannot be loaded.
    """
    rendered = deployments(schedule, collectors, pool, job_variables)
    flow_of = cache(load_flow)
    return DesiredState(
        pool,
        tuple(_desired(one, flow_of(one["entrypoint"])) for one in rendered),
        {f"{LIMIT_PREFIX}{name}": limit for name, limit in schedule.limits.items()},
        alerts or Alerts(),
    )


def automation_of(trigger: DeploymentEventTrigger, deployment_id: UUID) -> AutomationCore:
    """The automation that a deployment's trigger becomes, as `prefect deploy` makes it."""
    own = trigger.model_copy()
    own.set_deployment_id(deployment_id)
    return own.as_automation()


def _desired(rendered: Deployment, flow: FlowFacts) -> DesiredDeployment:
    return DesiredDeployment(
        flow.name,
        rendered["name"],
        _fields(rendered, flow),
        tuple(_schedule(one) for one in rendered["schedules"]),
        tuple(DeploymentEventTrigger.model_validate(one) for one in rendered.get("triggers", ())),
    )


def _fields(rendered: Deployment, flow: FlowFacts) -> dict[str, Any]:
    concurrency = rendered.get("concurrency_limit", {})
    return {
        "version": rendered["version"],
        "tags": rendered["tags"],
        "description": rendered.get("description") or flow.description,
        "entrypoint": rendered["entrypoint"],
        "parameters": rendered["parameters"],
        "parameter_openapi_schema": _as_deployed(flow.schema),
        "enforce_parameter_schema": True,
        "work_pool_name": rendered["work_pool"]["name"],
        "job_variables": rendered["work_pool"].get("job_variables", {}),
        "concurrency_limit": concurrency.get("limit"),
        "concurrency_options": _concurrency_options(concurrency),
        "pull_steps": [],
    }


def _as_deployed(schema: Schema) -> dict[str, Any]:
    """As `prefect deploy` sends it, so that the two agree: without definitions when there are none."""
    return {key: value for key, value in schema.items() if key != "definitions" or value}


def _concurrency_options(rendered: Mapping[str, Any]) -> ConcurrencyOptions | None:
    if not rendered:
        return None
    return ConcurrencyOptions(collision_strategy=rendered["collision_strategy"])


def _schedule(rendered: Mapping[str, Any]) -> DeploymentScheduleCreate:
    return DeploymentScheduleCreate(
        slug=rendered["slug"], active=rendered["active"], schedule=_timing(rendered)
    )


def _timing(rendered: Mapping[str, Any]) -> CronSchedule | IntervalSchedule:
    if "cron" in rendered:
        return CronSchedule(cron=rendered["cron"], timezone=rendered["timezone"])
    return IntervalSchedule(
        interval=timedelta(seconds=rendered["interval"]),
        anchor_date=rendered["anchor_date"],
        timezone=rendered["timezone"],
    )
