"""Settings of this room alone."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Wg21Settings(BaseSettings):
    """Where papers are, and whom new ones are announced to; without a repository, nobody."""

    model_config = SettingsConfigDict(
        env_prefix="WG21_PAPER_TRACKER_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    base_url: str = "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/"
    read_seconds: float = Field(default=30.0, gt=0)
    patience_seconds: float = Field(default=120.0, ge=0)
    dispatch_repository: str | None = Field(default=None, pattern=r"^[\w.-]+/[\w.-]+$")
    dispatch_token: SecretStr | None = None
    dispatch_event_type: str = Field(default="wg21_papers_convert", max_length=100)
    dispatch_api_url: str = "https://api.github.com"
