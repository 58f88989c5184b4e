"""Settings of this room alone."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.errors import ConfigError


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

    def require_token(self, team: str) -> str:
        """The same.

        Raises:
            ConfigError: there is none.
        """
        token = self.token_of(team)
        if token is None:
            raise ConfigError(f"CPPA_SLACK_TRACKER_TOKENS holds no token for {team}")
        return token

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


class BotSettings(BaseSettings):
    """Who may have a comment written at a pull request of which repository; without both, nobody.

    Channels are names, ids or patterns, one team's alone as `T0123:name`; users are Slack's ids, who
    may ask in a direct message. Repositories are `owner/name` or patterns such as `boostorg/*`.
    """

    model_config = SettingsConfigDict(
        env_prefix="CPPA_SLACK_TRACKER_BOT_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    channels: str = ""
    users: str = ""
    repositories: str = ""
    github_token: SecretStr | None = None
    github_url: str = "https://api.github.com/"
    comment: str = Field(default="This pull request is being discussed in Slack.", min_length=1)
    comments_an_hour: int = Field(default=5, ge=1)

    @property
    def is_on(self) -> bool:
        """Whether anybody may ask for anything."""
        return bool(self.repositories and (self.channels or self.users))

    def problems(self) -> Iterator[str]:
        """What is missing, or leads nowhere."""
        prefix = self.model_config.get("env_prefix", "")
        if self.repositories and not self.is_on:
            yield f"{prefix}REPOSITORIES is set, and neither {prefix}CHANNELS nor {prefix}USERS"
        if (self.channels or self.users) and not self.repositories:
            yield f"{prefix}REPOSITORIES is not set: no repository may be written to (see .env.example)"
        if self.is_on and self.github_token is None:
            yield f"{prefix}GITHUB_TOKEN is not set: comments need one (see .env.example)"


class HuddleSettings(BaseSettings):
    """Of which channels the notes of huddles are kept, as pages in a folder or a repository."""

    model_config = SettingsConfigDict(
        env_prefix="CPPA_SLACK_TRACKER_HUDDLE_",
        env_file=".env",
        extra="ignore",
        env_ignore_empty=True,
        frozen=True,
        hide_input_in_errors=True,
    )

    channels: str = ""
    directory: Path | None = None
    repository: str | None = None
    branch: str = Field(default="main", pattern=r"^[\w][\w./-]*$")
    token: SecretStr | None = None
    author: str = Field(
        default="Boost Data Collector <bdc@localhost>", pattern=r"^[^<>\n]+ <[^<>\s]+>$"
    )
    files_url: str = "https://files.slack.com/"

    @property
    def is_on(self) -> bool:
        """Whether any channel's notes are kept."""
        return bool(self.channels)

    def problems(self) -> Iterator[str]:
        """What is missing, or leads nowhere."""
        prefix = self.model_config.get("env_prefix", "")
        places = [place for place in (self.directory, self.repository) if place]
        if self.is_on and len(places) != 1:
            yield f"{prefix}DIRECTORY or {prefix}REPOSITORY: one of them is to be set, for the notes"
        if places and not self.is_on:
            yield f"{prefix}CHANNELS is not set: no channel's notes are kept (see .env.example)"
