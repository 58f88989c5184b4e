"""Settings of this room alone."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SlackSettings(BaseSettings):
    """How Slack is reached, what of it is read, and what of that is not kept.

    `tokens` is `T0123=xoxb-…,T0456=xoxb-…`, or one token alone; `app_tokens` likewise with `xapp-…`.
    Names of channels are separated by commas, and may be ids or patterns such as `boost-*`.
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
    app_tokens: SecretStr | None = None
    base_url: str = "https://slack.com/api/"
    read_seconds: float = Field(default=30.0, gt=0)
    patience_seconds: float = Field(default=120.0, ge=0)
    pace: float = Field(default=1.0, gt=0)
    page_size: int = Field(default=999, ge=1, le=999)
    allow: str = "*"
    block: str = ""
    private: str = ""
    rescan_days: int = Field(default=3, ge=0)
    sweep_pages: int = Field(default=1000, ge=0)
    recheck_threads: int = Field(default=100, ge=0)
    redact_emails: bool = False
    redact_file_urls: bool = False

    def token_of(self, team: str) -> str | None:
        """The bot token for a team: its own, or else the one that is given for no team by name."""
        return _token(self.tokens, team)

    def app_token_of(self, team: str) -> str | None:
        """The app-level token for a team, which the listener connects with."""
        return _token(self.app_tokens, team)

    @property
    def teams(self) -> list[str]:
        """The teams that have a token by name."""
        return sorted(filter(None, _by_team(self.tokens)))


def _token(given: SecretStr | None, team: str) -> str | None:
    tokens = _by_team(given)
    return tokens.get(team) or tokens.get("")


def _by_team(given: SecretStr | None) -> dict[str, str]:
    """Under no name: the token that was given alone."""
    listed = given.get_secret_value() if given else ""
    pairs = (entry.strip().rpartition("=") for entry in listed.split(",") if entry.strip())
    return {team.strip(): token.strip() for team, _, token in pairs}
