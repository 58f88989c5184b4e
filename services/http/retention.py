"""What is forgotten of pages, a part at a time. Never commits."""

from datetime import datetime

from sqlalchemy.orm import Session

from services.database import delete_rows
from services.http.models import HttpValidator


def forget_pages(session: Session, before: datetime, most: int) -> int:
    """Delete validators of pages first stored before; how many.

    Pages that nobody asks for any more go that way, and the others are fetched whole once and are
    known again: that costs one request for each, where noting every look would cost a write.
    """
    return delete_rows(session, HttpValidator, HttpValidator.created_at < before, most=most)
