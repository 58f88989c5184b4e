"""No index of vectors: search goes by words alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from services.vectors.ports import Held, Item, Place, Question

if TYPE_CHECKING:
    from services.vectors.ports import Vectors


class NullIndex:
    """Takes nothing, holds nothing, finds nothing."""

    kind = "none"
    shares_transactions = True
    keeps_facts = False

    def takes(self, *, is_private: bool) -> bool:
        """There is no instance."""
        del is_private
        return False

    def prepare(self, session: Session) -> None:
        """Nothing."""

    def put(
        self, session: Session, place: Place, items: Sequence[Item], vectors: "Vectors | None"
    ) -> None:
        """Nothing."""

    def set_facts(self, session: Session, place: Place, items: Sequence[Item]) -> None:
        """Nothing."""

    def delete(self, session: Session, place: Place, vector_ids: Sequence[str]) -> None:
        """Nothing."""

    def held(self, session: Session, place: Place) -> Iterator[Held]:
        """Nothing."""
        del session, place
        return iter(())

    def places(self, session: Session) -> Sequence[Place]:
        """None."""
        del session
        return ()

    def rank(self, session: Session, question: Question) -> Sequence[Sequence[str]]:
        """No ranking."""
        del session, question
        return ()

    def finish(self, session: Session) -> None:
        """Nothing."""

    def drop(self, session: Session) -> None:
        """Nothing."""
