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


@flow(name="{{ cookiecutter.slug }}", flow_run_name=run_name("folder"))
async def {{ cookiecutter.slug }}(folder: str, dry_run: bool = False) -> State[Any]:
    """Collect the records of the files in a folder.

    Args:
        folder: Where the files are, on the machine that the run is on.
        dry_run: Read and compare, write nothing, say what would change.
    """
    parameters = {"folder": folder}
    return run_collector("{{ cookiecutter.slug }}", build, parameters, dry_run=dry_run)
