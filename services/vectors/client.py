"""The hosted index: Pinecone, through its SDK. Dense and sparse vectors, public and private instance.

What we call an index are two of Pinecone's: `<location>` holds dense vectors, `<location>-sparse`
sparse ones. https://docs.pinecone.io/reference/api
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import pinecone
from sqlalchemy.orm import Session

from services.errors import (
    AccessDenied,
    ConfigError,
    NotFound,
    RateLimited,
    RequestRefused,
    SourceTimedOut,
    SourceUnavailable,
)
from services.vectors.ports import Held, Item, Place, Question
from services.vectors.settings import VectorSettings

if TYPE_CHECKING:
    from services.vectors.ports import Vectors

# The field that Pinecone embeds, and that holds the text.
TEXT = "chunk_text"
DIGEST = "digest"
FACTS_DIGEST = "facts_digest"
# Its own name of the namespace without a name, which its records need.
DEFAULT_NAMESPACE = "__default__"
# Ids a request: https://docs.pinecone.io/reference/api/database-limits
_DELETED_AT_ONCE = 1000
_FETCHED_AT_ONCE = 100
# No sparse index is kept.
NO_SPARSE = "none"

logging.getLogger("pinecone").setLevel(logging.WARNING)
Calls = Iterable[Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What one of Pinecone's indexes is made for: text for its model, or vectors of our own."""

    name: str
    model: str | None
    dimension: int = 0


@dataclass(slots=True)
class Instance:
    """One project at Pinecone, by its key."""

    sdk: pinecone.Pinecone
    _open: dict[str, Any] = field(default_factory=dict)

    def index(self, shape: Shape) -> Any:
        """The way to one of its indexes; where it is is asked once."""
        if shape.name not in self._open:
            with said_in_our_words():
                host = self.sdk.indexes.describe(shape.name).host
            self._open[shape.name] = self.sdk.index(host=host or "")
        return self._open[shape.name]


