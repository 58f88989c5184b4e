"""Tables that only this room writes."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class RunState(Base):
    """How often a source was run; a first table, to be replaced by what the source holds."""

    __tablename__ = "{{ cookiecutter.slug }}_run_state"
    __table_args__ = {"comment": "How often each source was run."}  # noqa: RUF012

    source_key: Mapped[str] = mapped_column(primary_key=True, comment="Which source.")
    run_count: Mapped[int] = mapped_column(comment="How often it was run.")
    updated_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was last run."
    )
