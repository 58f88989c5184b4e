"""Settings of the whole platform: from the environment, then `.env`, then the local stack that is running.

Secrets may lie in files and blocks too: see `services.secret_sources`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import Field, Json, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from services.errors import ConfigError
from services.secret_sources import secret_fields, secret_in_file, secrets_from_elsewhere

STACK_FILE = "stack.json"
ADDRESSES = ("prefect_api_url",)
SECRET_ADDRESSES = ("database_url", "prefect_api_database_connection_url")
SENT_IN_HEADERS = ("token", "tokens", "api_key", "auth_string")
RoomSettings = TypeVar("RoomSettings", bound=BaseSettings)


class PlatformSettings(BaseSettings):
    """What every part of the platform reads. Variable names are the field names in capitals.

    A blank value counts as unset. In production nothing falls back to the embedded parts.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    bdc_environment: Literal["development", "production"] = "development"
    bdc_home: Path = Path(".bdc")
    bdc_schedule: Path | None = None
    bdc_alerts: Path | None = None
    bdc_port: int = Field(default=4200, ge=1, le=65535)
    bdc_status_port: int = Field(default=8100, ge=1, le=65535)
    bdc_work_pool: str = "bdc"
    bdc_job_variables: Json[dict[str, Any]] = Field(default={}, validate_default=False)
    database_url: SecretStr | None = None
    database_lock_timeout_seconds: int = Field(default=30, ge=1)
    prefect_api_url: str | None = None
    prefect_ui_url: str | None = None
    prefect_api_auth_string: SecretStr | None = None
    prefect_api_ssl_cert_file: Path | None = None
    prefect_api_database_connection_url: SecretStr | None = None
    backup_target: str | None = None
    backup_keep: int = Field(default=14, ge=1)
    raw_archive_url: str | None = None
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["text", "json"] = "text"
    collector_retries: int = Field(default=3, ge=0)
    collector_retry_delay_seconds: float = Field(default=10.0, ge=0)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over `.env`; the secrets directory is not used."""
        del settings_cls, file_secret_settings
        return init_settings, env_settings, dotenv_settings

    @property
    def home(self) -> Path:
        """The one directory that all local data lives under, absolute."""
        return self.bdc_home.expanduser().absolute()

    @property
    def workspace(self) -> Path:
        """Where collectors keep what can be rebuilt (mirrors, downloads), one folder a collector."""
        return self.home / "workspace"


def load_settings(*, use_running_stack: bool = True) -> PlatformSettings:
    """The settings now in force.

    Addresses that are set nowhere are taken from the stack that `bdc up` has running under
    `BDC_HOME`, so that `bdc status` in a second terminal needs no environment; the stack itself
    starts without them (`use_running_stack=False`).

    Raises:
        ConfigError: naming every wrong or missing variable at once.
    """
    settings = _read(PlatformSettings, secrets_from_elsewhere(PlatformSettings))
    if use_running_stack:
        settings = settings.model_copy(update=_addresses_of_running_stack(settings))
    if settings.bdc_environment == "production":
        _require(settings, "database_url", "prefect_api_url", "prefect_api_auth_string")
    return settings


def load_room_settings(model: type[RoomSettings]) -> RoomSettings:
    """A collector's own settings.

    Raises:
        ConfigError: naming every wrong or missing variable at once.
    """
    return _read(model, secrets_from_elsewhere(model))


def load_connection() -> tuple[str | None, str | None, Path | None]:
    """Prefect's API: its address, what it asks for, and the authority that vouches for it.

    Wherever these are but in a block of its own.

    Raises:
        ConfigError: naming every wrong variable at once.
    """
    settings = _read(PlatformSettings, {})
    known = settings.model_copy(update=_addresses_of_running_stack(settings))
    auth = known.prefect_api_auth_string or secret_in_file("PREFECT_API_AUTH_STRING")
    authority = known.prefect_api_ssl_cert_file
    return known.prefect_api_url, auth.get_secret_value() if auth else None, authority


def _read(model: type[RoomSettings], secrets: Mapping[str, Any]) -> RoomSettings:
    try:
        settings = model(**secrets)
    except ValidationError as error:
        prefix = str(model.model_config.get("env_prefix", ""))
        raise ConfigError(describe_invalid(error, prefix)) from None
    _require_sendable(settings)
    return settings


def _require_sendable(settings: BaseSettings) -> None:
    """What is sent in a header is ASCII; a token that is not was not copied as it is."""
    given = {
        variable: getattr(settings, field)
        for field, variable in secret_fields(type(settings))
        if field.endswith(SENT_IN_HEADERS)
    }
    if wrong := [name for name, secret in given.items() if secret and not _is_sendable(secret)]:
        raise ConfigError(
            [f"{name}: has a character that no token has: copy it again" for name in wrong]
        )


def _is_sendable(secret: SecretStr) -> bool:
    value = secret.get_secret_value()
    return value.isascii() and value.isprintable()


def describe_invalid(error: ValidationError, prefix: str = "") -> list[str]:
    """One line for each wrong variable, without its value, which may be a secret."""
    return [
        f"{prefix}{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']} (see .env.example)"
        for problem in error.errors(include_input=False)
    ]


def require_database_url(settings: PlatformSettings) -> str:
    """The database's URL.

    Raises:
        ConfigError: when there is none: nothing is set and no local stack is running.
    """
    if settings.database_url is None:
        raise ConfigError(
            [
                "DATABASE_URL is not set and no local stack is running: start one with `make up`, or set it"
            ]
        )
    return settings.database_url.get_secret_value()


def _addresses_of_running_stack(settings: PlatformSettings) -> dict[str, Any]:
    path = settings.home / STACK_FILE
    if settings.bdc_environment == "production" or not path.exists():
        return {}
    stack = json.loads(path.read_text())
    known = {name: stack.get(name) for name in (*ADDRESSES, *SECRET_ADDRESSES)}
    return {
        name: SecretStr(value) if name in SECRET_ADDRESSES else value
        for name, value in known.items()
        if value and getattr(settings, name) is None
    }


def _require(settings: PlatformSettings, *names: str) -> None:
    missing = [
        f"{name.upper()} is not set: production needs it (see .env.example)"
        for name in names
        if getattr(settings, name) is None
    ]
    if missing:
        raise ConfigError(missing)
