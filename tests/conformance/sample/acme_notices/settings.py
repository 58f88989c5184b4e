"""Settings of this room alone."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class NoticeSettings(BaseSettings):
    """How Acme is reached. Variable names are the field names in capitals, after ACME_NOTICES_."""

    model_config = SettingsConfigDict(
        env_prefix="ACME_NOTICES_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    base_url: str = "https://acme.example"
    token: SecretStr | None = None
    read_seconds: float = Field(default=30.0, gt=0)
    first_pause_seconds: float = Field(default=1.0, ge=0)
