"""Canaries: made-up credentials in every setting that holds one, and the search for them."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from inspect import getmembers, isclass
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic_settings import BaseSettings
from sqlalchemy.engine import make_url

from services.settings import PlatformSettings

# Of no shape that redaction knows by sight: a source's own credentials have none either.
CANARY = "canary{number}wZ3kLq8vT5nB7xRd"


def plant(package: str, database_url: str) -> tuple[dict[str, str], list[str]]:
    """Variables with a canary in each secret of the platform and of the room's settings, and them."""
    names = [*_secret_variables(PlatformSettings), *_secrets_of_room(package)]
    canaries = [CANARY.format(number=number) for number in range(len(names))]
    planted = dict(zip(names, canaries, strict=True))
    secret = planted["DATABASE_URL"]
    url = make_url(database_url).set(password=secret)
    planted["DATABASE_URL"] = url.render_as_string(hide_password=False)
    return planted, canaries


def places_with(canaries: list[str], seen: Mapping[str, bytes]) -> list[str]:
    """Where any of them shows, as it is or in Base64."""
    wanted = [form for canary in canaries for form in _forms(canary)]
    return [place for place, content in seen.items() if any(form in content for form in wanted)]


def files_below(folder: Path) -> bytes:
    """Every file, one after the other."""
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def _secrets_of_room(package: str) -> Iterator[str]:
    if find_spec(f"{package}.settings") is None:
        return
    module = import_module(f"{package}.settings")
    for _, model in getmembers(module, isclass):
        if issubclass(model, BaseSettings) and model.__module__ == module.__name__:
            yield from _secret_variables(model)


def _secret_variables(model: type[BaseSettings]) -> Iterator[str]:
    prefix = str(model.model_config.get("env_prefix", ""))
    for name, field in model.model_fields.items():
        if _is_secret(field.annotation):
            yield str(field.validation_alias or f"{prefix}{name}").upper()


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _forms(canary: str) -> Iterator[bytes]:
    """Base64 of it begins at any of three places; the characters at its ends mix with others."""
    yield canary.encode()
    for lead in (b"", b"x", b"xx"):
        yield b64encode(lead + canary.encode())[4:-4]
