"""Tables that only this room writes."""

from datetime import datetime

from sqlalchemy import LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class {{ cookiecutter.__class_name }}Item(Base):
    """An item of a project, as the source has or had it."""

    __tablename__ = "{{ cookiecutter.slug }}_item"
    __table_args__ = {"comment": "Items of projects; a deleted one keeps its row."}  # noqa: RUF012

    source_key: Mapped[str] = mapped_column(primary_key=True, comment="The project.")
    key: Mapped[str] = mapped_column(primary_key=True, comment="The item's id at the source.")
    title: Mapped[str] = mapped_column(comment="Its title.")
    body: Mapped[str | None] = mapped_column(comment="Its text; empty where it has none.")
    updated_at: Mapped[datetime] = mapped_column(comment="When it changed, by the source's clock.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether the source has deleted it.")
    content_hash: Mapped[bytes] = mapped_column(
        LargeBinary, comment="Hash of the columns above, to see that nothing changed."
    )
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
