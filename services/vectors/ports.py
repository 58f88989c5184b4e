"""What the platform asks of an index of vectors and of an embedding model."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Protocol

from sqlalchemy.orm import Session

if TYPE_CHECKING:  # takes 0.2 s to import, which no command pays that embeds nothing
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

Facts = Mapping[str, str | int | list[str]]


@dataclass(frozen=True, slots=True)
class Place:
    """A part of an index; what is private is in another instance than what is not."""

    is_private: bool
    namespace: str


@dataclass(frozen=True, slots=True)
class Item:
    """A chunk to be indexed: `text` is what its vector is made of, `digest` that text's hash."""

    vector_id: str
    document_id: int
    digest: bytes
    text: str = field(repr=False)
    facts_digest: bytes
    facts: Facts = field(repr=False)


@dataclass(frozen=True, slots=True)
class Held:
    """What an index holds of a chunk, by its own account."""

    vector_id: str
    digest: bytes | None
    facts_digest: bytes | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, and where. `least` is the similarity below which nothing is alike."""

    text: str
    vector: "NDArray[np.float32] | None" = field(repr=False)
    least: float
    collector: str | None
    since: date | None
    most: int
    places: Sequence[Place] = ()


class Embedder(Protocol):
    """An embedding model. `dimension` 0: the index embeds by itself, and `embed` is never called."""

    @property
    def model(self) -> str:
        """Provider and name: what must not change within an index."""

    @property
    def dimension(self) -> int:
        """Numbers in a vector."""

    @property
    def least_similarity(self) -> float:
        """Cosine below which two texts have nothing to do with each other."""

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> "Vectors":
        """A row of length 1 for each text.

        Raises:
            CollectorError: the model cannot be asked, or refuses a text.
        """


class Index(Protocol):
    """Holds vectors, by place and id. Every call may be made again with the same effect.

    `shares_transactions` says that what it does is undone and done with the session's transaction:
    then nothing has to be noted before it is sent. `keeps_facts` says that metadata is in the index
    too, and not only in our tables.
    """

    @property
    def kind(self) -> str:
        """The name of the adapter."""

    @property
    def shares_transactions(self) -> bool:
        """Whether it is part of our database."""

    @property
    def keeps_facts(self) -> bool:
        """Whether it holds metadata."""

    def takes(self, *, is_private: bool) -> bool:
        """Whether there is an instance for such documents."""

    def prepare(self, session: Session) -> None:
        """Make what is missing of the index."""

    def put(
        self, session: Session, place: Place, items: Sequence[Item], vectors: "Vectors | None"
    ) -> None:
        """Store chunks, in place of what was there under their ids."""

    def set_facts(self, session: Session, place: Place, items: Sequence[Item]) -> None:
        """Store the metadata of chunks that are there."""

    def delete(self, session: Session, place: Place, vector_ids: Sequence[str]) -> None:
        """Remove chunks; those that are not there are no error."""

    def held(self, session: Session, place: Place) -> Iterator[Held]:
        """Everything at a place."""

    def places(self, session: Session) -> Sequence[Place]:
        """Where it holds anything."""

    def rank(self, session: Session, question: Question) -> Sequence[Sequence[str]]:
        """Ids of the chunks that are most alike, the best first: one ranking for each way to compare."""

    def finish(self, session: Session) -> None:
        """What is better done once after everything was stored, e.g. building an index for speed."""

    def drop(self, session: Session) -> None:
        """Remove everything."""
