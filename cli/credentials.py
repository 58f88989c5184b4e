"""Which secrets of the collectors are set: each room's settings are looked at, none is named here."""

import pkgutil
from collections.abc import Iterator
from importlib import import_module

from pydantic_settings import BaseSettings

import collectors
from services.errors import ConfigError
from services.secret_sources import secret_fields
from services.settings import load_room_settings


def credentials() -> str:
    """Names of the variables that are set and that are not; never what they hold.

    A collector that needs one says so itself when it runs.

    Raises:
        ConfigError: naming every setting of a room that is wrong.
    """
    known: dict[str, bool] = {}
    problems: list[str] = []
    for model in room_settings():
        try:
            settings = load_room_settings(model)
        except ConfigError as error:
            problems += error.problems
        else:
            known |= {name: bool(getattr(settings, field)) for field, name in secret_fields(model)}
    if problems:
        raise ConfigError(problems)
    there = ", ".join(sorted(name for name, is_set in known.items() if is_set))
    missing = ", ".join(sorted(name for name, is_set in known.items() if not is_set))
    return f"set: {there or 'none'}; not set: {missing or 'none'}"


def room_settings() -> Iterator[type[BaseSettings]]:
    """The settings of every room of ours, in the order of their names."""
    for module in pkgutil.walk_packages(collectors.__path__, "collectors."):
        if module.name.endswith(".settings"):
            for model in vars(import_module(module.name)).values():
                if _is_own(model, module.name):
                    yield model


def _is_own(model: object, module: str) -> bool:
    return (
        isinstance(model, type) and issubclass(model, BaseSettings) and model.__module__ == module
    )
