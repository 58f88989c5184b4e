"""The strict check of a prefect.yaml: what Prefect itself would let pass as well."""

import sys
from copy import deepcopy
from typing import Any

import prefect
import pytest
import yaml
from prefect.cli.deploy._models import PrefectYamlModel
from prefect.events.schemas.deployment_triggers import DeploymentEventTrigger

from deployments.flow_parameters import Schema, flow_schemas, load_schema
from deployments.generate import render
from deployments.schedule import Schedule
from deployments.validate import TRIGGER_KEYS, prefect_yaml_problems, validate_prefect_yaml
from services.errors import ConfigError

SCHEMA = {
    "type": "object",
    "properties": {"group": {"type": "string"}, "cadence": {"type": "string", "default": "all"}},
    "required": ["group"],
}
GOOD: dict[str, Any] = {
    "name": "x",
    "prefect-version": "3.8",
    "pull": [],
    "deployments": [
        {
            "name": "a",
            "tags": ["bdc"],
            "entrypoint": "flows.x.x",
            "parameters": {"group": "a"},
            "schedules": [
                {
                    "cron": "5 0 1,28-31 * *",
                    "timezone": "UTC",
                    "slug": "s",
                    "active": True,
                    "parameters": {"cadence": "daily"},
                },
                {"interval": 60, "timezone": "UTC", "slug": "t", "active": False},
            ],
            "concurrency_limit": {"limit": 1, "collision_strategy": "ENQUEUE"},
            "work_pool": {"name": "bdc"},
            "triggers": [{"type": "event", "name": "r", "expect": ["release.detected"]}],
        }
    ],
}


def schema_of(entrypoint: str) -> Schema:
    if entrypoint != "flows.x.x":
        raise ConfigError(f"the flow {entrypoint} cannot be loaded")
    return SCHEMA


def problems(written: Any) -> list[str]:
    return prefect_yaml_problems(yaml.safe_dump(written), schema_of)


def changed(place: str, value: Any) -> dict[str, Any]:
    """The good file with one value other; None removes it. `place` is below the deployment."""
    written = deepcopy(GOOD)
    target: Any = written["deployments"][0]
    *steps, last = [int(step) if step.isdigit() else step for step in place.split(".")]
    for step in steps:
        target = target[step]
    if value is None:
        del target[last]
    else:
        target[last] = value
    return written


def test_a_good_file_has_no_problem() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("schedulez", [], "the key `schedulez` is unknown, Prefect would ignore it; did you mean"),
        ("parametrs", {}, "did you mean `parameters`?"),
        ("name", None, "deployment (no name): `name` is missing"),
        ("entrypoint", None, "`entrypoint` is missing"),
        ("entrypoint", "flows.y.y", "the flow flows.y.y cannot be loaded"),
        ("work_pool", None, "`work_pool` is missing"),
        ("work_pool.nmae", "x", "work_pool: the key `nmae` is unknown"),
        ("concurrency_limit.limt", 1, "concurrency_limit: the key `limt` is unknown"),
        ("concurrency_limit.collision_strategy", "WAIT", "should be 'ENQUEUE' or 'CANCEL_NEW'"),
        ("parameters.gruop", "a", "parameter `gruop` is unknown; did you mean `group`?"),
        ("parameters.group", 3, "deployment a: parameter `group`: 3 is not of type 'string'"),
        ("parameters.group", None, "schedule s: parameter `group` is missing"),
        ("schedules.0.parameters.cadance", "x", "schedule s: parameter `cadance` is unknown"),
        ("schedules.0.parameters.cadence", 3, "schedule s: parameter `cadence`: 3 is not of type"),
        ("schedules.0.slug", None, "schedule (no slug): `slug` is missing"),
        ("schedules.0.slug", "t", "the slug `t` is used twice"),
        ("schedules.0.active", None, "schedule s: `active` is missing"),
        ("schedules.0.timezone", None, "schedule s: `timezone` is missing"),
        ("schedules.0.timezone", "Mars", "Invalid timezone"),
        ("schedules.0.cron", "61 0 * * *", "schedule s: cron: Value error, Invalid cron"),
        ("schedules.0.interval", 60, "Exactly one of 'cron', 'interval', or 'rrule'"),
        ("schedules.1.anchor_date", "soon", "schedule t: "),
        ("schedules.0.crn", "x", "schedule s: crn: Extra inputs are not permitted"),
        ("schedules", [3], "deployments.0.schedules"),
        ("schedule", {"cron": "0 0 * * *"}, "`schedule` is deprecated"),
        ("triggers.0.expekt", ["x"], "trigger r: the key `expekt` is unknown"),
        ("triggers.0.expect", [], "trigger r: `expect` is empty, and so every event would start"),
        ("triggers.0.expect", None, "trigger r: `expect` is empty"),
        ("triggers.0.posture", "Lazy", "trigger r: posture: Input should be Posture.Reactive"),
        ("triggers.0.type", "metric", "trigger r: the type `metric` is not used here"),
        ("triggers.0.parameters", {"a": 1}, "trigger r: parameter `a` is unknown"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(place: str, value: Any, words: str) -> None:
    assert any(words in problem for problem in problems(changed(place, value)))


def test_all_that_is_wrong_is_one_error() -> None:
    validate_prefect_yaml(yaml.safe_dump(GOOD), schema_of)
    with pytest.raises(ConfigError) as caught:
        validate_prefect_yaml(yaml.safe_dump({**GOOD, "nmae": 1, "bild": 2}), schema_of)
    first, second = caught.value.problems
    assert first.startswith("prefect.yaml: the key `bild` is unknown")
    assert "did you mean `name`?" in second


def test_a_plain_number_is_a_concurrency_limit_too() -> None:
    assert problems(changed("concurrency_limit", 1)) == []


def test_a_deployment_that_only_people_start_need_not_have_all_parameters() -> None:
    written = changed("parameters", {})
    del written["deployments"][0]["schedules"], written["deployments"][0]["triggers"]
    assert problems(written) == []


def test_two_deployments_of_a_flow_need_two_names() -> None:
    twice = {**GOOD, "deployments": GOOD["deployments"] * 2}
    assert problems(twice) == [
        "two deployments of flows.x.x are called a; the second would replace the first"
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "not YAML"),
        ("- 1", "document: Input should be a valid dictionary"),
        ("deployments: 3", "deployments: Input should be a valid list"),
        ("deploymnts: []", "the key `deploymnts` is unknown"),
    ],
)
def test_a_file_of_another_kind_is_told(text: str, words: str) -> None:
    (problem,) = prefect_yaml_problems(text, schema_of)
    assert words in problem


