"""Whether Prefect would do what a `prefect.yaml` says.

`prefect deploy` ignores a mistyped key, an unknown parameter and a wrong one on a schedule; a
trigger without `expect` answers to every event. Here all of that is an error, next to everything
that Prefect's own models refuse. Needs no server.
"""

import zoneinfo
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import yaml
from pydantic import ValidationError

from deployments.flow_parameters import Schema, load_schema, parameter_problems
from deployments.schedule_yaml import FASTEST_LOADER
from deployments.suggestions import suggestion
from services.errors import ConfigError

TRIGGER_KEYS = (
    "type",
    "name",
    "description",
    "enabled",
    "match",
    "match_related",
    "after",
    "expect",
    "for_each",
    "posture",
    "threshold",
    "within",
    "parameters",
    "job_variables",
    "schedule_after",
)
# Prefect reads neither; the second is where anchors may stand.
LEGAL_EXTRA_KEYS = ("prefect-version", "definitions")
Written = Mapping[str, Any]
Problems = Iterator[str]


def validate_prefect_yaml(text: str, schema_of: Callable[[str], Schema] = load_schema) -> None:
    """Nothing when Prefect would do what the text says.

    Raises:
        ConfigError: with everything that is wrong.
    """
    problems = prefect_yaml_problems(text, schema_of)
    if problems:
        raise ConfigError([f"prefect.yaml: {problem}" for problem in problems])


def prefect_yaml_problems(text: str, schema_of: Callable[[str], Schema] = load_schema) -> list[str]:
    """Everything that is wrong, one line each; `schema_of` tells what the flow at an entrypoint takes.

    Raises:
        ConfigError: this Prefect keeps its models where we do not find them.
    """
    models = _prefect_models()
    try:
        written = yaml.load(text, FASTEST_LOADER)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        return [f"not YAML: {' '.join(str(error).split())}"]
    try:
        models.PrefectYaml.model_validate(_without_schedules(written))
    except ValidationError as error:
        return [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors()]
    with _time_zones_of_the_wheel():
        return list(_problems(written, models, schema_of))


@contextmanager
def _time_zones_of_the_wheel() -> Iterator[None]:
    """For each schedule Prefect lists all time zones, in tzdata's index at a quarter of the cost."""
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath(to=())
    try:
        yield
    finally:
        zoneinfo.reset_tzpath(to=before)


def _without_schedules(written: Any) -> Any:
    """Without the schedules that are checked one by one.

    Prefect tries each as five kinds of things, and then says what every kind minds.
    """
    deployments = written.get("deployments") if isinstance(written, dict) else None
    if not isinstance(deployments, list):
        return written
    return {**written, "deployments": [_without_own_schedules(one) for one in deployments]}


def _without_own_schedules(deployment: Any) -> Any:
    schedules = deployment.get("schedules") if isinstance(deployment, dict) else None
    if not isinstance(schedules, list) or not all(isinstance(one, dict) for one in schedules):
        return deployment
    return {key: value for key, value in deployment.items() if key != "schedules"}


def _problems(written: Written, models: Any, schema_of: Callable[[str], Schema]) -> Problems:
    yield from _unknown_keys(written, [*models.PrefectYaml.model_fields, *LEGAL_EXTRA_KEYS])
    deployments = written.get("deployments") or []
    yield from _repeated_names(deployments)
    for deployment in deployments:
        name = f"deployment {deployment.get('name') or '(no name)'}"
        found = _deployment_problems(deployment, models, schema_of)
        yield from (f"{name}: {problem}" for problem in found)


def _deployment_problems(
    deployment: Written, models: Any, schema_of: Callable[[str], Schema]
) -> Problems:
    yield from _unknown_keys(deployment, models.Deployment.model_fields)
    yield from _missing_keys(deployment, ("name", "entrypoint", "work_pool"))
    pool = deployment.get("work_pool") or {}
    yield from _inside("work_pool", _unknown_keys(pool, models.WorkPool.model_fields))
    yield from _inside("concurrency_limit", _concurrency_problems(deployment, models))
    yield from _schedules_problems(deployment, models)
    for trigger in deployment.get("triggers") or []:
        name = f"trigger {trigger.get('name') or '(no name)'}"
        yield from _inside(name, _trigger_problems(trigger, models))
    yield from _flow_problems(deployment, schema_of)


def _concurrency_problems(deployment: Written, models: Any) -> Problems:
    limit = deployment.get("concurrency_limit")
    if not isinstance(limit, dict):
        return
    yield from _unknown_keys(limit, models.ConcurrencyLimit.model_fields)
    options = {key: value for key, value in limit.items() if key != "limit"}
    yield from _refusals(models.ConcurrencyOptions.model_validate, options)


