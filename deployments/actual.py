"""What the server holds of ours, and what stands in our way; read once, nothing is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterName,
    DeploymentFilterTags,
)
from prefect.client.schemas.objects import BlockDocument, DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse, GlobalConcurrencyLimitResponse
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import Automation
from prefect.exceptions import ObjectNotFound

from deployments.desired import DesiredState, Fields
from deployments.generate import LIMIT_PREFIX, TAG
from deployments.routes import DESCRIPTION

# The most that Prefect's API gives at once.
PAGE = 200
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class ActualDeployment:
    """One deployment; `automations` are all that start it and nothing else, whoever made them."""

    id: UUID
    flow: str
    name: str
    fields: Fields
    paused: bool
    schedules: tuple[DeploymentSchedule, ...]
    automations: tuple[Automation, ...]

    @property
    def full_name(self) -> str:
        """As Prefect's commands take it."""
        return f"{self.flow}/{self.name}"

    @property
    def tags(self) -> list[str]:
        """All of them, a person's too."""
        return list(self.fields["tags"])

    @property
    def is_ours(self) -> bool:
        """Whether this project made it."""
        return TAG in self.tags


@dataclass(frozen=True, slots=True)
class ActualState:
    """Our deployments and those with names that we want; our limits; whether the pool is there."""

    has_pool: bool
    deployments: tuple[ActualDeployment, ...]
    limits: tuple[GlobalConcurrencyLimitResponse, ...]
    routes: tuple[Automation, ...] = ()
    blocks: Mapping[str, BlockDocument] = field(default_factory=dict)


def read_actual(client: SyncPrefectClient, desired: DesiredState) -> ActualState:
    """What concerns us, in six requests for up to 200 things of each kind.

    Raises:
        httpx.HTTPError: the API did not answer as it should.
    """
    automations = list(_pages(lambda offset: client.read_automations(limit=PAGE, offset=offset)))
    deployments = _deployments(client, desired, automations)
    limits = _pages(lambda offset: client.read_global_concurrency_limits(limit=PAGE, offset=offset))
    return ActualState(
        _has_pool(client, desired.pool),
        tuple(deployments),
        tuple(limit for limit in limits if limit.name.startswith(LIMIT_PREFIX)),
        tuple(one for one in automations if one.description == DESCRIPTION),
        _blocks(client, with_secrets=bool(desired.alerts.blocks)),
    )


def _blocks(client: SyncPrefectClient, *, with_secrets: bool) -> dict[str, BlockDocument]:
    """By type and name, as routes call them."""
    found = _pages(
        lambda offset: client.read_block_documents(
            limit=PAGE, offset=offset, include_secrets=with_secrets
        )
    )
    return {
        f"{block.block_type.slug}/{block.name}": block
        for block in found
        if block.block_type is not None
    }


def _deployments(
    client: SyncPrefectClient, desired: DesiredState, automations: Sequence[Automation]
) -> list[ActualDeployment]:
    wanted = _tagged_or_called({one.name for one in desired.deployments})
    found = list(
        _pages(
            lambda offset: client.read_deployments(
                deployment_filter=wanted, limit=PAGE, offset=offset
            )
        )
    )
    flows = list(
        _pages(
            lambda offset: client.read_flows(deployment_filter=wanted, limit=PAGE, offset=offset)
        )
    )
    names = {flow.id: flow.name for flow in flows}
    return [_actual(one, names[one.flow_id], automations) for one in found]


def _tagged_or_called(names: Iterable[str]) -> DeploymentFilter:
    return DeploymentFilter.model_validate(
        {
            "operator": "or_",
            "tags": DeploymentFilterTags(all_=[TAG]),
            "name": DeploymentFilterName(any_=sorted(names)),
        }
    )


def _actual(
    found: DeploymentResponse, flow: str, automations: Iterable[Automation]
) -> ActualDeployment:
    return ActualDeployment(
        found.id,
        flow,
        found.name,
        _fields(found),
        found.paused,
        tuple(found.schedules),
        tuple(one for one in automations if _starts_only(one, found.id)),
    )


def _fields(found: DeploymentResponse) -> Fields:
    """By the names of `DesiredDeployment.fields`."""
    limit = found.global_concurrency_limit
    return {
        "version": found.version,
        "tags": found.tags,
        "description": found.description,
        "entrypoint": found.entrypoint,
        "parameters": found.parameters,
        "parameter_openapi_schema": found.parameter_openapi_schema,
        "enforce_parameter_schema": found.enforce_parameter_schema,
        "work_pool_name": found.work_pool_name,
        "job_variables": found.job_variables,
        "concurrency_limit": limit.limit if limit else None,
        "concurrency_options": found.concurrency_options,
        "pull_steps": found.pull_steps,
    }


def _starts_only(automation: Automation, deployment_id: UUID) -> bool:
    """Prefect keeps who owns an automation, but tells nobody."""
    return [
        isinstance(action, RunDeployment) and action.deployment_id == deployment_id
        for action in automation.actions
    ] == [True]


def _has_pool(client: SyncPrefectClient, name: str) -> bool:
    try:
        client.read_work_pool(name)
    except ObjectNotFound:
        return False
    return True


def _pages(read: Callable[[int], Sequence[Found]]) -> Iterator[Found]:
    for offset in count(0, PAGE):
        page = read(offset)
        yield from page
        if len(page) < PAGE:
            return
