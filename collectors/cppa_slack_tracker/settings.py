"""Settings of this room alone."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SlackSettings(BaseSettings):
    """How Slack is reached, what of it is read, and what of that is not kept.

    `tokens` is `T0123=xoxb-…,T0456=xoxb-…`, or one token alone. Names of channels are separated by
    commas, and may be ids or patterns such as `boost-*`.
    """

    model_config = SettingsConfigDict(
        env_prefix="CPPA_SLACK_TRACKER_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    tokens: SecretStr | None = None
    base_url: str = "https://slack.com/api/"
    read_seconds: float = Field(default=30.0, gt=0)
    patience_seconds: float = Field(default=120.0, ge=0)
    pace: float = Field(default=1.0, gt=0)
    allow: str = "*"
    block: str = ""
    private: str = ""
    rescan_days: int = Field(default=3, ge=0)
    sweep_pages: int = Field(default=1000, ge=0)
    redact_emails: bool = False
    redact_file_urls: bool = False

    def token_of(self, team: str) -> str | None:
        """The token for a team: its own, or else the one that is given for no team by name."""
        tokens = self.tokens_by_team
        return tokens.get(team) or tokens.get("")

    @property
    def teams(self) -> list[str]:
        """The teams that have a token by name."""
        return sorted(filter(None, self.tokens_by_team))

    @property
    def tokens_by_team(self) -> dict[str, str]:
        """Under no name: the token that was given alone."""
        given = self.tokens.get_secret_value() if self.tokens else ""
        pairs = (entry.strip().rpartition("=") for entry in given.split(",") if entry.strip())
        return {team.strip(): token.strip() for team, _, token in pairs}