def _schedules_problems(deployment: Written, models: Any) -> Problems:
    if deployment.get("schedule") is not None:
        yield "`schedule` is deprecated; use a list, `schedules`"
    schedules = deployment.get("schedules") or []
    slugs = [schedule.get("slug") for schedule in schedules]
    for slug in sorted({slug for slug in slugs if slug and slugs.count(slug) > 1}):
        yield f"the slug `{slug}` is used twice; schedules are told apart by it"
    for schedule in schedules:
        name = f"schedule {schedule.get('slug') or '(no slug)'}"
        yield from _inside(name, _missing_keys(schedule, ("slug", "timezone", "active")))
        yield from _inside(name, _refusals(models.schedule_from, schedule))


def _trigger_problems(trigger: Written, models: Any) -> Problems:
    if trigger.get("type") != "event":
        yield f"the type `{trigger.get('type')}` is not used here; write `event`"
    yield from _unknown_keys(trigger, TRIGGER_KEYS)
    if not trigger.get("expect"):
        yield "`expect` is empty, and so every event would start a run; name the events"
    yield from _refusals(models.trigger_from, dict(trigger))


def _flow_problems(deployment: Written, schema_of: Callable[[str], Schema]) -> Problems:
    if not deployment.get("entrypoint"):
        return
    try:
        schema = schema_of(str(deployment["entrypoint"]))
    except ConfigError as error:
        yield from error.problems
        return
    for place, parameters, complete in _parameter_sets(deployment):
        for _, problem in parameter_problems(parameters, schema, complete=complete):
            yield f"{place}{problem}"


def _parameter_sets(deployment: Written) -> Iterator[tuple[str, Written, bool]]:
    """What a person has to complete, and what a schedule or a trigger starts as it is."""
    own = deployment.get("parameters") or {}
    yield "", own, False
    for kind, key in (("schedule", "slug"), ("trigger", "name")):
        for starter in deployment.get(f"{kind}s") or []:
            merged = {**own, **(starter.get("parameters") or {})}
            yield f"{kind} {starter.get(key)}: ", merged, True


def _repeated_names(deployments: list[Written]) -> Problems:
    names = [(one.get("entrypoint"), one.get("name")) for one in deployments]
    for entrypoint, name in sorted({pair for pair in names if names.count(pair) > 1}, key=str):
        yield f"two deployments of {entrypoint} are called {name}; the second would replace the first"


def _unknown_keys(written: Written, known: Collection[str]) -> Problems:
    for key in written:
        if key not in known:
            yield f"the key `{key}` is unknown, Prefect would ignore it; {suggestion(key, known)}"


def _missing_keys(written: Written, keys: Collection[str]) -> Problems:
    for key in keys:
        if written.get(key) in (None, "", {}):
            yield f"`{key}` is missing"


def _refusals(model: Callable[[Any], object], value: object) -> Problems:
    """What one of Prefect's models says about a value."""
    try:
        model(value)
    except ValidationError as error:
        for problem in error.errors():
            yield ": ".join([*map(str, problem["loc"][-1:]), problem["msg"]])
    except ValueError as error:
        yield str(error)


def _inside(place: str, problems: Problems) -> Problems:
    return (f"{place}: {problem}" for problem in problems)


def _prefect_models() -> Any:
    """Prefect's own models of the file; most are private, and so may move.

    Raises:
        ConfigError: naming the version of Prefect in which they did.
    """
    import prefect  # noqa: PLC0415 - takes seconds, and only this module's callers need it

    try:
        from prefect.cli.deploy import _models, _schedules, _triggers  # noqa: PLC0415
        from prefect.client.schemas.actions import DeploymentScheduleCreate  # noqa: PLC0415
        from prefect.client.schemas.objects import ConcurrencyOptions  # noqa: PLC0415

        convert = _schedules._schedule_config_to_deployment_schedule  # noqa: SLF001
        initialize = _triggers._initialize_deployment_triggers  # noqa: SLF001
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"prefect.yaml cannot be checked: Prefect {prefect.__version__} has moved its models"
            f" ({error}); install prefect==3.8.*"
        ) from error

    def schedule_from(written: Written) -> object:
        raw = _models.RawScheduleConfig.model_validate(written)
        fields = raw.model_dump(exclude_unset=True, mode="json")
        return DeploymentScheduleCreate(**convert(fields))

    return SimpleNamespace(
        PrefectYaml=_models.PrefectYamlModel,
        Deployment=_models.DeploymentConfig,
        WorkPool=_models.WorkPoolConfig,
        ConcurrencyLimit=_models.ConcurrencyLimitSpec,
        ConcurrencyOptions=ConcurrencyOptions,
        schedule_from=schedule_from,
        trigger_from=lambda trigger: initialize("", [trigger]),
    )
