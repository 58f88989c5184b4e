"""The flow of {{ cookiecutter.slug }}."""

from typing import Any

from prefect import State, flow

from collectors.{{ cookiecutter.slug }}.collector import {{ cookiecutter.__class_name }}
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from flows.lifecycle import run_collector
from flows.reporting import run_name
from services.settings import PlatformSettings, load_room_settings


def build(_: PlatformSettings, **parameters: Any) -> {{ cookiecutter.__class_name }}:
    """The collector from the room's settings and the flow's parameters."""
    return {{ cookiecutter.__class_name }}(settings=load_room_settings({{ cookiecutter.__class_name }}Settings), **parameters)


@flow(name="{{ cookiecutter.slug }}", flow_run_name=run_name("repository"))
async def {{ cookiecutter.slug }}(repository: str, dry_run: bool = False) -> State[Any]:
    """Collect the references of one Git repository.

    Args:
        repository: `owner/name` on GitHub, any git URL, or a local path.
        dry_run: List and compare, write nothing, say what would change.
    """
    parameters = {"repository": repository}
    return run_collector("{{ cookiecutter.slug }}", build, parameters, dry_run=dry_run)
