"""Settings of this room alone."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class MaintenanceSettings(BaseSettings):
    """How many days things are kept. A batch that was down that long would not know its past."""

    model_config = SettingsConfigDict(
        env_prefix="MAINTENANCE_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    run_days: int = Field(default=365, ge=30)
    batch_days: int = Field(default=365, ge=30)
    dead_letter_days: int = Field(default=90, ge=1)
    outbox_days: int = Field(default=90, ge=1)
    archive_days: int | None = Field(default=None, ge=1)
    page_days: int = Field(default=365, ge=1)
