"""Models: in a wheel, behind an API, and of a library that may be installed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from conformance.replay.messages import Answer, Asked, json_answer
from conformance.replay.server import replaying
from services.database import Database
from services.errors import RecordRejected
from services.vectors.embedding import open_embedder
from services.vectors.ports import Embedder
from services.vectors.services import Text
from services.vectors.settings import LOCAL_MODEL, VectorSettings
from tests.support.indexing import Indexing

KEY = "sk-for-tests-only"
PACKAGES = Path(__file__).parents[2] / "support" / "packages"


@pytest.fixture
def local() -> Embedder:
    return open_embedder(LOCAL_MODEL, VectorSettings())


def test_the_local_model_needs_nothing_and_knows_what_is_alike(local: Embedder) -> None:
    texts = ["The allocator leaks memory.", "Memory is never freed.", "The train is late.", ""]
    found = local.embed(texts * 100)
    assert found.shape == (400, local.dimension) == (400, 256)
    assert np.allclose(np.linalg.norm(found[:3], axis=1), 1)
    assert not found[3].any()
    leak, freed, train = found[:3]
    assert leak @ freed > local.least_similarity > leak @ train
    assert np.allclose(found[:4], found[4:8])
    assert not local.embed([""]).any()


def embeddings(asked: Asked) -> Answer:
    """The number of each letter, in the wrong order."""
    assert asked.headers["authorization"] == f"Bearer {KEY}"
    body = json.loads(asked.body)
    assert body["model"] == "letters"
    data = [
        {"index": n, "embedding": [text.lower().count(chr(97 + i)) + 0.01 for i in range(26)]}
        for n, text in enumerate(body["input"])
    ]
    return json_answer({"data": data[::-1]})


@pytest.fixture
def hosted() -> Iterator[VectorSettings]:
    with replaying(embeddings) as server:
        yield VectorSettings(
            vectors_index="pgvector",
            vectors_model="openai/letters",
            vectors_openai_base_url=f"{server.url}/v1",
            vectors_openai_api_key=SecretStr(KEY),
        )


def test_an_api_like_openais_is_asked_and_its_order_put_right(
    database: Database, hosted: VectorSettings
) -> None:
    index = Indexing(database, hosted)
    index.put(Text("a", "", "aaa aaa abba"), Text("z", "", "zzz zzz zz"))
    index.sync()
    (row,) = index.indexes()
    assert (row.model, row.dimension) == ("openai/letters", 26)
    assert index.found("zzzz") == ["z"]
    assert index.is_right()
    vectors = open_embedder("openai/letters", hosted).embed(["aab"] * 300, is_query=True)
    assert vectors.shape == (300, 26)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"data": [{"index": 0, "embedding": [1.0]}]}, "answers 1 embeddings for 2 texts"),
        ({"data": [{"index": 0}]}, "answers without embeddings"),
        ({"error": "no"}, "answers without embeddings"),
    ],
)
def test_an_answer_that_is_not_what_was_asked_for_is_refused(
    answer: dict[str, object], complaint: str
) -> None:
    with replaying(lambda _: json_answer(answer)) as server:
        settings = VectorSettings(vectors_openai_base_url=server.url)
        with pytest.raises(RecordRejected, match=complaint):
            open_embedder("openai/letters", settings).embed(["a", "b"])


@pytest.fixture
def _with_the_package(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Installed for one test: who comes after it must not find it imported."""
    monkeypatch.syspath_prepend(str(PACKAGES))
    yield
    sys.modules.pop("sentence_transformers", None)


@pytest.mark.usefixtures("_with_the_package")
def test_a_model_of_sentence_transformers_is_used_where_the_package_is(database: Database) -> None:
    settings = VectorSettings(
        vectors_index="pgvector", vectors_model="sentence-transformers/letters"
    )
    index = Indexing(database, settings)
    index.put(Text("a", "", "aaa aaa abba"), Text("z", "", "zzz zzz zz"))
    index.sync()
    assert index.indexes()[0].dimension == 26
    assert index.found("zzzz") == ["z"]


def test_where_nothing_is_embedded_here_it_is_a_mistake_to_ask() -> None:
    with pytest.raises(TypeError, match="pinecone/e5 does not embed here"):
        open_embedder("pinecone/e5", VectorSettings()).embed(["a"])
