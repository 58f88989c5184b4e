"""Models behind an API that OpenAI made common: many servers speak it, on this machine or elsewhere."""

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import SecretStr

from services.errors import RecordRejected
from services.http.client import HttpClient
from services.http.messages import Request, Response
from services.http.settings import HttpSettings, anonymous, bearer

if TYPE_CHECKING:
    from services.vectors.ports import Vectors

# Texts a request: the API takes 2048 and 300,000 tokens, of which a chunk has about 300.
# https://platform.openai.com/docs/api-reference/embeddings/create
_BATCH = 256


class OpenAiModel:
    """`POST {base_url}/embeddings`. Without a key nothing is proved, as servers at home want it."""

    least_similarity = 0.2

    def __init__(self, name: str, base_url: str, key: SecretStr | None) -> None:
        self._name = name
        self._settings = HttpSettings(
            base_url=base_url.rstrip("/") + "/", headers={"Content-Type": "application/json"}
        )
        self._auth = anonymous if key is None else bearer(key.get_secret_value())
        self.model = f"openai/{name}"

    @cached_property
    def dimension(self) -> int:
        """As long as its answer to a short text."""
        return int(self.embed(["dimension"]).shape[1])

    def embed(self, texts: Sequence[str], *, is_query: bool = False) -> "Vectors":
        """A row of length 1 for each text.

        Raises:
            CollectorError: as `HttpClient.send`; RecordRejected: the answer is not what was asked for.
        """
        del is_query
        np = import_module("numpy")
        with HttpClient(self._settings, auth=self._auth) as client:
            rows = [
                row
                for start in range(0, len(texts), _BATCH)
                for row in self._asked(client, texts[start : start + _BATCH])
            ]
        found = np.array(rows, dtype=np.float32)
        norms = np.linalg.norm(found, axis=1, keepdims=True)
        vectors: Vectors = found / np.where(norms == 0, 1, norms)
        return vectors

    def _asked(self, client: HttpClient, texts: Sequence[str]) -> list[Any]:
        content = orjson.dumps({"model": self._name, "input": list(texts)})
        request = Request("embeddings", method="POST", content=content, idempotent=True)
        return _vectors(client.send(request), len(texts))


def _vectors(response: Response, wanted: int) -> list[Any]:
    """In the order of the texts, which `index` gives."""
    try:
        data = sorted(orjson.loads(response.body)["data"], key=lambda one: one["index"])
        found = [one["embedding"] for one in data]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise RecordRejected(f"{response.url} answers without embeddings") from error
    if len(found) != wanted or len({len(one) for one in found}) != 1:
        raise RecordRejected(f"{response.url} answers {len(found)} embeddings for {wanted} texts")
    return found
