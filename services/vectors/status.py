"""What there is of the index, for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.runs.services import open_dead_letter_counts
from services.vectors import indexes
from services.vectors.models import VectorIndex
from services.vectors.queue import Lag, lags
from services.vectors.running import SOURCE


@dataclass(frozen=True, slots=True)
class IndexFacts:
    """An index, how much it holds, and since when it has its status."""

    id: int
    kind: str
    model: str
    dimension: int
    location: str
    status: str
    chunks: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Status:
    """Indexes, what waits, and how many documents are refused."""

    indexes: Sequence[IndexFacts]
    lags: Sequence[Lag]
    refused: int


def index_status(session: Session) -> Status:
    """Everything at once."""
    live = [_facts(session, one) for one in indexes.live_indexes(session)]
    refused = open_dead_letter_counts(session).get(SOURCE, 0)
    return Status(live, lags(session), refused)


def _facts(session: Session, one: VectorIndex) -> IndexFacts:
    return IndexFacts(
        one.id,
        one.kind,
        one.model,
        one.dimension,
        one.location,
        one.status,
        indexes.entry_count(session, one.id),
        one.serving_since or one.created_at,
    )
