"""Settings of this room alone."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class UserTrackerSettings(BaseSettings):
    """Up to how many people may share something so that it still says that they are one person."""

    model_config = SettingsConfigDict(
        env_prefix="CPPA_USER_TRACKER_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    rare_name_people: int = Field(default=3, ge=2)
    shared_mailbox_people: int = Field(default=5, ge=2)
