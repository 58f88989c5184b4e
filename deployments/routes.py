"""Who is told what: routes from a file that a person edits, and the blocks that settings make."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from deployments.alert_blocks import BLOCK_NAME, DesiredBlock, blocks_of
from deployments.schedule_model import Schedule
from deployments.schedule_yaml import read_yaml
from deployments.status.alerting import ANNOUNCED, EVENTS, RESOURCE
from deployments.status.verdict import Kind
from services.alerts.settings import AlertSettings
from services.errors import CollectorFailureCategory, ConfigError

ROUTES_FILE = Path(__file__).parent / "automations" / "alerts.yaml"
# Tells our automations from those that a person made.
DESCRIPTION = "Made from the routes of alerts; a change made here is undone, a pause is kept."
PREFIX = "alerts-"


class Route(BaseModel):
    """One route, as it is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    to: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")]
    kinds: tuple[Kind | Literal["deployed"], ...] = ()
    categories: tuple[CollectorFailureCategory, ...] = ()
    groups: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()

    @property
    def automation(self) -> str:
        """The name of its automation on the server."""
        return f"{PREFIX}{self.name}"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Alerts:
    """Who is told, and the blocks that settings make for it."""

    routes: tuple[Route, ...] = ()
    blocks: tuple[DesiredBlock, ...] = ()


def load_alerts(path: Path, settings: AlertSettings, schedule: Schedule) -> Alerts:
    """What is to be on the server; routes to a block of ours whose setting is unset are off.

    Raises:
        ConfigError: the file or an address is wrong, or a route names what the schedule has not.
    """
    blocks = blocks_of(settings)
    routes = load_routes(path)
    collectors = {task.collector for _, task in schedule.enabled_tasks()}
    unknown = [
        f"{path}: the route {route.name} is for {name}, which the schedule does not have"
        for route in routes
        for name in sorted(
            (set(route.groups) - set(schedule.groups)) | (set(route.collectors) - collectors)
        )
    ]
    if unknown:
        raise ConfigError(unknown)
    made = {block.name for block in blocks}
    used = (one for one in routes if one.to in made or not one.to.endswith(f"/{BLOCK_NAME}"))
    return Alerts(tuple(used), tuple(blocks))


def load_routes(path: Path) -> list[Route]:
    """The routes of a file.

    Raises:
        ConfigError: it cannot be read, or is wrong; with every mistake in it.
    """
    try:
        document = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    problems = [f"{path}: {finding}" for finding in document.findings]
    try:
        routes = _File.model_validate(document.data or {}).routes
    except ValidationError as error:
        raise ConfigError([*problems, *(_problem(path, one) for one in error.errors())]) from None
    names = [route.name for route in routes]
    problems += [
        f"{path}: two routes are called {n}" for n in sorted({*names}) if names.count(n) > 1
    ]
    if problems:
        raise ConfigError(problems)
    return list(routes)


def _problem(path: Path, error: ErrorDetails) -> str:
    return f"{path}: {'.'.join(map(str, error['loc']))}: {error['msg']}"


def automation_of_route(route: Route, block: UUID) -> AutomationCore:
    """The automation that tells this block what the route lets pass."""
    match: dict[str, str | list[str]] = {"prefect.resource.id": f"{RESOURCE}*"}
    chosen = {
        "kind": route.kinds,
        "category": route.categories,
        "group": route.groups,
        "collector": route.collectors,
    }
    match |= {
        f"alert.{label}": [str(one) for one in values] for label, values in chosen.items() if values
    }
    return AutomationCore.model_validate(
        {
            "name": route.automation,
            "description": DESCRIPTION,
            "trigger": EventTrigger.model_validate(
                {
                    "posture": Posture.Reactive,
                    "expect": {*EVENTS, ANNOUNCED},
                    "match": match,
                    "for_each": {"prefect.resource.id"},
                    "threshold": 1,
                    "within": 0,
                }
            ),
            "actions": [
                SendNotification(
                    block_document_id=block,
                    subject="{{ event.payload.subject }}",
                    body="{{ event.payload.body }}",
                )
            ],
        }
    )
