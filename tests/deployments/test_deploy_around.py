"""What deployments have around them on a real server: triggers, limits, the pool, those of others."""

import pytest
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, WorkPoolCreate
from prefect.events import emit_event

from deployments.desired import automation_of
from services.errors import ConfigError
from tests.support.deploying import COLLECTOR, POOL, Deploying, desired, task
from tests.support.local_stack import poll

pytestmark = pytest.mark.xdist_group("deployments")
NIGHTLY = "collector_group/nightly"
RELEASE = "collector_group/release-nightly"
LIMIT = f"collector:{COLLECTOR}"
ON_RELEASE = task("e/f", schedule="on_release")


def test_deployments_of_others_are_left_alone_and_not_taken_over(server: Deploying) -> None:
    client = server.prefect.client
    flow = client.create_flow_from_name("collector_group")
    theirs = client.create_deployment(flow_id=flow, name="nightly", tags=["mine"])
    others = client.create_deployment(flow_id=flow, name="others")
    before = client.read_deployment(theirs), client.read_deployment(others)
    try:
        with pytest.raises(
            ConfigError, match="deployment collector_group/nightly on the server is"
        ):
            server.apply(desired({"nightly": [task()]}))
        assert server.writes == []
        wanted = desired({"weekly": [task()]})
        server.apply(wanted)
        server.prune(wanted)
        assert (client.read_deployment(theirs), client.read_deployment(others)) == before
    finally:
        client.delete_deployment(theirs)
        client.delete_deployment(others)


def test_a_release_starts_its_deployment_once(server: Deploying) -> None:
    server.apply(desired({"nightly": [ON_RELEASE]}))
    release = server.deployment(RELEASE)
    emit_event("release.detected", resource={"prefect.resource.id": "release.boost-1.90.0"})
    poll(lambda: server.runs(release.id), 30, "a run for the release")
    assert len(server.runs(release.id)) == 1


def test_a_trigger_is_one_automation_whoever_touched_it(server: Deploying) -> None:
    client = server.prefect.client
    wanted = desired({"nightly": [ON_RELEASE]})
    server.apply(wanted)
    release = server.deployment(RELEASE)
    (trigger,) = next(one.triggers for one in wanted.deployments if one.triggers)
    client.create_automation(automation_of(trigger, release.id))
    renamed = trigger.model_copy(update={"name": "before"})
    client.create_automation(automation_of(renamed, release.id))
    done = server.apply(wanted)
    assert sorted(done) == ["remove trigger before", "remove trigger release-nightly"]
    (kept,) = server.automations("release-nightly")

    edited = automation_of(trigger.model_copy(update={"threshold": 5}), release.id)
    told = {**edited.model_dump(mode="json", exclude={"owner_resource"})}
    client._client.put(f"/automations/{kept.id}", json=told).raise_for_status()
    assert server.apply(wanted) == ["change trigger release-nightly"]
    (mended,) = server.automations("release-nightly")
    assert (mended.id, mended.trigger.threshold) == (kept.id, 1)  # type: ignore[union-attr]
    client.delete_automation(kept.id)
    assert server.apply(wanted) == ["create trigger release-nightly"]
    assert server.prune(desired({})) != []
    assert server.automations("release-nightly") == []


def test_limits_follow_the_schedule_and_others_are_left_alone(server: Deploying) -> None:
    client = server.prefect.client
    client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name="theirs", limit=1))
    try:
        server.apply(desired({}, limits={COLLECTOR: 2}))
        assert server.apply(desired({}, limits={COLLECTOR: 3})) == [f"change limit {LIMIT}"]
        assert client.read_global_concurrency_limit_by_name(LIMIT).limit == 3
        assert server.apply(desired({})) == []
        assert server.prune(desired({})) == [f"remove limit {LIMIT}"]
        names = [one.name for one in client.read_global_concurrency_limits(limit=200)]
        assert LIMIT not in names
        assert "theirs" in names
    finally:
        client.delete_global_concurrency_limit_by_name("theirs")


def test_a_pool_of_the_operators_own_is_used_as_it_is(server: Deploying) -> None:
    client = server.prefect.client
    client.create_work_pool(WorkPoolCreate(name=POOL, type="docker", base_job_template={}))
    before = client.read_work_pool(POOL)
    server.apply(desired({"nightly": [task()]}))
    after = client.read_work_pool(POOL)
    assert (after.type, after.base_job_template) == (before.type, before.base_job_template)
    assert server.deployment(NIGHTLY).work_pool_name == POOL
