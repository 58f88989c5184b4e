"""What the schedule becomes for Prefect."""

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from deployments.generate import TRIGGER_DESCRIPTION, deployments, render
from deployments.schedule import SCHEDULE_FILE, Schedule, known_collectors, load_schedule

COLLECTORS = ("mail", "papers")
DAILY = {"collector": "papers", "schedule": "daily"}
EVERY_30 = {"collector": "mail", "schedule": "interval", "minutes": 30, "parameters": {"box": "a"}}
RELEASE = {"collector": "mail", "schedule": "on_release"}


def schedule(**groups: list[dict[str, Any]]) -> Schedule:
    written = {name: {"default_time": "04:30", "tasks": tasks} for name, tasks in groups.items()}
    return Schedule.model_validate({"groups": written})


def by_name(made: Schedule) -> dict[str, dict[str, Any]]:
    """Deployments of groups, releases and intervals; `on-demand` is not one name only."""
    found = deployments(made, COLLECTORS, "pool")
    return {one["name"]: one for one in found if one["name"] != "on-demand"}


def test_a_group_is_one_deployment_that_starts_every_day_it_may_have_work() -> None:
    group = by_name(schedule(nightly=[DAILY, {**DAILY, "schedule": "monthly", "on": 3}]))["nightly"]
    del group["version"], group["description"]
    assert group == {
        "name": "nightly",
        "tags": ["bdc", "group:nightly"],
        "entrypoint": "flows.collector_group.collector_group",
        "parameters": {"group": "nightly"},
        "schedules": [
            {"cron": "30 4 * * *", "timezone": "UTC", "slug": "nightly-0430", "active": True}
        ],
        "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
        "work_pool": {"name": "pool"},
    }


def test_a_group_that_no_date_starts_has_no_schedule_but_can_be_started_by_hand() -> None:
    made = by_name(schedule(a=[EVERY_30], b=[], c=[{**DAILY, "enabled": False}]))
    assert [made[name]["schedules"] for name in "abc"] == [[], [], []]


def test_a_group_looks_every_day_for_releases_that_it_missed() -> None:
    (every_day,) = by_name(schedule(a=[RELEASE]))["a"]["schedules"]
    assert every_day["cron"] == "30 4 * * *"


def test_the_tasks_of_a_group_are_told_in_its_description() -> None:
    weekly = {"collector": "mail", "schedule": "weekly", "on": "mon", "parameters": {"box": "é"}}
    monthly = {"collector": "mail", "schedule": "monthly", "on": 31, "enabled": False}
    made = by_name(schedule(nightly=[DAILY, weekly, monthly, EVERY_30, RELEASE]))
    assert made["nightly"]["description"].splitlines() == [
        "The tasks of group nightly, in order:",
        "",
        "1. papers, daily",
        '2. mail, weekly on monday: `{"box": "é"}`',
        "3. mail, monthly on day 31 (disabled)",
        "4. mail, on every release",
    ]
    assert made["release-nightly"]["description"].endswith("\n1. mail, on every release")


def test_an_interval_task_is_a_deployment_of_its_own_flow_with_a_fixed_anchor() -> None:
    made = by_name(schedule(nightly=[EVERY_30]))
    (name,) = [name for name in made if name.startswith("interval-nightly-")]
    interval = made[name]
    assert interval["entrypoint"] == "flows.mail.mail"
    assert interval["parameters"] == {"box": "a"}
    assert interval["schedules"] == [
        {
            "interval": 1800,
            "anchor_date": "2020-01-01T00:00:00+00:00",
            "timezone": "UTC",
            "slug": "nightly-interval",
            "active": True,
        }
    ]


def test_an_interval_keeps_its_name_and_slug_whatever_happens_around_it() -> None:
    changed = {**EVERY_30, "minutes": 60, "enabled": False}
    before, after = by_name(schedule(a=[EVERY_30])), by_name(schedule(a=[DAILY, changed]))
    assert before.keys() == after.keys()
    (name,) = before.keys() - {"a"}
    old, new = before[name]["schedules"][0], after[name]["schedules"][0]
    assert (old["slug"], old["active"]) == (new["slug"], True)
    assert (new["interval"], new["active"]) == (3600, False)


