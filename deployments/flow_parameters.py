"""The parameters that flows take, as Prefect sees them."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployments.suggestions import suggestion
from services.catalogue import flow_entrypoint
from services.errors import ConfigError

# A flow's parameters as JSON schema: the form of Prefect's UI and what its API enforces.
Schema = Mapping[str, Any]
Path = tuple[str | int, ...]
# Prefect replaces what stands in these when it deploys.
TEMPLATE = "{{"


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """A flow as Prefect knows it."""

    name: str
    description: str | None
    schema: Schema


def collector_entrypoint(collector: str) -> str:
    """The flow of a collector as a module's path.

    A file's path would put `flows/` on sys.path and shadow libraries.
    """
    return flow_entrypoint(collector)


def flow_schemas(collectors: Iterable[str]) -> dict[str, Schema]:
    """What each collector's flow takes; imports all of them, and Prefect.

    Raises:
        ConfigError: naming every collector whose flow cannot be loaded.
    """
    found: dict[str, Schema] = {}
    problems: list[str] = []
    for collector in collectors:
        try:
            found[collector] = load_schema(collector_entrypoint(collector))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return found


def load_schema(entrypoint: str) -> Schema:
    """What the flow at a dotted entrypoint takes.

    Raises:
        ConfigError: there is no such flow, or its module cannot be imported.
    """
    return load_flow(entrypoint).schema


def load_flow(entrypoint: str) -> FlowFacts:
    """What Prefect is told of the flow at a dotted entrypoint.

    Raises:
        ConfigError: there is no such flow, or its module cannot be imported.
    """
    from prefect import Flow  # noqa: PLC0415 - takes seconds
    from prefect.exceptions import MissingFlowError, ScriptError  # noqa: PLC0415
    from prefect.flows import load_flow_from_entrypoint  # noqa: PLC0415
    from prefect.utilities.callables import parameter_schema  # noqa: PLC0415

    try:
        flow: Flow[..., Any] = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
    except (ImportError, AttributeError, ValueError, MissingFlowError, ScriptError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"the flow {entrypoint} cannot be loaded: {reason}") from error
    schema = parameter_schema(flow).model_dump_for_openapi()
    return FlowFacts(flow.name, flow.description, schema)


def parameter_problems(
    parameters: Mapping[str, Any],
    schema: Schema,
    *,
    complete: bool = True,
    given_later: Collection[str] = (),
) -> list[tuple[Path, str]]:
    """Where in the parameters something is wrong, and what; `complete`: required ones must be there.

    Those `given_later`, at each run, must not be there. Unknown names are wrong too: Prefect
    accepts them, and then every run fails.
    """
    known = schema.get("properties", {})
    problems: list[tuple[Path, str]] = [
        ((name,), f"parameter `{name}` is unknown; {suggestion(name, known)}")
        for name in parameters
        if name not in known
    ]
    required = schema.get("required", ()) if complete else ()
    problems += [
        ((), f"parameter `{name}` is missing; the flow cannot start without it")
        for name in required
        if name not in parameters and name not in given_later
    ]
    problems += [
        ((name,), f"parameter `{name}` is given at each run; remove it")
        for name in parameters
        if name in given_later and name in known
    ]
    return problems + _templates(parameters) + _wrong_values(parameters, schema)


def _wrong_values(parameters: Mapping[str, Any], schema: Schema) -> list[tuple[Path, str]]:
    from prefect.utilities.schema_tools.validation import validate  # noqa: PLC0415 - takes seconds

    errors = validate(dict(parameters), dict(schema))
    paths = [(tuple(error.absolute_path), error) for error in errors]
    # Without a path it is a whole parameter that is missing, which is told apart above.
    return [(path, _text(path, error)) for path, error in paths if path]


def _text(path: Path, error: Any) -> str:
    """For a value that may be of several kinds: what each kind minds."""
    name = ".".join(map(str, path))
    reasons = " / ".join(reason.message for reason in error.context) or error.message
    return f"parameter `{name}`: {reasons}"


def _templates(value: Any, path: Path = ()) -> list[tuple[Path, str]]:
    match value:
        case str() if TEMPLATE in value:
            why = f"`{TEMPLATE}` would be replaced when Prefect deploys"
            return [(path, f"parameter `{path[0]}`: {why}; put it into the room's settings")]
        case Mapping():
            items: Iterable[tuple[Any, Any]] = value.items()
        case list():
            items = enumerate(value)
        case _:
            return []
    return [found for key, item in items for found in _templates(item, (*path, key))]
