"""What separates the server from the schedule, and what to do about it: decisions, no requests."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.objects import DeploymentSchedule
from prefect.events import DeploymentEventTrigger
from prefect.events.schemas.automations import Automation, AutomationCore

from deployments.actual import ActualDeployment, ActualState
from deployments.alert_blocks import OUR_BLOCKS
from deployments.desired import DesiredDeployment, DesiredState, automation_of
from deployments.generate import DISABLED, TAG, TRIGGER_DESCRIPTION
from deployments.routes import Alerts, Route, automation_of_route
from deployments.steps import (
    ChangeBlock,
    ChangeDeployment,
    ChangeLimit,
    ChangeRoute,
    ChangeSchedule,
    ChangeTrigger,
    CreateBlock,
    CreateDeployment,
    CreateLimit,
    CreatePool,
    CreateRoute,
    CreateSchedule,
    CreateTrigger,
    Difference,
    Kind,
    RemoveBlock,
    RemoveDeployment,
    RemoveLimit,
    RemoveRoute,
    RemoveSchedule,
    RemoveTrigger,
    Step,
)
from services.errors import ConfigError

AUTOMATION_FIELDS = ("name", "description", "enabled", "trigger", "actions")
# May hold credentials of an operator's own pool.
PRIVATE_FIELDS = ("job_variables",)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left as it is on the server though the schedule wants it otherwise."""

    kind: Kind
    name: str
    why: str = "paused by a person, kept"


