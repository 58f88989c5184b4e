"""The table of this room."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class AcmeNotice(Base):
    """A notice that is or was on the board."""

    __tablename__ = "acme_notices"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    text: Mapped[str]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)
