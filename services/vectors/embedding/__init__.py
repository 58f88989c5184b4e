"""Embedding models: where a name leads to."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.errors import ConfigError
from services.vectors.embedding.hosted import OpenAiModel
from services.vectors.embedding.local import SentenceTransformersModel, WordLlamaModel
from services.vectors.ports import Embedder
from services.vectors.settings import VectorSettings

if TYPE_CHECKING:
    from services.vectors.ports import Vectors


class EmbedsNothing:
    """Stands in where nothing is embedded here: the index does it by itself, or there is none."""

    dimension = 0
    least_similarity = 0.0

    def __init__(self, model: str) -> None:
        self.model = model

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> "Vectors":
        """Raises TypeError."""
        del texts, is_query
        raise TypeError(f"{self.model} does not embed here")


def open_embedder(model: str, settings: VectorSettings) -> Embedder:
    """The model of this name; loaded when it is first used.

    Raises:
        ConfigError: nobody provides it, or what it needs is not installed or not set.
    """
    provider, _, name = model.partition("/")
    match provider:
        case "wordllama":
            return WordLlamaModel(name)
        case "sentence-transformers":
            return SentenceTransformersModel(name)
        case "openai":
            key = settings.vectors_openai_api_key
            return OpenAiModel(name, settings.vectors_openai_base_url, key)
        case "pinecone":
            return EmbedsNothing(model)
    raise ConfigError(
        f"VECTORS_MODEL: nobody provides {model}: it is wordllama/…, sentence-transformers/…,"
        " openai/… or pinecone/…"
    )
