"""Stands in for the package of this name, which brings gigabytes: the part of its interface that is used."""

from collections.abc import Sequence
from typing import Any

import numpy as np


class SentenceTransformer:
    """Numbers of letters, with a prompt's weight for questions."""

    def __init__(self, name: str) -> None:
        self.name = name

    def encode_document(self, texts: Sequence[str], **options: Any) -> Any:
        del options
        counts = [[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts]
        found = np.array(counts, dtype=np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def encode_query(self, texts: Sequence[str], **options: Any) -> Any:
        return self.encode_document([text.removeprefix("query: ") for text in texts], **options)
