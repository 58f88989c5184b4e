"""Table of releases. Written by services.releases.services only."""

from datetime import datetime

from sqlalchemy import ARRAY, Index, Integer, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class Release(Base):
    """A release of a project, as its repository's tag says."""

    __tablename__ = "release"
    __table_args__ = (
        Index(None, "project", "version"),
        {"comment": "Releases of the projects that we follow, by their tags."},
    )

    project: Mapped[str] = mapped_column(primary_key=True, comment="Project, e.g. boost.")
    tag: Mapped[str] = mapped_column(primary_key=True, comment="Tag, e.g. boost-1.90.0.")
    version: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), comment="Parts of the version, which sort as versions do."
    )
    commit: Mapped[str] = mapped_column(comment="Commit that the tag stands at, as last seen.")
    detected_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the tag was first seen."
    )
    announced_at: Mapped[datetime | None] = mapped_column(
        comment="When the event of it was sent; empty for what is still to be announced."
    )
