"""The only code that writes which indexes there are: one serves, one may be built beside it.

Never commits.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, literal, select, text
from sqlalchemy.orm import Session

from services.vectors.models import VectorEntry, VectorIndex
from services.vectors.ports import Embedder, Place
from services.vectors.queue import is_through, queue_all

SERVING = "serving"
BUILDING = "building"
RETIRED = "retired"
# Whoever begins or switches an index is alone at it; and nobody indexes while somebody verifies.
_ALONE = text("select pg_advisory_xact_lock(hashtextextended('vectors indexes', 0))")
_MEMBER = text("select pg_try_advisory_xact_lock_shared(hashtextextended('vectors verify', 0))")
_VERIFIER = text("select pg_advisory_xact_lock(hashtextextended('vectors verify', 0))")
_LIVE = (
    select(VectorIndex)
    .where(VectorIndex.status.in_((SERVING, BUILDING)))
    .order_by(VectorIndex.status.desc(), VectorIndex.id)
)


def live_indexes(session: Session) -> Sequence[VectorIndex]:
    """What is kept up to date: the one that serves first."""
    return session.scalars(_LIVE).all()


def hold_live(session: Session) -> list[int]:
    """Their numbers; until this transaction ends nobody drops one of them."""
    held = _LIVE.with_only_columns(VectorIndex.id).with_for_update(read=True, key_share=True)
    return list(session.scalars(held))


def searched_index(session: Session) -> VectorIndex | None:
    """The one that serves; before there is one, the one that is being built."""
    return next(iter(live_indexes(session)), None)


def begin_index(
    session: Session, kind: str, embedder: Embedder, location: str, *, again: bool = False
) -> VectorIndex | None:
    """Begin an index of this kind and model, to be filled with every document; None: it is there.

    Another one that is being built is given up for it. `again` begins it although it serves.
    """
    be_alone(session)
    live = {one.status: one for one in live_indexes(session)}
    building, serving = live.get(BUILDING), live.get(SERVING)
    if building is not None and is_of(building, kind, embedder):
        return None
    if building is not None:
        building.status = RETIRED
        session.flush()
    if serving is not None and is_of(serving, kind, embedder) and not again:
        return None
    begun = VectorIndex(
        kind=kind,
        model=embedder.model,
        dimension=embedder.dimension,
        location=_free(session, kind, location),
        status=BUILDING,
        fill_until=queue_all(session),
    )
    session.add(begun)
    session.flush()
    return begun


def be_alone(session: Session) -> None:
    """Until this transaction ends nobody else begins, prepares or switches an index."""
    session.execute(_ALONE)


def is_filled(session: Session, index: VectorIndex) -> bool:
    """Whether an index that is being built has heard of every document."""
    return index.status == BUILDING and is_through(session, index.fill_until)


def switch_to(session: Session, index_id: int, now: datetime) -> bool:
    """Have a filled index serve in place of the one that did; False when somebody else did that."""
    be_alone(session)
    index = session.get(VectorIndex, index_id, populate_existing=True)
    if index is None or not is_filled(session, index):
        return False
    for old in live_indexes(session):
        if old.status == SERVING:
            old.status = RETIRED
    session.flush()
    index.status = SERVING
    index.serving_since = now
    session.flush()
    return True


def retired_indexes(session: Session) -> Sequence[VectorIndex]:
    """What is to be dropped, by whoever asks first."""
    retired = select(VectorIndex).where(VectorIndex.status == RETIRED).order_by(VectorIndex.id)
    return session.scalars(retired.with_for_update(skip_locked=True)).all()


def forget_index(session: Session, index: VectorIndex) -> None:
    """It has been dropped."""
    session.execute(delete(VectorIndex).where(VectorIndex.id == index.id))


def may_index(session: Session) -> bool:
    """Whether nobody verifies; until this transaction ends nobody begins to."""
    return bool(session.scalar(_MEMBER))


def keep_others_out(session: Session) -> None:
    """Wait until nobody indexes, and let nobody until this transaction ends."""
    session.execute(_VERIFIER)
    # Long lists of a hosted index are read in between.
    session.execute(text("set local idle_in_transaction_session_timeout = 0"))


def entry_places(session: Session, index_id: int) -> list[Place]:
    """Where an index holds, or may hold, anything."""
    entry = VectorEntry
    found = session.execute(
        select(entry.is_private, entry.namespace)
        .where(entry.index_id == index_id)
        .distinct()
        .order_by(entry.is_private, entry.namespace)
    )
    return [Place(*row) for row in found.tuples()]


def entry_count(session: Session, index_id: int) -> int:
    """How many chunks an index holds."""
    counted = select(func.count()).where(VectorEntry.index_id == index_id)
    return session.scalar(counted) or 0


def is_of(index: VectorIndex, kind: str, embedder: Embedder) -> bool:
    """Whether it is what is wanted."""
    return (index.kind, index.model) == (kind, embedder.model)


def _free(session: Session, kind: str, location: str) -> str:
    """A name that no index has which is not dropped yet: `name`, `name-2`, …; tables have a number."""
    if kind != "pinecone":
        number = session.scalar(select(func.coalesce(func.max(VectorIndex.id), literal(0)))) or 0
        return f"index_{number + 1}"
    taken: Collection[str] = session.scalars(select(VectorIndex.location)).all()
    candidates = (location if n == 1 else f"{location}-{n}" for n in range(1, len(taken) + 2))
    return next(name for name in candidates if name not in taken)
