"""Settings of this room alone."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ReleaseSettings(BaseSettings):
    """How patient it is. Variable names are the field names in capitals, after BOOST_RELEASE_TRACKER_."""

    model_config = SettingsConfigDict(
        env_prefix="BOOST_RELEASE_TRACKER_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    stall_seconds: int = Field(default=60, ge=1)
