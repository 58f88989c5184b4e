"""Settings of this room alone."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class {{ cookiecutter.__class_name }}Settings(BaseSettings):
    """How the source is reached.

    Variables are the fields in capitals, after {{ cookiecutter.__env_prefix }}.
    """

    model_config = SettingsConfigDict(
        env_prefix="{{ cookiecutter.__env_prefix }}",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    base_url: str = "https://api.example.org"
    token: SecretStr | None = None
    read_seconds: float = Field(default=30.0, gt=0)
    patience_seconds: float = Field(default=120.0, ge=0)
