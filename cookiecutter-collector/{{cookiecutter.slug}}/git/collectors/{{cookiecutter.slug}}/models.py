"""Tables that only this room writes."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class {{ cookiecutter.__class_name }}Reference(Base):
    """A branch or tag that a repository has or had."""

    __tablename__ = "{{ cookiecutter.slug }}_reference"
    __table_args__ = {"comment": "Branches and tags; a deleted one keeps its row."}  # noqa: RUF012

    source_key: Mapped[str] = mapped_column(primary_key=True, comment="The repository.")
    name: Mapped[str] = mapped_column(primary_key=True, comment="Full name, e.g. refs/tags/v1.")
    sha: Mapped[str] = mapped_column(comment="The object that it stands for, as last seen.")
    is_deleted: Mapped[bool] = mapped_column(comment="Whether the repository has it no more.")
    created_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the row was first stored."
    )
