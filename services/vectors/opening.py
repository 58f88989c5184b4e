"""From settings to the index and the model that are asked for, and from a row to those it was made with."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.errors import ConfigError
from services.vectors.embedding import EmbedsNothing, open_embedder
from services.vectors.models import VectorIndex
from services.vectors.null import NullIndex
from services.vectors.pgvector import PgvectorIndex, has_extension
from services.vectors.ports import Embedder, Index
from services.vectors.settings import VectorSettings

PINECONE = "pinecone"
PGVECTOR = "pgvector"
NONE = "none"


@dataclass(frozen=True, slots=True)
class Opened:
    """An index, open, with the model that its vectors are made by."""

    id: int
    index: Index
    embedder: Embedder


def wanted_kind(session: Session, settings: VectorSettings) -> str:
    """pinecone, pgvector or none.

    Raises:
        ConfigError: what is asked for cannot be had, naming what is missing.
    """
    if settings.wants_pinecone:
        _require_key(settings)
        return PINECONE
    if settings.vectors_index == NONE:
        return NONE
    if has_extension(session):
        return PGVECTOR
    if settings.vectors_index == PGVECTOR:
        raise ConfigError(
            "VECTORS_INDEX: this PostgreSQL has no extension vector (pgvector 0.7 or newer): install"
            " it and run `bdc db upgrade`, or search by words alone with none"
        )
    return NONE


def wanted_model(kind: str, settings: VectorSettings) -> Embedder:
    """The model that an index of this kind is to have now.

    Raises:
        ConfigError: the model cannot be had, or not with this index.
    """
    if kind == NONE:
        return EmbedsNothing(NONE)
    if kind != PINECONE and settings.model.startswith("pinecone/"):
        raise ConfigError(
            f"VECTORS_MODEL: {settings.model} embeds within Pinecone only, not for {kind}"
        )
    return open_embedder(settings.model, settings)


def open_index(row: VectorIndex, settings: VectorSettings) -> Opened:
    """The index of this row with its own model, whatever the settings ask for now.

    Raises:
        ConfigError: a key or a package that it needs is no longer there.
    """
    if row.kind == NONE:
        return Opened(row.id, NullIndex(), EmbedsNothing(NONE))
    embedder = open_embedder(row.model, settings)
    if row.kind == PGVECTOR:
        return Opened(row.id, PgvectorIndex(row.location, row.dimension), embedder)
    from services.vectors.client import PineconeIndex  # noqa: PLC0415 - the SDK: only who has it set

    _require_key(settings)
    name = row.model.removeprefix("pinecone/")
    return Opened(row.id, PineconeIndex(row.location, name, row.dimension, settings), embedder)


def _require_key(settings: VectorSettings) -> None:
    if settings.pinecone_api_key is None and settings.pinecone_private_api_key is None:
        raise ConfigError(
            "PINECONE_API_KEY is not set (nor PINECONE_PRIVATE_API_KEY): Pinecone needs one"
            " (see .env.example)"
        )