@dataclass(frozen=True, slots=True)
class Matching:
    """Schedules of one deployment: those on both sides, and those on one only."""

    pairs: list[tuple[DeploymentScheduleCreate, DeploymentSchedule]]
    new: list[DeploymentScheduleCreate]
    gone: list[DeploymentSchedule]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `apply` does, what is left to `prune`, what a person paused, what is right already."""

    to_apply: tuple[Step, ...]
    to_prune: tuple[Step, ...]
    kept: tuple[Kept, ...]
    unchanged: int

    @property
    def differs(self) -> bool:
        """Whether the server is not what the schedule says."""
        return bool(self.to_apply or self.to_prune)


def make_plan(desired: DesiredState, actual: ActualState) -> Plan:
    """What leads from what is to what should be.

    Raises:
        ConfigError: a deployment that is not ours has a name that we need; names each.
    """
    _refuse_foreign(desired, actual)
    found = {one.full_name: one for one in actual.deployments}
    limits = list(_limit_steps(desired, actual))
    parts = [_deployment_steps(one, found.get(one.full_name)) for one in desired.deployments]
    alerts = list(_alert_steps(desired.alerts, actual))
    pool = [] if actual.has_pool else [CreatePool(name=desired.pool)]
    pairs = [(one, found[one.full_name]) for one in desired.deployments if one.full_name in found]
    return Plan(
        to_apply=(*pool, *limits, *(step for part in parts for step in part), *alerts),
        to_prune=(*_leftovers(desired, actual), *_left_alerts(desired.alerts, actual)),
        kept=(
            *(kept for wanted, there in pairs for kept in _kept(wanted, there)),
            *_kept_routes(desired.alerts, actual),
        ),
        unchanged=parts.count([]) + len(desired.limits) - len(limits) + actual.has_pool,
    )


def _alert_steps(wanted: Alerts, actual: ActualState) -> Iterator[Step]:
    """Blocks first: routes tell them."""
    for block in wanted.blocks:
        there = actual.blocks.get(block.name)
        if there is None:
            yield CreateBlock(name=block.name, wanted=block)
        elif not block.is_same(there.data or {}):
            yield ChangeBlock(name=block.name, wanted=block)
    found = {one.name: one for one in actual.routes}
    for route in wanted.routes:
        if not _has_block(route, wanted, actual):
            continue
        present = found.get(route.automation)
        if present is None:
            yield CreateRoute(name=route.name, wanted=route, note=f"to {route.to}")
        else:
            yield from _changed_route(route, present, actual)
    yield from _repeated_routes(wanted, actual.routes)


def _repeated_routes(wanted: Alerts, there: Iterable[Automation]) -> Iterator[Step]:
    """A request whose answer was lost is sent again: the server has made what it asked for twice."""
    kept = {one.name: one.id for one in there}
    names = {route.automation for route in wanted.routes}
    for one in there:
        if one.name in names and one.id != kept[one.name]:
            yield RemoveRoute(name=one.name, id=one.id)


def _has_block(route: Route, wanted: Alerts, actual: ActualState) -> bool:
    return route.to in actual.blocks or route.to in {block.name for block in wanted.blocks}


def _changed_route(route: Route, there: Automation, actual: ActualState) -> Iterator[Step]:
    """A block that is to be made anew has no id yet: the next `apply` sees to that."""
    block = actual.blocks.get(route.to)
    if block is None:
        yield RemoveRoute(name=route.name, id=there.id)
        yield CreateRoute(name=route.name, wanted=route, note=f"to {route.to}")
        return
    kept = automation_of_route(route, block.id).model_copy(update={"enabled": there.enabled})
    if differences := tuple(_differences(_compared(there), _compared(kept))):
        yield ChangeRoute(name=route.name, id=there.id, wanted=kept, differences=differences)


def _compared(automation: AutomationCore) -> dict[str, Any]:
    """Without the ids that the server gives each trigger."""
    dumped = automation.model_dump(mode="json", include={"name", "enabled", "trigger", "actions"})
    dumped["trigger"].pop("id", None)
    dumped["trigger"]["expect"] = sorted(dumped["trigger"]["expect"])
    return dumped


def _left_alerts(wanted: Alerts, actual: ActualState) -> Iterator[Step]:
    routes = {route.automation for route in wanted.routes}
    for one in actual.routes:
        if one.name not in routes:
            yield RemoveRoute(name=one.name, id=one.id)
    made = {block.name for block in wanted.blocks}
    for name, block in actual.blocks.items():
        if name in OUR_BLOCKS - made:
            yield RemoveBlock(name=name, id=block.id)


def _kept_routes(wanted: Alerts, actual: ActualState) -> Iterator[Kept]:
    paused = {one.name for one in actual.routes if not one.enabled}
    for route in wanted.routes:
        if route.automation in paused:
            yield Kept("route", route.name)
        elif not _has_block(route, wanted, actual):
            yield Kept("route", route.name, f"waits for the block {route.to}: make it in the UI")


def _refuse_foreign(desired: DesiredState, actual: ActualState) -> None:
    wanted = {one.full_name for one in desired.deployments}
    foreign = [one.full_name for one in actual.deployments if not one.is_ours]
    problems = [
        f"the deployment {name} on the server is not ours (it has no tag `{TAG}`):"
        " rename or delete it, or give the group another name"
        for name in foreign
        if name in wanted
    ]
    if problems:
        raise ConfigError(problems)


def _limit_steps(desired: DesiredState, actual: ActualState) -> Iterator[Step]:
    found = {limit.name: limit.limit for limit in actual.limits}
    for name, limit in desired.limits.items():
        if name not in found:
            yield CreateLimit(name=name, limit=limit)
        elif found[name] != limit:
            changed = (Difference("limit", found[name], limit),)
            yield ChangeLimit(name=name, limit=limit, differences=changed)


def _leftovers(desired: DesiredState, actual: ActualState) -> Iterator[Step]:
    """Nobody can rename a deployment in Prefect: what has a new name is new, the old one is here."""
    wanted = {one.full_name for one in desired.deployments}
    for one in actual.deployments:
        if one.is_ours and one.full_name not in wanted:
            note = f"past runs stay, below the flow {one.flow}"
            yield RemoveDeployment(name=one.full_name, id=one.id, note=note)
    for limit in actual.limits:
        if limit.name not in desired.limits:
            yield RemoveLimit(name=limit.name)


def _deployment_steps(wanted: DesiredDeployment, found: ActualDeployment | None) -> list[Step]:
    """The deployment's own fields last: its tags say whether the YAML had disabled its schedule.

    So an `apply` that is cut short leaves them as they were for the next one to read.
    """
    if found is None:
        return [_creation(wanted)]
    steps = [*_schedule_steps(wanted, found), *_trigger_steps(wanted, found)]
    differences = tuple(_differences(found.fields, wanted.fields))
    if differences:
        name, fields = wanted.full_name, wanted.fields
        steps.append(
            ChangeDeployment(name=name, id=found.id, fields=fields, differences=differences)
        )
    return steps


def _creation(wanted: DesiredDeployment) -> Step:
    parts = [f"schedule {one.slug}" for one in wanted.schedules]
    parts += [f"trigger {one.name}" for one in wanted.triggers]
    note = f"with {', '.join(parts)}" if parts else ""
    return CreateDeployment(name=wanted.full_name, wanted=wanted, note=note)


def _schedule_steps(wanted: DesiredDeployment, found: ActualDeployment) -> Iterator[Step]:
    matching = _match(wanted, found)
    for one in matching.new:
        yield CreateSchedule(name=_name(wanted, one), deployment_id=found.id, wanted=one)
    for schedule, there in matching.pairs:
        yield from _changed_schedule(wanted, found, schedule, there)
    for left in matching.gone:
        yield RemoveSchedule(name=_name(wanted, left), deployment_id=found.id, id=left.id)


def _match(wanted: DesiredDeployment, found: ActualDeployment) -> Matching:
    """By slug; one that is new beside one that is gone is the same, at another time of day."""
    there = {one.slug: one for one in found.schedules}
    slugs = {one.slug for one in wanted.schedules}
    pairs = [(one, there[one.slug]) for one in wanted.schedules if one.slug in there]
    new = [one for one in wanted.schedules if one.slug not in there]
    gone = [one for one in found.schedules if one.slug not in slugs]
    if len(new) == len(gone) == 1:
        return Matching([*pairs, (new[0], gone[0])], [], [])
    return Matching(pairs, new, gone)


def _changed_schedule(
    deployment: DesiredDeployment,
    found: ActualDeployment,
    wanted: DeploymentScheduleCreate,
    there: DeploymentSchedule,
) -> Iterator[Step]:
    active = wanted.active and not _paused_by_a_person(found, wanted, there)
    before = {**_shown(there), "active": there.active}
    after = {**_shown(wanted), "active": active}
    if differences := tuple(_differences(before, after)):
        yield ChangeSchedule(
            name=_name(deployment, wanted),
            deployment_id=found.id,
            id=there.id,
            wanted=wanted,
            active=active,
            differences=differences,
        )


def _paused_by_a_person(
    found: ActualDeployment, wanted: DeploymentScheduleCreate, there: DeploymentSchedule
) -> bool:
    """Unless it is inactive because the YAML said so until now."""
    return wanted.active and not there.active and DISABLED not in found.tags


def _shown(schedule: DeploymentScheduleCreate | DeploymentSchedule) -> dict[str, Any]:
    timing = schedule.schedule.model_dump(mode="json")
    return {"slug": schedule.slug, **timing, "parameters": schedule.parameters}


def _name(
    deployment: DesiredDeployment, schedule: DeploymentScheduleCreate | DeploymentSchedule
) -> str:
    return f"{deployment.full_name}#{schedule.slug or '(no slug)'}"


def _trigger_steps(wanted: DesiredDeployment, found: ActualDeployment) -> Iterator[Step]:
    ours = _our_automations(wanted, found)
    for trigger in wanted.triggers:
        core = automation_of(trigger, found.id)
        present = next((one for one in ours if one.name == trigger.name), None)
        if present is None:
            yield CreateTrigger(name=core.name, wanted=core)
        else:
            ours.remove(present)
            yield from _changed_trigger(core, present)
    for left in ours:
        yield RemoveTrigger(name=left.name, id=left.id)


def _our_automations(wanted: DesiredDeployment, found: ActualDeployment) -> list[Automation]:
    names = {trigger.name for trigger in wanted.triggers}
    return [
        one
        for one in found.automations
        if one.name in names or one.description == TRIGGER_DESCRIPTION
    ]


def _changed_trigger(wanted: AutomationCore, there: Automation) -> Iterator[Step]:
    kept = wanted.model_copy(update={"enabled": there.enabled})
    before, after = (one.model_dump(include=set(AUTOMATION_FIELDS)) for one in (there, kept))
    if differences := tuple(_differences(before, after)):
        yield ChangeTrigger(name=wanted.name, id=there.id, wanted=kept, differences=differences)


def _kept(wanted: DesiredDeployment, found: ActualDeployment) -> Iterator[Kept]:
    if found.paused:
        yield Kept("deployment", wanted.full_name)
    for schedule, there in _match(wanted, found).pairs:
        if _paused_by_a_person(found, schedule, there):
            yield Kept("schedule", _name(wanted, schedule))
    yield from _kept_triggers(wanted.triggers, found)


def _kept_triggers(
    wanted: Iterable[DeploymentEventTrigger], found: ActualDeployment
) -> Iterator[Kept]:
    names = {trigger.name for trigger in wanted}
    for one in found.automations:
        if one.name in names and not one.enabled:
            yield Kept("trigger", one.name)


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Difference]:
    """Also of fields that only one side has: a cron may become an interval."""
    for field in {**old, **new}:
        before, after = old.get(field), new.get(field)
        if before != after:
            is_private = field in PRIVATE_FIELDS
            yield Difference(field, *(("private", "private") if is_private else (before, after)))
