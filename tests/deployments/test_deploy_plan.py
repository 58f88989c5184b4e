"""What is decided before anything is written; no server."""

from dataclasses import replace
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import DeploymentSchedule

from deployments.actual import ActualDeployment, ActualState
from deployments.desired import DesiredDeployment, DesiredState
from deployments.generate import DISABLED
from deployments.plan import Plan, make_plan
from services.errors import ConfigError
from tests.support.deploying import desired, task

EVERY_30 = task("c/d", schedule="interval", minutes=30)


def as_it_should_be(wanted: DesiredDeployment) -> ActualDeployment:
    schedules = [
        DeploymentSchedule(id=uuid4(), **one.model_dump(exclude={"replaces"}))
        for one in wanted.schedules
    ]
    return ActualDeployment(
        uuid4(), wanted.flow, wanted.name, wanted.fields, False, tuple(schedules), ()
    )


def holding(wanted: DesiredState) -> ActualState:
    return ActualState(True, tuple(as_it_should_be(one) for one in wanted.deployments), ())


def said(plan: Plan) -> list[str]:
    return [f"{step.verb} {step.kind} {step.name.rpartition('/')[2]}" for step in plan.to_apply]


def test_a_server_that_holds_what_it_should_needs_nothing() -> None:
    wanted = desired({"a": [task(), EVERY_30], "b": [task()]})
    plan = make_plan(wanted, holding(wanted))
    assert not plan.differs
    assert (plan.kept, plan.unchanged) == ((), len(wanted.deployments) + 1)


def test_one_schedule_with_another_slug_is_the_same_and_two_are_not() -> None:
    wanted = desired({"a": [task()]})
    there = as_it_should_be(wanted.deployments[0])
    moved = there.schedules[0].model_copy(update={"slug": "a-0000"})
    extra = there.schedules[0].model_copy(update={"slug": "by-hand", "id": uuid4()})
    others = tuple(as_it_should_be(one) for one in wanted.deployments[1:])

    def plan(*schedules: DeploymentSchedule) -> Plan:
        found = replace(there, schedules=schedules)
        return make_plan(wanted, ActualState(True, (found, *others), ()))

    assert said(plan(moved)) == ["change schedule a#a-0430"]
    assert said(plan(moved, extra)) == [
        "create schedule a#a-0430",
        "remove schedule a#a-0000",
        "remove schedule a#by-hand",
    ]


def test_the_tag_of_a_disabled_schedule_goes_after_the_schedule_is_active_again() -> None:
    """Cut short in between, the next one still knows that it was not a person."""
    before, after = (desired({"a": [{**EVERY_30, "enabled": on}]}) for on in (False, True))
    plan = make_plan(after, holding(before))
    schedule, deployment = plan.to_apply
    assert (schedule.kind, deployment.kind) == ("schedule", "deployment")
    assert [one.field for one in schedule.differences] == ["active"]
    (tags,) = [one for one in deployment.differences if one.field == "tags"]
    assert (DISABLED in tags.old, DISABLED in tags.new) == (True, False)


def test_what_may_hold_credentials_is_not_shown() -> None:
    before = desired({}, job_variables={"env": {"TOKEN": "hunter2"}})
    after = desired({}, job_variables={"env": {"TOKEN": "hunter3"}})
    plan = make_plan(after, holding(before))
    (change,) = plan.to_apply
    assert "job_variables" in {one.field for one in change.differences}
    assert "hunter" not in str(change.differences)


def test_every_name_that_somebody_else_has_is_told_at_once() -> None:
    wanted = desired({"a": [task()], "b": [task()]})
    theirs = [
        replace(one, fields={**one.fields, "tags": []}) for one in holding(wanted).deployments
    ]
    with pytest.raises(ConfigError) as refused:
        make_plan(wanted, ActualState(True, tuple(theirs), ()))
    assert len(refused.value.problems) == len(wanted.deployments)
    assert "the deployment collector_group/a on the server is not ours" in str(refused.value)
