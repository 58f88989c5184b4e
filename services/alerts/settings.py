"""When something is worth a message, and where messages go."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class AlertSettings(BaseSettings):
    """Variable names start with ALERT_. The addresses become Prefect blocks (`bdc deploy apply`)."""

    model_config = SettingsConfigDict(
        env_prefix="ALERT_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    slack_webhook_url: SecretStr | None = None
    discord_webhook_url: SecretStr | None = None
    webhook_url: SecretStr | None = None
    webhook_may_be_private: bool = False
    email_to: str | None = None
    email_from: str | None = None
    smtp_host: str | None = None
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    repeat_hours: float = Field(default=24.0, gt=0)
    dead_letters: int = Field(default=100, ge=1)
    backlog_hours: float = Field(default=6.0, gt=0)
