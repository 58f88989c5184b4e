"""When things count as old, stuck or unwell, and who may ask."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class HealthSettings(BaseSettings):
    """What `bdc serve` and `bdc status` go by. Variable names start with HEALTH_."""

    model_config = SettingsConfigDict(
        env_prefix="HEALTH_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    check_token: SecretStr | None = None
    min_workers: int = Field(default=1, ge=0)
    prefect_timeout_seconds: float = Field(default=3.0, gt=0)
    collector_stale_hours: float = Field(default=26.0, gt=0)
    enforce_collector_freshness: bool = True
    stuck_minutes: float = Field(default=15.0, gt=0)
    refresh_seconds: float = Field(default=5.0, gt=0)
    runbook_url: str = "docs/runbook.md"