def test_the_schedule_that_is_disabled_is_told_from_one_that_a_person_pauses_by_a_tag() -> None:
    on, off = (by_name(schedule(a=[{**EVERY_30, "enabled": enabled}])) for enabled in (True, False))
    (name,) = on.keys() - {"a"}
    assert on[name]["tags"] == ["bdc", "group:a", "collector:mail"]
    assert off[name]["tags"] == ["bdc", "group:a", "collector:mail", "disabled"]


def test_job_variables_are_told_to_the_pool_and_change_the_version() -> None:
    (plain,) = deployments(Schedule(), ["mail"], "pool")
    (told,) = deployments(Schedule(), ["mail"], "pool", {"image": "bdc:1"})
    assert told["work_pool"] == {"name": "pool", "job_variables": {"image": "bdc:1"}}
    assert told["version"] != plain["version"]


def test_release_tasks_wait_for_the_event_of_a_release() -> None:
    release = by_name(schedule(nightly=[RELEASE]))["release-nightly"]
    assert release["parameters"] == {"group": "nightly", "cadence": "on_release"}
    assert release["triggers"] == [
        {
            "type": "event",
            "name": "release-nightly",
            "description": TRIGGER_DESCRIPTION,
            "enabled": True,
            "match": {"prefect.resource.id": "release.*"},
            "expect": ["release.detected"],
            "parameters": {},
        }
    ]


def test_disabled_release_tasks_wait_for_nothing() -> None:
    assert by_name(schedule(nightly=[{**RELEASE, "enabled": False}])).keys() == {"nightly"}


def test_every_collector_can_be_started_on_demand() -> None:
    made = deployments(Schedule(), COLLECTORS, "pool")
    assert [(one["name"], one["entrypoint"], one["schedules"]) for one in made] == [
        ("on-demand", "flows.mail.mail", []),
        ("on-demand", "flows.papers.papers", []),
    ]


def test_a_version_changes_with_its_own_deployment_only() -> None:
    one = by_name(schedule(a=[DAILY], b=[DAILY]))
    other = by_name(schedule(a=[{**DAILY, "parameters": {"x": 1}}], b=[DAILY]))
    assert one["a"]["version"] != other["a"]["version"]
    assert one["b"]["version"] == other["b"]["version"]
    (there,) = deployments(Schedule(), ["mail"], "elsewhere")
    assert there["version"] != deployments(Schedule(), ["mail"], "pool")[0]["version"]


TASKS = st.lists(
    st.sampled_from([DAILY, EVERY_30, RELEASE, {**EVERY_30, "parameters": {"box": "on"}}]),
    unique_by=str,
)


@given(groups=st.dictionaries(st.sampled_from(["a", "no", "a-1", "on_x"]), TASKS))
def test_the_text_says_what_the_deployments_are_and_no_two_share_a_name(
    groups: dict[str, list[dict[str, Any]]],
) -> None:
    made = schedule(**groups)
    text = render(made, COLLECTORS, "pool")
    assert text == render(made, COLLECTORS, "pool")
    written = yaml.safe_load(text)["deployments"]
    assert written == deployments(made, COLLECTORS, "pool")
    names = [(one["entrypoint"], one["name"]) for one in written]
    assert len(set(names)) == len(names)


def test_the_committed_prefect_yaml_is_what_the_shipped_schedule_gives() -> None:
    text = render(load_schedule(SCHEDULE_FILE, "production"), known_collectors(), "bdc")
    assert text.startswith("# Generated from deployments/schedule.yaml by `bdc schedule render`.")
    assert (SCHEDULE_FILE.parent.parent / "prefect.yaml").read_text(encoding="utf-8") == text
