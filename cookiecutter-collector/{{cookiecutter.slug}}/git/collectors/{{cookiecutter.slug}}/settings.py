"""Settings of this room alone."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class {{ cookiecutter.__class_name }}Settings(BaseSettings):
    """How a repository is asked.

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

    stall_seconds: int = Field(default=60, ge=1)
