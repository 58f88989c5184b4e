"""The only code that writes notices."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from services.upsert import Written, bulk_upsert

from .models import AcmeNotice
from .parsing import Notice

COLUMNS = ("id", "title", "text", "updated_at", "deleted_at")


def store_notices(session: Session, notices: Sequence[Notice]) -> Written:
    """Bring the table to what the source says; never commits."""
    rows = [
        (one.id, one.title, one.text, one.updated_at, one.updated_at if one.is_deleted else None)
        for one in notices
    ]
    return bulk_upsert(session, AcmeNotice, COLUMNS, rows, key=("id",), newer=("updated_at",))
