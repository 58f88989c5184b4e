"""What can be done to a server: each step is one thing that a person can see changed."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from uuid import UUID

from prefect import State
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import (
    DeploymentScheduleCreate,
    DeploymentUpdate,
    GlobalConcurrencyLimitCreate,
    GlobalConcurrencyLimitUpdate,
    WorkPoolCreate,
)
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectAlreadyExists
from prefect.states import Cancelled

from deployments.alert_blocks import BLOCK_NAME, DesiredBlock
from deployments.desired import DesiredDeployment, Fields, automation_of
from deployments.local.worker import POOL_TYPE, base_job_template
from deployments.routes import Route, automation_of_route

Verb = Literal["create", "change", "remove"]
Kind = Literal["pool", "limit", "deployment", "schedule", "trigger", "block", "route"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is not as it should be."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change, done by one request or a few; done again it does no harm.

    Raises (when executed):
        httpx.HTTPError, PrefectException: the server refused it.
    """

    verb: ClassVar[Verb]
    kind: ClassVar[Kind]
    name: str
    differences: tuple[Difference, ...] = ()
    note: str = ""

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class CreatePool(Step):
    """A pool whose workers start a process for each run."""

    verb = "create"
    kind = "pool"

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        template = base_job_template(None)
        wanted = WorkPoolCreate(name=self.name, type=POOL_TYPE, base_job_template=template)
        with suppress(ObjectAlreadyExists):  # a worker that has just started makes it as well
            client.create_work_pool(wanted)


@dataclass(frozen=True, kw_only=True)
class CreateLimit(Step):
    """At most so many runs of a collector at once."""

    verb = "create"
    kind = "limit"
    limit: int

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        wanted = GlobalConcurrencyLimitCreate(name=self.name, limit=self.limit)
        client.create_global_concurrency_limit(wanted)


@dataclass(frozen=True, kw_only=True)
class ChangeLimit(Step):
    """More or fewer runs of a collector at once."""

    verb = "change"
    kind = "limit"
    limit: int

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        wanted = GlobalConcurrencyLimitUpdate(limit=self.limit)
        client.update_global_concurrency_limit(self.name, wanted)


@dataclass(frozen=True, kw_only=True)
class RemoveLimit(Step):
    """As many runs of a collector as there are workers."""

    verb = "remove"
    kind = "limit"

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.delete_global_concurrency_limit_by_name(self.name)


@dataclass(frozen=True, kw_only=True)
class _SaveBlock(Step):
    kind = "block"
    wanted: DesiredBlock

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it; through the client of Prefect's settings, the only one that knows how."""
        del client
        self.wanted.block.save(BLOCK_NAME, overwrite=True)


@dataclass(frozen=True, kw_only=True)
class CreateBlock(_SaveBlock):
    """A notification block with the address of a setting, which Prefect keeps encrypted."""

    verb = "create"


@dataclass(frozen=True, kw_only=True)
class ChangeBlock(_SaveBlock):
    """Another address."""

    verb = "change"


@dataclass(frozen=True, kw_only=True)
class RemoveBlock(Step):
    """A block whose setting is unset."""

    verb = "remove"
    kind = "block"
    id: UUID

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.delete_block_document(self.id)


@dataclass(frozen=True, kw_only=True)
class CreateRoute(Step):
    """An automation that tells a block of alerts; the block may be one of an earlier step."""

    verb = "create"
    kind = "route"
    wanted: Route

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        block = block_id(client, self.wanted.to)
        client.create_automation(automation_of_route(self.wanted, block))


@dataclass(frozen=True, kw_only=True)
class ChangeRoute(Step):
    """An automation of a route in place."""

    verb = "change"
    kind = "route"
    id: UUID
    wanted: AutomationCore

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.update_automation(self.id, self.wanted)


@dataclass(frozen=True, kw_only=True)
class RemoveRoute(Step):
    """An automation whose route left, or has another one."""

    verb = "remove"
    kind = "route"
    id: UUID

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.delete_automation(self.id)


def block_id(client: SyncPrefectClient, name: str) -> UUID:
    """Of the block of this type and name.

    Raises:
        httpx.HTTPError: there is none.
    """
    kind, _, own = name.partition("/")
    found = client.request(
        "GET",
        "/block_types/slug/{slug}/block_documents/name/{block_document_name}",
        path_params={"slug": kind, "block_document_name": own},
    )
    return UUID(found.json()["id"])