class PineconeIndex:
    """The index `location`, with vectors of `dimension` numbers or, with 0, of Pinecone's `model`."""

    kind = "pinecone"
    shares_transactions = False
    keeps_facts = True

    def __init__(self, location: str, model: str, dimension: int, settings: VectorSettings) -> None:
        self._settings = settings
        dense = Shape(location, None if dimension else model, dimension)
        sparse = Shape(f"{location}-sparse", settings.pinecone_sparse_model)
        self._dense = dense
        self._shapes = [dense] if sparse.model == NO_SPARSE else [dense, sparse]
        self._instances = dict(_instances(settings))

    def takes(self, *, is_private: bool) -> bool:
        """Whether there is a key of that instance: what is private is never sent to the public one."""
        return is_private in self._instances

    def prepare(self, session: Session) -> None:
        """Make Pinecone's indexes where they are missing, and wait until they can be used.

        Raises:
            ConfigError: one is there and made for another model, or cannot be made.
        """
        del session
        for instance in self._instances.values():
            for shape in self._shapes:
                with said_in_our_words():
                    self._ensure(instance.sdk, shape)

    def _ensure(self, sdk: pinecone.Pinecone, shape: Shape) -> None:
        cloud, region = self._settings.pinecone_cloud, self._settings.pinecone_environment
        if sdk.indexes.exists(shape.name):
            _require_shape(sdk.indexes.describe(shape.name), shape)
        elif shape.model is None:
            vector = {"type": "dense_vector", "dimension": shape.dimension, "metric": "cosine"}
            managed = {"deployment_type": "managed", "cloud": cloud, "region": region}
            sdk.indexes.create(
                name=shape.name, schema={"fields": {"_values": vector}}, deployment=managed
            )
        else:
            embed = {"model": shape.model, "field_map": {"text": TEXT}}
            sdk.indexes.create_for_model(name=shape.name, cloud=cloud, region=region, embed=embed)

    def put(
        self, session: Session, place: Place, items: Sequence[Item], vectors: "Vectors | None"
    ) -> None:
        """Store chunks in both indexes, several requests at a time."""
        del session
        size = self._settings.pinecone_batch_size
        calls: list[Callable[[], object]] = []
        for start in range(0, len(items), size):
            part = items[start : start + size]
            rows = None if vectors is None else vectors[start : start + size]
            calls += (self._upsert(place, shape, part, rows) for shape in self._shapes)
        self._all(calls)

    def _upsert(
        self, place: Place, shape: Shape, items: Sequence[Item], vectors: "Vectors | None"
    ) -> Callable[[], object]:
        index = self._at(place, shape)
        space = _namespace(place)
        if shape.model is None and vectors is not None:
            rows = [
                {"id": item.vector_id, "values": vector.tolist(), "metadata": _metadata(item)}
                for item, vector in zip(items, vectors, strict=True)
            ]
            return lambda: index.upsert(vectors=rows, namespace=space)
        records = [{"_id": item.vector_id, **_metadata(item)} for item in items]
        return lambda: index.upsert_records(records=records, namespace=space)

    def set_facts(self, session: Session, place: Place, items: Sequence[Item]) -> None:
        """Store metadata. Pinecone adds to what is there, so a name that is gone is emptied."""
        del session
        space = _namespace(place)
        calls: list[Callable[[], object]] = []
        for shape in self._shapes:
            index = self._at(place, shape)
            there = dict(self._fetched(index, space, [item.vector_id for item in items]))
            for item in items:
                wanted = {**item.facts, **_digests(item)}
                known = there.get(item.vector_id, {}).keys() - {TEXT}
                gone = dict.fromkeys(known - wanted.keys(), "")
                calls.append(_updating(index, space, item.vector_id, gone | wanted))
        self._all(calls)

    def delete(self, session: Session, place: Place, vector_ids: Sequence[str]) -> None:
        """Remove chunks from both indexes."""
        del session
        self._all(
            _deleting(self._at(place, shape), _namespace(place), ids)
            for shape in self._shapes
            for ids in _parts(vector_ids, _DELETED_AT_ONCE)
        )

    def held(self, session: Session, place: Place) -> Iterator[Held]:
        """Everything at a place; of what its two indexes do not agree on, the digests are None."""
        del session
        found = [dict(self._listed(place, shape)) for shape in self._shapes]
        for vector_id in sorted(set(chain(*found))):
            said = {one.get(vector_id) for one in found}
            digests = said.pop() if len(said) == 1 else None
            yield Held(vector_id, *(digests or (None, None)))

    def _listed(
        self, place: Place, shape: Shape
    ) -> Iterator[tuple[str, tuple[bytes | None, bytes | None]]]:
        index, space = self._at(place, shape), _namespace(place)
        with said_in_our_words():
            for page in index.list(namespace=space, limit=_FETCHED_AT_ONCE):
                ids = [one.id for one in page.vectors]
                for vector_id, metadata in self._fetched(index, space, ids):
                    digests = (metadata.get(DIGEST), metadata.get(FACTS_DIGEST))
                    yield vector_id, (_bytes(digests[0]), _bytes(digests[1]))

    def _fetched(
        self, index: Any, space: str, ids: Sequence[str]
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for part in _parts(ids, _FETCHED_AT_ONCE):
            with said_in_our_words():
                found = index.fetch(ids=list(part), namespace=space).vectors
            for vector_id, one in found.items():
                yield vector_id, one.metadata or {}

    def places(self, session: Session) -> Sequence[Place]:
        """Where its indexes hold anything."""
        del session
        found = {
            Place(is_private, "" if name == DEFAULT_NAMESPACE else name)
            for is_private, instance in self._instances.items()
            for shape in self._shapes
            for name in self._namespaces(instance, shape)
        }
        return sorted(found, key=lambda place: (place.is_private, place.namespace))

    def _namespaces(self, instance: Instance, shape: Shape) -> Iterable[str]:
        with said_in_our_words():
            return list(instance.index(shape).describe_index_stats().namespaces)

    def rank(self, session: Session, question: Question) -> Sequence[Sequence[str]]:
        """A ranking by dense and one by sparse vectors, over all places."""
        del session
        return [self._ranked(shape, question) for shape in self._shapes]

    def _ranked(self, shape: Shape, question: Question) -> list[str]:
        hits = [
            hit
            for place in question.places
            if self.takes(is_private=place.is_private)
            for hit in self._hits(place, shape, question)
        ]
        best = sorted(hits, key=lambda hit: (-hit[1], hit[0]))[: question.most]
        return [vector_id for vector_id, _ in best]

    def _hits(self, place: Place, shape: Shape, question: Question) -> list[tuple[str, float]]:
        index, space = self._at(place, shape), _namespace(place)
        filters = _filter(question)
        with said_in_our_words():
            if shape.model is None and question.vector is not None:
                answer = index.query(
                    vector=question.vector.tolist(),
                    top_k=question.most,
                    namespace=space,
                    filter=filters,
                )
                alike = [(one.id, one.score) for one in answer.matches]
                return [hit for hit in alike if hit[1] >= question.least]
            answer = index.search(
                namespace=space,
                top_k=question.most,
                inputs={"text": question.text},
                filter=filters,
                fields=[DIGEST],
            )
        return [(hit.id, hit.score) for hit in answer.result.hits]

    def finish(self, session: Session) -> None:
        """Nothing: Pinecone does it."""

    def drop(self, session: Session) -> None:
        """Remove Pinecone's indexes of this name, of both instances."""
        del session
        for instance in self._instances.values():
            for shape in self._shapes:
                with said_in_our_words():
                    if instance.sdk.indexes.exists(shape.name):
                        instance.sdk.indexes.delete(shape.name)

    def _at(self, place: Place, shape: Shape) -> Any:
        return self._instances[place.is_private].index(shape)

    def _all(self, calls: Calls) -> None:
        """Make the calls, several at a time; the first failure is raised once all have ended."""

        def make(call: Callable[[], object]) -> None:
            with said_in_our_words():
                call()

        with ThreadPoolExecutor(self._settings.pinecone_workers) as pool:
            list(pool.map(make, calls))


@contextmanager
def said_in_our_words() -> Iterator[None]:
    """Errors of the SDK as errors of ours."""
    try:
        yield
    except pinecone.ApiError as error:
        raise _refusal(error) from error
    except pinecone.PineconeTimeoutError as error:
        raise SourceTimedOut(f"Pinecone: {error}") from error
    except pinecone.PineconeError as error:
        raise SourceUnavailable(f"Pinecone: {error}") from error


def _refusal(error: pinecone.ApiError) -> Exception:
    said = f"Pinecone: {error}"
    match error.status_code:
        case 401 | 403:
            return AccessDenied(said)
        case 404:
            return NotFound(said, 404)
        case 429:
            after = (error.headers or {}).get("retry-after", "")
            return RateLimited(said, float(after) if after.isdecimal() else None)
        case status if status == 408 or status >= 500:
            return SourceUnavailable(said)
    return RequestRefused(said, error.status_code)


def _instances(settings: VectorSettings) -> Iterator[tuple[bool, Instance]]:
    keys = ((False, settings.pinecone_api_key), (True, settings.pinecone_private_api_key))
    for is_private, key in keys:
        if key is not None:
            sdk = pinecone.Pinecone(
                key.get_secret_value(),
                host=settings.pinecone_base_url,
                timeout=settings.pinecone_timeout_seconds,
            )
            yield is_private, Instance(sdk)


def _require_shape(found: Any, shape: Shape) -> None:
    """An index that somebody made for another model would take what can never be found."""
    fields = found.schema.fields if found.schema else {}
    has = {
        getattr(one, "model", None) or getattr(one, "dimension", None) for one in fields.values()
    }
    wanted = shape.model or shape.dimension
    if has and wanted not in has:
        there = ", ".join(str(one) for one in has if one)
        raise ConfigError(
            f"PINECONE_INDEX_NAME: {shape.name} is there already, for {there} and not for {wanted}:"
            " take another name, or another VECTORS_MODEL"
        )


def _metadata(item: Item) -> dict[str, Any]:
    return {**item.facts, TEXT: item.text, **_digests(item)}


def _digests(item: Item) -> dict[str, str]:
    return {DIGEST: item.digest.hex(), FACTS_DIGEST: item.facts_digest.hex()}


def _filter(question: Question) -> dict[str, Any] | None:
    parts: list[dict[str, Any]] = []
    if question.collector is not None:
        parts.append({"collector": {"$eq": question.collector}})
    if question.since is not None:
        parts.append({"published": {"$gte": int(f"{question.since:%Y%m%d}")}})
    return {"$and": parts} if parts else None


def _updating(
    index: Any, space: str, vector_id: str, metadata: dict[str, Any]
) -> Callable[[], object]:
    return lambda: index.update(id=vector_id, set_metadata=metadata, namespace=space)


def _deleting(index: Any, space: str, ids: Sequence[str]) -> Callable[[], object]:
    return lambda: index.delete(ids=list(ids), namespace=space)


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def _namespace(place: Place) -> str:
    return place.namespace or DEFAULT_NAMESPACE


def _bytes(text: object) -> bytes | None:
    return bytes.fromhex(text) if isinstance(text, str) else None
