"""A Prefect server that is to hold a schedule, and what it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterTags,
    FlowRunFilter,
    FlowRunFilterDeploymentId,
)
from prefect.client.schemas.objects import DeploymentSchedule, FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.schemas.automations import Automation
from prefect.exceptions import ObjectNotFound

from deployments.apply import execute, plan_for
from deployments.desired import DesiredState, desired_state
from deployments.generate import LIMIT_PREFIX, TAG
from deployments.plan import Plan
from deployments.routes import Alerts
from deployments.schedule import Schedule
from tests.support.local_stack import LocalPrefect, poll

COLLECTOR = "github_activity_tracker"
POOL = "deploying"
SCHEDULER_SECONDS = 30


def task(repository: str = "a/b", **others: Any) -> dict[str, Any]:
    """A task as it is written; daily unless told otherwise."""
    written = {"collector": COLLECTOR, "schedule": "daily"}
    return {**written, "parameters": {"repository": repository}, **others}


def schedule(
    groups: Mapping[str, Sequence[dict[str, Any]]],
    time: str = "04:30",
    limits: Mapping[str, int] | None = None,
) -> Schedule:
    """All groups at one time."""
    written = {name: {"default_time": time, "tasks": tasks} for name, tasks in groups.items()}
    return Schedule.model_validate({"groups": written, "limits": limits or {}})


def desired(
    groups: Mapping[str, Sequence[dict[str, Any]]],
    time: str = "04:30",
    limits: Mapping[str, int] | None = None,
    job_variables: Mapping[str, Any] | None = None,
    alerts: Alerts | None = None,
) -> DesiredState:
    """What a server should hold by such a schedule."""
    return desired_state(
        schedule(groups, time, limits), [COLLECTOR], POOL, job_variables or {}, alerts
    )


@dataclass
class Deploying:
    """The server; `requests` are those of what is tested, not those of the test."""

    prefect: LocalPrefect
    client: SyncPrefectClient
    requests: list[httpx.Request] = field(default_factory=list)

    @classmethod
    def on(cls, prefect: LocalPrefect) -> "Deploying":
        """Nothing of ours is on the server afterwards."""
        requests: list[httpx.Request] = []
        hooks = {"event_hooks": {"request": [requests.append]}}
        made = cls(prefect, SyncPrefectClient(prefect.api_url, httpx_settings=hooks), requests)
        made.clear()
        return made

    @property
    def writes(self) -> list[str]:
        """The requests that were not questions, as `PATCH deployments`."""
        return [
            f"{one.method} {PurePosixPath(one.url.path).parts[2]}"
            for one in self.requests
            if one.method != "GET" and not one.url.path.endswith("/filter")
        ]

    def plan(self, wanted: DesiredState) -> Plan:
        """What differs."""
        return plan_for(self.client, wanted)

    def apply(self, wanted: DesiredState) -> list[str]:
        """What was done, as `create deployment a/b`."""
        self.requests.clear()
        done: list[str] = []
        steps = self.plan(wanted).to_apply
        execute(self.client, steps, lambda one: done.append(f"{one.verb} {one.kind} {one.name}"))
        return done

    def prune(self, wanted: DesiredState) -> list[str]:
        """What was removed."""
        done: list[str] = []
        steps = self.plan(wanted).to_prune
        execute(self.client, steps, lambda one: done.append(f"{one.verb} {one.kind} {one.name}"))
        return done

    def deployment(self, full_name: str) -> DeploymentResponse:
        """As the server shows it."""
        return self.prefect.client.read_deployment_by_name(full_name)

    def exists(self, full_name: str) -> bool:
        """Whether the server has it."""
        try:
            self.deployment(full_name)
        except ObjectNotFound:
            return False
        return True

    def schedule(self, full_name: str) -> DeploymentSchedule:
        """The only one of a deployment."""
        (found,) = self.deployment(full_name).schedules
        return found

    def automations(self, name: str) -> list[Automation]:
        """All of this name."""
        return self.prefect.client.read_automations_by_name(name)

    def runs(self, deployment_id: UUID) -> list[FlowRun]:
        """In the order of their times."""
        wanted = FlowRunFilter(deployment_id=FlowRunFilterDeploymentId(any_=[deployment_id]))
        found = self.prefect.client.read_flow_runs(flow_run_filter=wanted)
        return sorted(found, key=lambda run: str(run.expected_start_time))

    def scheduled_runs(self, full_name: str) -> list[FlowRun]:
        """As soon as the scheduler has made them."""
        found = self.deployment(full_name)
        return poll(lambda: self.runs(found.id), SCHEDULER_SECONDS, f"runs of {full_name}")

    def clear(self) -> None:
        """Remove what tests have left, the pool too."""
        client = self.prefect.client
        # Routes and blocks of alerts.
        execute(client, plan_for(client, desired({})).to_prune, lambda _: None)
        ours = DeploymentFilter(tags=DeploymentFilterTags(all_=[TAG]))
        for one in client.read_deployments(deployment_filter=ours):
            client.delete_resource_owned_automations(f"prefect.deployment.{one.id}")
            client.delete_deployment(one.id)
        for limit in client.read_global_concurrency_limits(limit=200):
            if limit.name.startswith(LIMIT_PREFIX):
                client.delete_global_concurrency_limit_by_name(limit.name)
        if any(pool.name == POOL for pool in client.read_work_pools()):
            client.delete_work_pool(POOL)
