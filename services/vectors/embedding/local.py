"""Models that run here. Their libraries are imported when something is embedded, not before."""

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import ConfigError

if TYPE_CHECKING:
    from services.vectors.ports import Vectors

# Texts that are averaged at once: a few megabytes of their tokens' vectors.
_BATCH = 256


class WordLlamaModel:
    """Averages of token vectors, out of the wheel of wordllama, without its code.

    Its code asks the network for what it does not find and sets up logging for the whole process when
    it is imported; its file is a table of a vector for each token, and a text's vector the average of
    its tokens'. https://github.com/dleemiller/WordLlama
    """

    # What tells right pages from pages about something else best, on one half of the judged questions;
    # on the other half it keeps 12 right pages of 14: see docs/adr/0022-search-index.md.
    least_similarity = 0.25

    def __init__(self, name: str) -> None:
        match = re.fullmatch(r"(.+)_(\d+)", name)
        folder = _package("wordllama")
        self._weights = folder / "weights" / f"{name}.safetensors"
        if match is None or not self._weights.is_file():
            there = ", ".join(sorted(path.stem for path in folder.glob("weights/*.safetensors")))
            raise ConfigError(f"VECTORS_MODEL: wordllama has no {name} in its package, but {there}")
        self._tokenizer_file = folder / "tokenizers" / f"{match[1]}_tokenizer_config.json"
        self.model = f"wordllama/{name}"
        self.dimension = int(match[2])

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> "Vectors":
        """Averages, of length 1; a text without a known token has zeros."""
        del is_query
        np = import_module("numpy")
        parts = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        found: Vectors = np.concatenate([self._averages(np, part) for part in parts])
        return found

    def _averages(self, np: Any, texts: Sequence[str]) -> Any:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        lengths = np.array([len(one.ids) for one in encodings])
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        filled = np.flatnonzero(lengths)
        if filled.size:
            tokens = np.concatenate([np.asarray(encodings[row].ids) for row in filled])
            starts = np.concatenate(([0], np.cumsum(lengths[filled])[:-1]))
            sums[filled] = np.add.reduceat(self._table[tokens], starts, axis=0)
        norms = np.linalg.norm(sums, axis=1, keepdims=True)
        return sums / np.where(norms == 0, 1, norms)

    @cached_property
    def _table(self) -> Any:
        return _read_table(self._weights)

    @cached_property
    def _tokenizer(self) -> Any:
        return _read_tokenizer(self._tokenizer_file)


class SentenceTransformersModel:
    """A model of sentence-transformers: a name at its hub, or a folder."""

    least_similarity = 0.2

    def __init__(self, name: str) -> None:
        if find_spec("sentence_transformers") is None:
            raise ConfigError(
                f"VECTORS_MODEL: sentence-transformers/{name} needs the package"
                " sentence-transformers: install boost-data-collector[sentence-transformers]"
            )
        self._name = name
        self.model = f"sentence-transformers/{name}"

    @cached_property
    def dimension(self) -> int:
        """As long as its answer to a short text: the method that tells it has two names by now."""
        return int(self.embed(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> "Vectors":
        """With the model's own prompts for questions and for documents, where it has them."""
        encode = self._loaded.encode_query if is_query else self._loaded.encode_document
        found: Vectors = encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return found

    @cached_property
    def _loaded(self) -> Any:
        return import_module("sentence_transformers").SentenceTransformer(self._name)


@lru_cache(maxsize=1)
def _read_table(weights: Path) -> Any:
    """Once in a process: the file never changes, and reading it takes as long as a small run."""
    load = import_module("safetensors.numpy").load_file
    return load(weights)["embedding.weight"].astype("float32")


@lru_cache(maxsize=1)
def _read_tokenizer(file: Path) -> Any:
    """Once in a process, as the table."""
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def _package(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise ConfigError(f"VECTORS_MODEL: the package {name} is not installed")
    return Path(spec.origin).parent
