"""The notification blocks that settings make: where alerts go."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from prefect.blocks.core import Block
from prefect.blocks.notifications import (
    CustomWebhookNotificationBlock,
    DiscordWebhook,
    SlackWebhook,
)
from pydantic import SecretStr

from deployments.email_block import SmtpEmail
from services.alerts.settings import AlertSettings
from services.errors import ConfigError

BLOCK_NAME = "bdc-alerts"
DISCORD_WEBHOOK = re.compile(
    r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/(\d+)/([\w-]+)/?"
)
# What people's own receivers get; Prefect puts the words in.
WEBHOOK_BODY = {"subject": "{{subject}}", "body": "{{body}}"}

BlockKind = Literal["slack-webhook", "discord-webhook", "custom-webhook", "smtp-email"]
OUR_BLOCKS = frozenset(f"{kind}/{BLOCK_NAME}" for kind in get_args(BlockKind))


@dataclass(frozen=True)
class DesiredBlock:
    """A notification block that the settings make; `held` are the fields to compare, secrets included."""

    kind: BlockKind
    block: Block
    held: Mapping[str, Any]

    @property
    def name(self) -> str:
        """As routes call it."""
        return f"{self.kind}/{BLOCK_NAME}"

    def is_same(self, data: Mapping[str, Any]) -> bool:
        """Whether a block on the server holds the same."""
        there = {**data, **(data.get("secrets") or {})}
        return all(there.get(name) == value for name, value in self.held.items())


def blocks_of(settings: AlertSettings) -> list[DesiredBlock]:
    """The blocks of the addresses that are set.

    Raises:
        ConfigError: an address is none of its kind; never showing it.
    """
    made: list[DesiredBlock] = []
    if settings.slack_webhook_url:
        url = settings.slack_webhook_url.get_secret_value()
        if not url.startswith("https://hooks.slack"):
            raise ConfigError(
                "ALERT_SLACK_WEBHOOK_URL is not like https://hooks.slack.com/services/…"
            )
        made.append(DesiredBlock("slack-webhook", SlackWebhook(url=SecretStr(url)), {"url": url}))
    if settings.discord_webhook_url:
        made.append(_discord(settings.discord_webhook_url.get_secret_value()))
    if settings.webhook_url:
        made.append(_webhook(settings.webhook_url.get_secret_value(), settings))
    if settings.email_to:
        made.append(_email(settings.email_to, settings))
    return made


def _discord(url: str) -> DesiredBlock:
    found = DISCORD_WEBHOOK.fullmatch(url)
    if found is None:
        raise ConfigError(
            "ALERT_DISCORD_WEBHOOK_URL is not like https://discord.com/api/webhooks/<id>/<token>"
        )
    secrets = {"webhook_id": found[1], "webhook_token": found[2]}
    return DesiredBlock("discord-webhook", DiscordWebhook.model_validate(secrets), secrets)


def _webhook(url: str, settings: AlertSettings) -> DesiredBlock:
    """The address goes in as a secret, which Prefect hides; it may hold a token.

    Names are looked up, and where they lead is checked, by Prefect when it sends.
    """
    may_be_private = settings.webhook_may_be_private
    if not url.startswith(("http://", "https://")):
        raise ConfigError("ALERT_WEBHOOK_URL is no http(s) URL")
    if not may_be_private and _is_private(urlsplit(url).hostname or ""):
        raise ConfigError(
            "ALERT_WEBHOOK_URL is an address of this machine or of a private network: "
            "where that is meant, set ALERT_WEBHOOK_MAY_BE_PRIVATE=true"
        )
    block = CustomWebhookNotificationBlock.model_validate(
        {
            "name": BLOCK_NAME,
            "url": "{{address}}",
            "json_data": WEBHOOK_BODY,
            "allow_private_urls": may_be_private,
            "secrets": {"address": url},
        }
    )
    held = {"address": url, "allow_private_urls": may_be_private}
    return DesiredBlock("custom-webhook", block, held)


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost"


def _email(recipients: str, settings: AlertSettings) -> DesiredBlock:
    missing = [
        f"ALERT_{name.upper()} is not set: mail needs it, as ALERT_EMAIL_TO is"
        for name in ("email_from", "smtp_host")
        if getattr(settings, name) is None
    ]
    addresses = [one.strip() for one in recipients.split(",")]
    wrong = [f"ALERT_EMAIL_TO: {one!r} is no address" for one in addresses if "@" not in one]
    if missing or wrong:
        raise ConfigError([*missing, *wrong])
    password = settings.smtp_password
    held: dict[str, Any] = {
        "host": settings.smtp_host,
        "port": settings.smtp_port,
        "security": settings.smtp_security,
        "user": settings.smtp_user,
        "password": password.get_secret_value() if password else None,
        "sender": settings.email_from,
        "recipients": addresses,
    }
    return DesiredBlock("smtp-email", SmtpEmail.model_validate(held), held)
