"""`apply` and `prune` on a real server: it converges to the schedule, and a person's pause stays."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.states import Completed, Pending, Running

from deployments.apply import Stopped
from deployments.desired import DesiredState
from deployments.generate import render
from deployments.local.worker import base_job_template
from tests.support.deploying import COLLECTOR, POOL, Deploying, desired, schedule, task
from tests.support.local_stack import ROOT

pytestmark = pytest.mark.xdist_group("deployments")
NIGHTLY = "collector_group/nightly"
RELEASE = "collector_group/release-nightly"
LIMIT = f"collector:{COLLECTOR}"
EVERY_30 = task("c/d", schedule="interval", minutes=30)
ON_RELEASE = task("e/f", schedule="on_release")


def interval_of(wanted: DesiredState) -> str:
    (name,) = [one.full_name for one in wanted.deployments if one.name.startswith("interval-")]
    return name


def set_active(server: Deploying, full_name: str, *, active: bool) -> None:
    """As the UI's switch does it."""
    found = server.deployment(full_name)
    path = f"/deployments/{found.id}/schedules/{found.schedules[0].id}"
    server.prefect.client._client.patch(path, json={"active": active}).raise_for_status()


def test_an_empty_server_gets_the_pool_the_limits_and_every_deployment(server: Deploying) -> None:
    wanted = desired({"nightly": [task(), EVERY_30, ON_RELEASE]}, limits={COLLECTOR: 2})
    interval = interval_of(wanted)
    assert server.apply(wanted) == [
        f"create pool {POOL}",
        f"create limit {LIMIT}",
        f"create deployment {NIGHTLY}",
        f"create deployment {RELEASE}",
        f"create deployment {interval}",
        f"create deployment {COLLECTOR}/on-demand",
    ]
    group, own = server.deployment(NIGHTLY), server.schedule(NIGHTLY)
    assert (own.slug, own.active, own.parameters) == ("nightly-0430", True, {})
    assert (group.work_pool_name, group.pull_steps) == (POOL, [])
    assert group.enforce_parameter_schema
    assert (group.parameter_openapi_schema or {})["required"] == ["group"]
    assert group.global_concurrency_limit is not None
    assert group.global_concurrency_limit.limit == 1
    run, *_ = server.scheduled_runs(NIGHTLY)
    assert run.expected_start_time is not None
    assert f"{run.expected_start_time:%H:%M}" == "04:30"
    (starts,) = {run.parameters["repository"] for run in server.scheduled_runs(interval)}
    assert starts == "c/d"


def test_applied_again_it_asks_six_questions_and_writes_nothing(server: Deploying) -> None:
    wanted = desired({"nightly": [task(), EVERY_30, ON_RELEASE]}, limits={COLLECTOR: 2})
    server.apply(wanted)
    names = [one.full_name for one in wanted.deployments]
    runs = {run.id for run in server.scheduled_runs(NIGHTLY)}
    before = [server.deployment(name) for name in names]
    assert server.apply(wanted) == []
    assert server.writes == []
    questions = [one for one in server.requests if one.url.path.endswith(("/filter", POOL))]
    assert len(questions) == 6
    assert [server.deployment(name) for name in names] == before
    assert {run.id for run in server.scheduled_runs(NIGHTLY)} == runs
    assert server.prune(wanted) == []


def test_what_changed_is_changed_in_place(server: Deploying) -> None:
    first = desired({"nightly": [task(), EVERY_30]})
    server.apply(first)
    interval = interval_of(first)
    # The scheduler is done with these: what it has read it stores, whatever has changed meanwhile.
    server.scheduled_runs(NIGHTLY)
    before = [(one.id, one.schedules[0].id) for one in map(server.deployment, (NIGHTLY, interval))]
    later = desired(
        {"nightly": [task("x/y"), {**EVERY_30, "minutes": 45}]},
        time="05:40",
        job_variables={"stream_output": False},
    )
    assert server.apply(later) == [
        f"change schedule {NIGHTLY}#nightly-0540",
        f"change deployment {NIGHTLY}",
        f"change schedule {interval}#nightly-interval",
        f"change deployment {interval}",
        f"change deployment {COLLECTOR}/on-demand",
    ]
    after = [(one.id, one.schedules[0].id) for one in map(server.deployment, (NIGHTLY, interval))]
    assert after == before
    assert "x/y" in str(server.deployment(NIGHTLY).description)
    assert server.deployment(interval).job_variables == {"stream_output": False}
    times = {f"{run.expected_start_time:%H:%M}" for run in server.scheduled_runs(NIGHTLY)}
    assert times == {"05:40"}
    assert server.apply(later) == []


def test_a_schedule_that_left_is_removed_with_its_runs_and_comes_back(server: Deploying) -> None:
    server.apply(desired({"nightly": [task()]}))
    group = server.deployment(NIGHTLY)
    server.scheduled_runs(NIGHTLY)
    undated = desired({"nightly": [task(enabled=False)]})
    assert f"remove schedule {NIGHTLY}#nightly-0430" in server.apply(undated)
    assert (server.deployment(NIGHTLY).schedules, server.runs(group.id)) == ([], [])
    assert f"create schedule {NIGHTLY}#nightly-0430" in server.apply(desired({"nightly": [task()]}))
    assert server.deployment(NIGHTLY).id == group.id


