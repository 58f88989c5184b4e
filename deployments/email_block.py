"""A notification block that sends mail through any SMTP server; Prefect has one for a vendor only.

Loaded wherever Prefect looks a block up, by the entry point `prefect.collections`: in the Prefect
server too, which therefore runs in our image.
"""

from typing import ClassVar, Literal

from prefect.blocks.notifications import AbstractAppriseNotificationBlock
from pydantic import Field, SecretStr

Security = Literal["starttls", "tls", "none"]
# As apprise calls them: https://github.com/caronc/apprise/wiki/Notify_email
_MODES: dict[Security, str] = {"starttls": "starttls", "tls": "ssl", "none": "insecure"}


class SmtpEmail(AbstractAppriseNotificationBlock):
    """Sends a mail to each recipient."""

    _block_type_name: ClassVar[str] = "SMTP Email"
    _block_type_slug: ClassVar[str] = "smtp-email"
    _description: ClassVar[str] = "Sends mail through an SMTP server."

    host: str = Field(description="The SMTP server.")
    port: int = Field(default=587, description="Its port.")
    security: Security = Field(default="starttls", description="How the connection is protected.")
    user: str | None = Field(default=None, description="Who logs in, where that is asked for.")
    password: SecretStr | None = Field(default=None, description="With what.")
    sender: str = Field(description="Whom the mail is from.")
    recipients: list[str] = Field(description="Whom it goes to.")

    def block_initialization(self) -> None:
        """Prefect's hook: make the client."""
        from apprise.plugins.email import NotifyEmail  # noqa: PLC0415 - slow, and only mail needs it

        way = NotifyEmail(
            host=self.sender.rpartition("@")[2],
            smtp_host=self.host,
            port=self.port,
            secure_mode=_MODES[self.security],
            user=self.user,
            password=self.password.get_secret_value() if self.password else None,
            from_addr=self.sender,
            targets=self.recipients,
        )
        self._start_apprise_client(SecretStr(way.url()))
