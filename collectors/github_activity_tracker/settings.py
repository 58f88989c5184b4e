"""Settings of this room alone."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class GitHubSettings(BaseSettings):
    """How GitHub is reached. Variable names are the field names in capitals, after GITHUB_."""

    model_config = SettingsConfigDict(
        env_prefix="GITHUB_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    token: SecretStr | None = None
    git_url: str = "https://github.com"
    git_stall_seconds: int = Field(default=120, ge=1)
    api_read_seconds: float = Field(default=30.0, gt=0)
    rescan_days: int = Field(default=7, ge=0)
    rescan_hours: float = Field(default=24.0, ge=0)


class ExportSettings(BaseSettings):
    """Where pages of issues and pull requests go; with neither a folder nor a repository, nowhere."""

    model_config = SettingsConfigDict(
        env_prefix="GITHUB_EXPORT_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    directory: Path | None = None
    repository: str | None = None
    branch: str = Field(default="main", pattern=r"^[\w][\w./-]*$")
    token: SecretStr | None = None
    author: str = Field(
        default="Boost Data Collector <bdc@localhost>", pattern=r"^[^<>\n]+ <[^<>\s]+>$"
    )
