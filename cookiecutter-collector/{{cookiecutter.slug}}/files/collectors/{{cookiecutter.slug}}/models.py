"""Tables that only this room writes."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class {{ cookiecutter.__class_name }}Record(Base):
    """A record that a file has or had."""

    __tablename__ = "{{ cookiecutter.slug }}_record"
    __table_args__ = {"comment": "Records of files; a deleted one keeps its row."}  # noqa: RUF012

    source_key: Mapped[str] = mapped_column(primary_key=True, comment="The folder.")
    file: Mapped[str] = mapped_column(primary_key=True, comment="Path of the file below it.")
    key: Mapped[str] = mapped_column(primary_key=True, comment="The record's id in the file.")
    title: Mapped[str] = mapped_column(comment="Its title.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether the file has it no more.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
