"""Tables of people and their accounts. Written by services.identity only."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Profile(Base):
    """An account of a person, an organisation or a bot on one platform."""

    __tablename__ = "identity_profile"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        Index("ix_identity_profile_username", "platform", text("lower(username)")),
        Index("ix_identity_profile_unexamined", "id", postgresql_where=text("examined_at is null")),
        {"comment": "Accounts: one row for each platform and external id."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    platform: Mapped[str] = mapped_column(
        comment="github, slack; git for people known by e-mail only, wg21 for those known by name only."
    )
    external_id: Mapped[str] = mapped_column(
        comment="The platform's id of the account. git: the normalised e-mail, or name:HASH without one; "
        "wg21: the name in lower case."
    )
    username: Mapped[str | None] = mapped_column(comment="Login on the platform, as last seen.")
    display_name: Mapped[str] = mapped_column(
        comment="Name of the account, as last seen; its login as long as no name was seen."
    )
    account_type: Mapped[str] = mapped_column(
        comment="user, bot or organization; what was once seen as one of the latter stays it."
    )
    observed_at: Mapped[datetime] = mapped_column(
        comment="Time, at the source, of what the login was last taken from."
    )
    named_at: Mapped[datetime | None] = mapped_column(
        comment="Time, at the source, of what the name was last taken from; empty: no name was seen."
    )
    examined_at: Mapped[datetime | None] = mapped_column(
        comment="When it was last compared with the other accounts; empty: not since it has changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class ProfileName(Base):
    """A name or a login that an account has, or has had."""

    __tablename__ = "identity_profile_name"
    __table_args__ = (
        Index(
            "ix_identity_profile_name_match_key",
            "kind",
            "match_key",
            postgresql_where=text("match_key is not null"),
        ),
        {"comment": "Names and logins that an account has, or has had."},
    )

    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The account.",
    )
    kind: Mapped[str] = mapped_column(primary_key=True, comment="name or login.")
    value: Mapped[str] = mapped_column(primary_key=True, comment="The name or the login.")
    match_key: Mapped[str | None] = mapped_column(
        comment="What it is compared by: without case, dots and spare space; "
        "empty where it says nothing about who somebody is."
    )
    last_seen_at: Mapped[datetime] = mapped_column(
        comment="Newest time, at the source, that the account was seen with it."
    )


class EmailAddress(Base):
    """An address, once, however it is spelt."""

    __tablename__ = "identity_email"
    __table_args__ = {"comment": "E-mail addresses, normalised."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    address: Mapped[str] = mapped_column(
        unique=True, comment="Lower case, without spaces around it."
    )
    mailbox: Mapped[str | None] = mapped_column(
        index=True,
        comment="Whose post it is: the address without +tag; empty for lists, roles and noreply.",
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
    last_seen_at: Mapped[datetime | None] = mapped_column(
        comment="Newest time, at the source, that the account was seen with it."
    )


class PersonRow(Base):
    """Somebody, behind one account or several."""

    __tablename__ = "identity_person"
    __table_args__ = {"comment": "People: whoever is behind one account or several."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    display_name: Mapped[str] = mapped_column(comment="The fullest name of the person's accounts.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class Link(Base):
    """Whose an account is."""

    __tablename__ = "identity_link"
    __table_args__ = {  # noqa: RUF012
        "comment": "Whose an account is: one person; organisations and bots are nobody's."
    }

    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id", ondelete="CASCADE"),
        primary_key=True,
        comment="The account.",
    )
    person_id: Mapped[int] = mapped_column(
        ForeignKey("identity_person.id"), index=True, comment="The person."
    )
    source: Mapped[str] = mapped_column(
        comment="Why: account (nothing else is known of it), shared_email, noreply_login, "
        "rare_exact_name or manual."
    )
    confidence: Mapped[float] = mapped_column(comment="0 to 1; 1: a person has said so.")
    linked_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it came to be so."
    )


class Match(Base):
    """Two accounts that may be one person's, and what has become of it."""

    __tablename__ = "identity_match"
    __table_args__ = (
        UniqueConstraint("profile_id", "other_id"),
        CheckConstraint("profile_id < other_id", name="order"),
        Index("ix_identity_match_status", "status", "confidence"),
        {"comment": "Pairs of accounts that may be, are, or are not one person's."},
    )

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    profile_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id", ondelete="CASCADE"), comment="One of the accounts."
    )
    other_id: Mapped[int] = mapped_column(
        ForeignKey("identity_profile.id", ondelete="CASCADE"), index=True, comment="The other."
    )
    source: Mapped[str] = mapped_column(
        comment="What speaks for it most: shared_email, noreply_login, rare_exact_name or manual."
    )
    confidence: Mapped[float] = mapped_column(comment="How much, 0 to 1.")
    evidence: Mapped[str] = mapped_column(comment="All that speaks for it, in words.")
    status: Mapped[str] = mapped_column(
        comment="proposed, confirmed or rejected; a rejected pair is never proposed again."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was first proposed."
    )
    decided_at: Mapped[datetime | None] = mapped_column(comment="When somebody decided it.")


class Decision(Base):
    """What somebody decided, and how to take it back."""

    __tablename__ = "identity_decision"
    __table_args__ = {"comment": "Every decision about whose accounts are whose."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    action: Mapped[str] = mapped_column(
        comment="confirm, reject, merge, split, undo, or release (of what turned out to be no person)."
    )
    subject: Mapped[str] = mapped_column(comment="What it was about, in words.")
    decided_by: Mapped[str] = mapped_column(comment="Who decided it.")
    reason: Mapped[str] = mapped_column(comment="Why, in the decider's words; may be empty.")
    before: Mapped[dict[str, Any]] = mapped_column(
        comment="Links and matches of the accounts concerned, as they were."
    )
    after: Mapped[dict[str, Any]] = mapped_column(comment="The same, as they were left.")
    undoes_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_decision.id"),
        unique=True,
        comment="The decision that this one took back.",
    )
    decided_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When.")
