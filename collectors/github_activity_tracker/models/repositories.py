"""Repositories: what they are called now and were called before, and what GitHub says of them."""

from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Identity, LargeBinary, Text, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Repository(Base):
    """A Git repository that is or was collected."""

    __tablename__ = "github_activity_tracker_repository"
    __table_args__ = {"comment": "Git repositories that are or were collected."}  # noqa: RUF012

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    source_key: Mapped[str] = mapped_column(
        unique=True, comment="owner/name on GitHub, host/path elsewhere, the path of a local one."
    )
    kind: Mapped[str] = mapped_column(comment="github, git (any other host) or local.")
    name: Mapped[str] = mapped_column(comment="Last part of the key.")
    url: Mapped[str] = mapped_column(comment="Where it is fetched from.")
    default_branch: Mapped[str | None] = mapped_column(comment="Empty while it has no commits.")
    github_id: Mapped[int | None] = mapped_column(
        BigInteger,
        unique=True,
        comment="GitHub's number of it, which outlives every name; empty until its API was asked.",
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class RepositoryName(Base):
    """A name that a repository has or had."""

    __tablename__ = "github_activity_tracker_repository_name"
    __table_args__ = {  # noqa: RUF012
        "comment": "Every name that a repository on GitHub was seen with; renames and moves add one."
    }

    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True, comment="The repository."
    )
    full_name: Mapped[str] = mapped_column(
        primary_key=True, index=True, comment="owner/name, as GitHub spelt it."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was first seen with this name."
    )


class RepositoryMetadata(Base):
    """What GitHub says of a repository."""

    __tablename__ = "github_activity_tracker_metadata"
    __table_args__ = {"comment": "What GitHub says of each repository, as last seen."}  # noqa: RUF012

    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True, comment="The repository."
    )
    node_id: Mapped[str] = mapped_column(comment="GitHub's name of it in GraphQL.")
    full_name: Mapped[str] = mapped_column(comment="owner/name now.")
    owner_id: Mapped[int | None] = mapped_column(
        ForeignKey("identity_profile.id"), index=True, comment="Profile of the owner."
    )
    description: Mapped[str | None] = mapped_column(comment="What its page says of it.")
    homepage: Mapped[str | None] = mapped_column(comment="Its own site.")
    main_language: Mapped[str | None] = mapped_column(comment="What most of it is written in.")
    licence: Mapped[str | None] = mapped_column(
        comment="SPDX identifier; NOASSERTION where GitHub cannot tell; empty without a licence."
    )
    licence_name: Mapped[str | None] = mapped_column(comment="The licence's name.")
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text), comment="Topics, sorted.")
    visibility: Mapped[str] = mapped_column(comment="public, private or internal.")
    is_fork: Mapped[bool] = mapped_column(comment="Whether it was forked from another one.")
    parent: Mapped[str | None] = mapped_column(comment="owner/name of what it was forked from.")
    is_archived: Mapped[bool] = mapped_column(comment="Whether it is read-only for good.")
    has_issues: Mapped[bool] = mapped_column(comment="Whether issues are switched on.")
    stars: Mapped[int] = mapped_column(comment="How many accounts have starred it.")
    forks: Mapped[int] = mapped_column(comment="How many forks it has.")
    subscribers: Mapped[int | None] = mapped_column(comment="How many accounts watch it.")
    open_issues: Mapped[int] = mapped_column(comment="Open issues and pull requests together.")
    size_kilobytes: Mapped[int] = mapped_column(BigInteger, comment="Size, by GitHub's account.")
    founded_at: Mapped[datetime] = mapped_column(comment="When it was made on GitHub.")
    updated_at: Mapped[datetime] = mapped_column(comment="When its description last changed.")
    pushed_at: Mapped[datetime | None] = mapped_column(comment="When commits last arrived.")
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )


class RepositoryLanguage(Base):
    """A language that a repository is written in."""

    __tablename__ = "github_activity_tracker_language"
    __table_args__ = {"comment": "Languages of each repository, as last seen."}  # noqa: RUF012

    repository_id: Mapped[int] = mapped_column(
        ForeignKey(Repository.id, ondelete="CASCADE"), primary_key=True, comment="The repository."
    )
    language: Mapped[str] = mapped_column(primary_key=True, comment="As GitHub names it.")
    size: Mapped[int] = mapped_column(BigInteger, comment="Bytes of code on the default branch.")