def test_what_a_person_paused_stays_paused_and_is_named(server: Deploying) -> None:
    server.apply(desired({"nightly": [task(), ON_RELEASE]}))
    server.prefect.client._client.post(
        f"/deployments/{server.deployment(RELEASE).id}/pause_deployment"
    )
    set_active(server, NIGHTLY, active=False)
    server.prefect.client.pause_automation(server.automations("release-nightly")[0].id)
    later = desired(
        {"nightly": [task("x/y"), {**ON_RELEASE, "parameters": {"repository": "z/z"}}]},
        time="06:00",
    )
    kept = {(one.kind, one.name) for one in server.plan(later).kept}
    assert kept == {
        ("schedule", f"{NIGHTLY}#nightly-0600"),
        ("deployment", RELEASE),
        ("trigger", "release-nightly"),
    }
    server.apply(later)
    schedule = server.schedule(NIGHTLY)
    assert (schedule.slug, schedule.active) == ("nightly-0600", False)
    assert server.deployment(RELEASE).paused
    assert "z/z" in str(server.deployment(RELEASE).description)
    assert not server.automations("release-nightly")[0].enabled
    assert not server.plan(later).differs


def test_what_the_schedule_disables_it_enables_again_but_nobody_else(server: Deploying) -> None:
    on, off = (desired({"a": [{**EVERY_30, "enabled": on}]}) for on in (True, False))
    interval = interval_of(on)
    server.apply(off)
    assert not server.schedule(interval).active
    assert server.plan(off).kept == ()
    set_active(server, interval, active=True)
    assert server.apply(off) == [f"change schedule {interval}#a-interval"]
    assert not server.schedule(interval).active
    server.apply(on)
    assert server.schedule(interval).active
    set_active(server, interval, active=False)
    server.apply(on)
    assert not server.schedule(interval).active


def test_what_left_is_pruned_with_what_it_would_still_start(server: Deploying) -> None:
    client = server.prefect.client
    server.apply(desired({"nightly": [task(), EVERY_30, ON_RELEASE]}))
    group = server.deployment(NIGHTLY)
    server.scheduled_runs(NIGHTLY)
    by_hand = client.create_flow_run_from_deployment(group.id)
    taken = client.create_flow_run_from_deployment(group.id, state=Pending())
    ended = client.create_flow_run_from_deployment(group.id)
    client.set_flow_run_state(ended.id, Completed(), force=True)
    later = desired({"renamed": [EVERY_30]})
    assert all("nightly" not in one for one in server.apply(later))
    assert server.exists(NIGHTLY)
    removed = server.prune(later)
    assert {f"remove deployment {NIGHTLY}", f"remove deployment {RELEASE}"} <= set(removed)
    assert not server.exists(NIGHTLY)
    left = {run.id: run.state_name for run in server.runs(group.id)}
    assert left == {ended.id: "Completed", taken.id: "Cancelled"}
    assert by_hand.id not in left
    assert server.automations("release-nightly") == []
    assert not server.plan(later).differs


def test_a_run_that_begins_while_others_are_removed_goes_on(
    server: Deploying, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, delete = server.prefect.client, SyncPrefectClient.delete_flow_run
    server.apply(desired({"nightly": [task()]}))
    group = server.deployment(NIGHTLY)
    waiting = {client.create_flow_run_from_deployment(group.id).id for _ in range(2)}

    def begin_the_other(own: SyncPrefectClient, run: UUID) -> None:
        delete(own, run)
        if run in waiting:
            waiting.remove(run)
            client.set_flow_run_state(waiting.pop(), Running(), force=True)

    monkeypatch.setattr(SyncPrefectClient, "delete_flow_run", begin_the_other)
    server.prune(desired({}))
    assert [run.state_name for run in server.runs(group.id)] == ["Running"]


def test_a_worker_that_makes_the_pool_at_the_same_moment_stops_nothing(
    server: Deploying, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = SyncPrefectClient.create_work_pool

    def second(client: SyncPrefectClient, wanted: WorkPoolCreate) -> None:
        create(client, wanted)
        create(client, wanted)

    monkeypatch.setattr(SyncPrefectClient, "create_work_pool", second)
    wanted = desired({"nightly": [task()]})
    assert f"create pool {POOL}" in server.apply(wanted)
    assert not server.plan(wanted).differs


def test_a_step_that_the_server_refuses_stops_and_the_next_apply_converges(
    server: Deploying,
) -> None:
    client = server.prefect.client
    template = base_job_template(None)
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process", base_job_template=template))
    groups = {"nightly": [task()]}
    refused = desired(groups, limits={COLLECTOR: 1}, job_variables={"stream_output": {"no": 1}})
    with pytest.raises(Stopped) as stopped:
        server.apply(refused)
    said = str(stopped.value)
    assert said.startswith(f"stopped at: create deployment {NIGHTLY} (")
    assert "done: 1 of 3; not begun: create deployment github_activity_tracker/on-demand" in said
    right = desired(groups, limits={COLLECTOR: 1})
    assert f"create limit {LIMIT}" not in server.apply(right)
    assert not server.plan(right).differs


def test_prefect_deploy_of_prefect_yaml_leaves_nothing_to_apply(
    server: Deploying, tmp_path: Path
) -> None:
    made = schedule(
        {
            "nightly": [
                task(),
                EVERY_30,
                {**EVERY_30, "parameters": {"repository": "g/h"}, "enabled": False},
                ON_RELEASE,
            ]
        }
    )
    server.prefect.ensure_pool(POOL)
    file = tmp_path / "prefect.yaml"
    file.write_text(render(made, [COLLECTOR], POOL), encoding="utf-8")
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(
        [*command, "--prefect-file", str(file)],
        cwd=tmp_path,
        env={**server.prefect.environment(), "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = server.deployment(NIGHTLY)
    assert [(one.slug, one.active) for one in found.schedules] == [("nightly-0430", True)]
    assert found.concurrency_options is not None
    assert found.concurrency_options.collision_strategy.value == "ENQUEUE"
    assert server.scheduled_runs(NIGHTLY)
    wanted = desired({"nightly": made.model_dump(mode="json")["groups"]["nightly"]["tasks"]})
    assert not server.plan(wanted).differs
