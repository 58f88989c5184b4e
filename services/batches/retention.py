"""What is forgotten of batches and occasions, a part at a time. Never commits."""

from datetime import datetime

from sqlalchemy import Date, case, cast, exists
from sqlalchemy.orm import Session, aliased

from services.batches.models import ScheduleBatch, ScheduleOccasion
from services.batches.services import ENDED
from services.database import delete_rows

DAY = r"^\d{4}-\d\d-\d\d$"


def forget_days(session: Session, before: datetime, most: int) -> int:
    """Delete occasions that were days, settled before; how many.

    Only days that a batch has settled for the whole group: nobody asks for them again. Releases
    stay, or their tasks would run for them once more.
    """
    occasion, batch = ScheduleOccasion, ScheduleBatch
    is_day = occasion.occasion.regexp_match(DAY)
    day = case((is_day, cast(occasion.occasion, Date)))
    ended = (batch.group_name == occasion.group_name, batch.settles, batch.status.in_(ENDED))
    return delete_rows(
        session,
        occasion,
        occasion.finished_at < before,
        occasion.status != "running",
        exists().where(*ended, batch.through >= day),
        most=most,
    )


def forget_batches(session: Session, before: datetime, most: int) -> int:
    """Delete batches that ended before and have no occasions left; how many.

    The newest that settles days stays, and those after it: they say where the next one begins.
    """
    batch, later = ScheduleBatch, aliased(ScheduleBatch)
    follows = (
        later.group_name == batch.group_name,
        later.settles,
        later.status.in_(ENDED),
        later.through >= batch.through,
        later.scheduled_for > batch.scheduled_for,
    )
    return delete_rows(
        session,
        batch,
        batch.finished_at < before,
        exists().where(*follows),
        ~exists().where(ScheduleOccasion.batch == batch.flow_run_id),
        most=most,
    )