def test_a_prefect_that_moved_its_models_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prefect.cli.deploy._triggers", None)
    monkeypatch.delattr("prefect.cli.deploy._triggers")
    with pytest.raises(ConfigError, match=f"Prefect {prefect.__version__} has moved its models"):
        prefect_yaml_problems("deployments: []", schema_of)


def test_generated_deployments_of_every_kind_are_right() -> None:
    tasks = [
        {"collector": "x", "schedule": "monthly", "on": 31, "parameters": {"group": "a"}},
        {"collector": "x", "schedule": "interval", "minutes": 5, "parameters": {"group": "b"}},
        {"collector": "x", "schedule": "on_release", "parameters": {"group": "c"}},
    ]
    groups = {"nightly": {"default_time": "04:30", "tasks": tasks}}
    text = render(Schedule.model_validate({"groups": groups}), ["x"], "bdc")
    assert prefect_yaml_problems(text, lambda _: SCHEMA) == []


def test_a_flows_schema_is_read_from_its_entrypoint() -> None:
    schema = flow_schemas(["github_activity_tracker"])["github_activity_tracker"]
    assert schema["required"] == ["repository"]


def test_every_flow_that_cannot_be_loaded_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        flow_schemas(["no_such_room", "lifecycle"])
    first, second = caught.value.problems
    assert "flows.no_such_room.no_such_room cannot be loaded: ModuleNotFoundError" in first
    assert "flows.lifecycle.lifecycle cannot be loaded: MissingFlowError" in second


def test_an_entrypoint_without_a_module_is_told() -> None:
    with pytest.raises(ConfigError, match="the flow nothing cannot be loaded"):
        load_schema("nothing")


def test_prefects_own_schema_is_the_one_that_is_checked_against() -> None:
    schema = PrefectYamlModel.model_json_schema(by_alias=True)
    kinds = {name: sorted(kind.get("properties", ())) for name, kind in schema["$defs"].items()}
    assert sorted(schema["properties"]) == [
        "build",
        "deployments",
        "name",
        "prefect-version",
        "pull",
        "push",
    ]
    assert kinds["DeploymentConfig"] == [
        "build",
        "concurrency_limit",
        "description",
        "enforce_parameter_schema",
        "entrypoint",
        "flow_name",
        "name",
        "parameters",
        "paused",
        "pull",
        "push",
        "schedule",
        "schedules",
        "sla",
        "tags",
        "triggers",
        "version",
        "version_type",
        "work_pool",
    ]
    assert kinds["RawScheduleConfig"] == [
        "active",
        "anchor_date",
        "cron",
        "day_or",
        "interval",
        "parameters",
        "replaces",
        "rrule",
        "slug",
        "timezone",
    ]
    assert kinds["WorkPoolConfig"] == ["job_variables", "name", "work_queue_name"]
    assert kinds["ConcurrencyLimitSpec"] == ["collision_strategy", "grace_period_seconds", "limit"]
    assert set(DeploymentEventTrigger.model_fields) == set(TRIGGER_KEYS)
