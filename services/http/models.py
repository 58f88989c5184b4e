"""Tables of HTTP. Written by services.http.services only."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class HttpValidator(Base):
    """Which version of a page a collector has stored, in the words of the source."""

    __tablename__ = "http_validator"
    __table_args__ = {"comment": "Version of each page that is stored, to ask for changes only."}  # noqa: RUF012

    owner: Mapped[str] = mapped_column(
        primary_key=True, comment="Who stores what the page holds, e.g. collector/source/stream."
    )
    page: Mapped[str] = mapped_column(
        primary_key=True, comment="Hash of the page's URL and of the representation asked for."
    )
    url: Mapped[str] = mapped_column(comment="The URL, without secrets.")
    scope: Mapped[str] = mapped_column(
        comment="Hash of the credentials it was told to; empty without credentials."
    )
    etag: Mapped[str | None] = mapped_column(comment="ETag of the version stored.")
    last_modified: Mapped[str | None] = mapped_column(
        comment="Last-Modified of the version stored."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the page was first stored."
    )


class HttpQuota(Base):
    """What a source said last of one quota.

    Unlogged: after a crash of the database it is empty, and the next answers fill it.
    """

    __tablename__ = "http_quota"
    __table_args__ = {  # noqa: RUF012
        "comment": "What is left of each quota of a source, as it said last.",
        "prefixes": ["UNLOGGED"],
    }

    source: Mapped[str] = mapped_column(primary_key=True, comment="Scheme and host of the source.")
    scope: Mapped[str] = mapped_column(
        primary_key=True, comment="Hash of whose quota it is: of a token, or of an installation."
    )
    resource: Mapped[str] = mapped_column(
        primary_key=True,
        comment="Class of resources, e.g. core, search, graphql; empty for a limit on all of them.",
    )
    remaining: Mapped[int | None] = mapped_column(comment="Requests left, as the source counts.")
    resets_at: Mapped[datetime | None] = mapped_column(
        comment="When it is filled again, by the database's clock."
    )
    closed_until: Mapped[datetime | None] = mapped_column(
        comment="Until when nothing may be asked; past or empty when something may."
    )
    seen_at: Mapped[datetime] = mapped_column(comment="When the source said it.")
