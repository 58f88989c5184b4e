"""What the outbox forgets, a part at a time. Never commits."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.outbox.models import OutboxMessage


def forget_payloads(session: Session, before: datetime, most: int) -> int:
    """Empty messages that were sent before; how many. Their keys stay: they are not said again."""
    message = OutboxMessage
    is_old = (message.status == "sent", message.sent_at < before, message.payload != {})
    chosen = select(message.id).where(*is_old).order_by(message.id).limit(most)
    emptied = update(message).where(message.id.in_(chosen.cte().select())).values(payload={})
    return len(session.execute(emptied.returning(message.id)).all())
