"""The flow of {{ cookiecutter.slug }}."""

from typing import Any

from prefect import State, flow

from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from flows.lifecycle import run_collector
from flows.reporting import run_name
from services.settings import PlatformSettings


def build(_: PlatformSettings, **parameters: Any) -> {{ cookiecutter.__class_name }}:
    """The collector from the flow's parameters; it needs no settings."""
    return {{ cookiecutter.__class_name }}(**parameters)


@flow(name="{{ cookiecutter.slug }}", flow_run_name=run_name("source_key"))
async def {{ cookiecutter.slug }}(source_key: str = "default", dry_run: bool = False) -> State[Any]:
    """Count one more run of a source.

    Args:
        source_key: Which source: each has a count of its own.
        dry_run: Write nothing, say what would change.
    """
    parameters = {"source_key": source_key}
    return run_collector("{{ cookiecutter.slug }}", build, parameters, dry_run=dry_run)
