"""Where a secret may be when its own variable is not set: in a file, or in a Secret block of Prefect's.

For each secret `NAME` of a settings model, the first of these counts:

1. `NAME` in the environment, 2. `NAME` in `.env`,
3. `NAME_FILE`, the path of a file that holds it, as Docker and Kubernetes mount secrets,
4. `NAME_BLOCK`, the name of a Secret block of Prefect's,

the last two in the environment or in `.env`, like everything else. A blank value counts as unset.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import get_args

from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from services.errors import ConfigError

BlockReader = Callable[[str], str]
_readers: list[BlockReader] = []


def read_blocks_with(reader: BlockReader) -> None:
    """How Secret blocks are read in this process: said by whoever knows Prefect.

    The reader gives the value of a block by its name, or raises ConfigError.
    """
    _readers[:] = [reader]


def secrets_from_elsewhere(model: type[BaseSettings]) -> dict[str, SecretStr]:
    """By field: the secrets of a model that are in files and blocks.

    Raises:
        ConfigError: naming every one that cannot be read.
    """
    told = {**dotenv_values(".env"), **os.environ}
    found: dict[str, SecretStr] = {}
    problems: list[str] = []
    for field, name in secret_fields(model):
        try:
            value = None if told.get(name) else _elsewhere(name, told)
        except ConfigError as error:
            problems += error.problems
        else:
            found |= {field: SecretStr(value)} if value else {}
    if problems:
        raise ConfigError(problems)
    return found


def secret_in_file(name: str) -> SecretStr | None:
    """A secret whose variable is not set, where a file holds it.

    Raises:
        ConfigError: it cannot be read.
    """
    path = {**dotenv_values(".env"), **os.environ}.get(f"{name}_FILE")
    return SecretStr(_from_file(f"{name}_FILE", Path(path))) if path else None


def secret_fields(model: type[BaseSettings]) -> Iterator[tuple[str, str]]:
    """Those of a model that hold a secret, each with its variable."""
    prefix = str(model.model_config.get("env_prefix", ""))
    for field, info in model.model_fields.items():
        kinds = (info.annotation, *get_args(info.annotation))
        if SecretStr in kinds:
            yield field, f"{prefix}{field}".upper()


def _elsewhere(name: str, told: Mapping[str, str | None]) -> str | None:
    if path := told.get(f"{name}_FILE"):
        return _from_file(f"{name}_FILE", Path(path))
    if block := told.get(f"{name}_BLOCK"):
        return _from_block(f"{name}_BLOCK", block)
    return None


def _from_file(variable: str, path: Path) -> str:
    """Without the line's end that editors leave."""
    try:
        value = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable}: {path} cannot be read: {type(error).__name__}") from error
    if not value:
        raise ConfigError(f"{variable}: {path} is empty")
    return value


def _from_block(variable: str, block: str) -> str:
    if not _readers:
        raise ConfigError(f"{variable}: Secret blocks cannot be read here")
    try:
        return _readers[0](block)
    except ConfigError as error:
        raise ConfigError([f"{variable}: {problem}" for problem in error.problems]) from error