@dataclass(frozen=True, kw_only=True)
class CreateDeployment(Step):
    """A deployment with its schedules and triggers."""

    verb = "create"
    kind = "deployment"
    wanted: DesiredDeployment

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        created = client.create_deployment(
            flow_id=client.create_flow_from_name(self.wanted.flow),
            name=self.wanted.name,
            schedules=list(self.wanted.schedules),
            **self.wanted.fields,
        )
        for trigger in self.wanted.triggers:
            client.create_automation(automation_of(trigger, created))


@dataclass(frozen=True, kw_only=True)
class ChangeDeployment(Step):
    """Its own fields; `paused` and the schedules stay as they are.

    All fields that are ours: the server holds job variables against a pool given with them.
    """

    verb = "change"
    kind = "deployment"
    id: UUID
    fields: Fields

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.update_deployment(self.id, DeploymentUpdate(**self.fields))


@dataclass(frozen=True, kw_only=True)
class RemoveDeployment(Step):
    """A deployment with what it would still start; runs that began stay, as does their history.

    Paused first, so that no run comes after those that are removed. An automation of its own
    survives a deployment when nobody removes it.
    """

    verb = "remove"
    kind = "deployment"
    id: UUID

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.pause_deployment(self.id)
        client.delete_resource_owned_automations(f"prefect.deployment.{self.id}")
        self._end_runs_to_come(client)
        client.delete_deployment(self.id)
        self._end_runs_to_come(client)

    def _end_runs_to_come(self, client: SyncPrefectClient) -> None:
        """One at a time, each as it is now: what a worker takes meanwhile has begun."""
        while runs := client.read_flow_runs(flow_run_filter=self._to_come(), limit=1):
            _end_run_to_come(client, runs[0])

    def _to_come(self) -> FlowRunFilter:
        not_running = FlowRunFilterStateType(any_=[StateType.SCHEDULED, StateType.PENDING])
        return FlowRunFilter(
            deployment_id=FlowRunFilterDeploymentId(any_=[self.id]),
            state=FlowRunFilterState(type=not_running),
        )


def _end_run_to_come(client: SyncPrefectClient, run: FlowRun) -> None:
    """Removed when it never began; what a worker has taken, or what waits to be retried, is told."""
    if run.state_type == StateType.SCHEDULED and run.run_count == 0:
        client.delete_flow_run(run.id)
    else:
        left: State[None] = Cancelled(message="its deployment left the schedule")
        client.set_flow_run_state(run.id, left, force=True)


@dataclass(frozen=True, kw_only=True)
class CreateSchedule(Step):
    """One more schedule of a deployment."""

    verb = "create"
    kind = "schedule"
    deployment_id: UUID
    wanted: DeploymentScheduleCreate

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.create_deployment_schedules(self.deployment_id, [self.wanted])


@dataclass(frozen=True, kw_only=True)
class ChangeSchedule(Step):
    """A schedule in place, so that runs which it planned already are not planned twice.

    Whole: Prefect empties the parameters when a change leaves them out.
    """

    verb = "change"
    kind = "schedule"
    deployment_id: UUID
    id: UUID
    wanted: DeploymentScheduleCreate
    active: bool

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.update_deployment_schedule(
            self.deployment_id,
            self.id,
            active=self.active,
            schedule=self.wanted.schedule,
            parameters=self.wanted.parameters,
            slug=self.wanted.slug,
        )


@dataclass(frozen=True, kw_only=True)
class RemoveSchedule(Step):
    """A schedule that left, with the runs it planned."""

    verb = "remove"
    kind = "schedule"
    deployment_id: UUID
    id: UUID

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.delete_deployment_schedule(self.deployment_id, self.id)


@dataclass(frozen=True, kw_only=True)
class CreateTrigger(Step):
    """An automation that belongs to its deployment."""

    verb = "create"
    kind = "trigger"
    wanted: AutomationCore

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.create_automation(self.wanted)


@dataclass(frozen=True, kw_only=True)
class ChangeTrigger(Step):
    """An automation in place; its owner stays, and the server refuses to be told it."""

    verb = "change"
    kind = "trigger"
    id: UUID
    wanted: AutomationCore

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        told = self.wanted.model_dump(exclude={"owner_resource"})
        client.update_automation(self.id, AutomationCore.model_validate(told))


@dataclass(frozen=True, kw_only=True)
class RemoveTrigger(Step):
    """An automation that left."""

    verb = "remove"
    kind = "trigger"
    id: UUID

    def execute(self, client: SyncPrefectClient) -> None:
        """Do it."""
        client.delete_automation(self.id)
