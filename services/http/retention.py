"""What is forgotten of pages and quotas, a part at a time. Never commits."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Session

from services.database import delete_rows
from services.http.models import HttpQuota, HttpValidator


def forget_pages(session: Session, before: datetime, most: int) -> int:
    """Delete validators of pages first stored before; how many.

    Pages that nobody asks for any more go that way, and the others are fetched whole once and are
    known again: that costs one request for each, where noting every look would cost a write.
    """
    return delete_rows(session, HttpValidator, HttpValidator.created_at < before, most=most)


def forget_quotas(session: Session, before: datetime, most: int) -> int:
    """Delete what was said of quotas that were filled, and open, again before; how many.

    It holds nobody back any more: of credentials that are used no longer nothing else would go.
    """
    quota = HttpQuota
    over = func.greatest(quota.resets_at, quota.closed_until, quota.seen_at) < before
    return delete_rows(session, quota, over, most=most)
