"""Tables of people's profiles. Written by services.identity.services only."""

from datetime import datetime

from sqlalchemy import ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Profile(Base):
    """An account of a person, an organisation or a bot on one platform."""

    __tablename__ = "identity_profile"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        Index("ix_identity_profile_username", "platform", text("lower(username)")),
        {"comment": "Accounts: one row for each platform and external id."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    platform: Mapped[str] = mapped_column(
        comment="github; git for people known by e-mail only, wg21 for those known by name only."
    )
    external_id: Mapped[str] = mapped_column(
        comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one; "
        "wg21: the name in lower case."
    )
    username: Mapped[str | None] = mapped_column(comment="Login on the platform, as last seen.")
    display_name: Mapped[str] = mapped_column(comment="Name of the account, as last seen.")
    account_type: Mapped[str] = mapped_column(comment="user, bot or organization.")
    observed_at: Mapped[datetime] = mapped_column(
        comment="Time, at the source, of what name and login were last taken from."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class EmailAddress(Base):
    """An address, once, however it is spelt."""

    __tablename__ = "identity_email"
    __table_args__ = {"comment": "E-mail addresses, normalised."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    address: Mapped[str] = mapped_column(
        unique=True, comment="Lower case, without spaces around it."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class ProfileEmail(Base):
    """Which profile has used which address."""

    __tablename__ = "identity_profile_email"
    __table_args__ = {"comment": "Addresses that a profile has been seen with."}  # noqa: RUF012

    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The profile.",
    )
    email_id: Mapped[int] = mapped_column(
        ForeignKey("identity_email.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
        comment="The address.",
    )
