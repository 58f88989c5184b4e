"""Payloads → records, one by one: a bad one is set aside alone, with all that it said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from collectors.github_activity_tracker.parsing.payloads import (
    Comment,
    PullRequestDetail,
    Record,
    Review,
    ReviewComment,
)
from services.errors import RecordRejected

MOST = 2**31
R = TypeVar("R", bound=Record)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A payload that is no record; `key` tells it from the others of its stream."""

    key: str
    reason: str
    payload: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PullDetail:
    """A pull request with all its reviews; `is_gone` when GitHub has it no more."""

    number: int
    detail: PullRequestDetail | None = None
    reviews: Sequence[Review] = ()
    rejected: Sequence[Rejected] = ()
    is_gone: bool = False


def read_records(kind: type[R], payloads: Iterable[Any], id_field: str) -> list[R | Rejected]:
    """Each payload as a record of this kind, or rejected under what `id_field` holds."""
    return [read_record(kind, payload, id_field) for payload in payloads]


def read_record(kind: type[R], payload: Any, id_field: str) -> R | Rejected:
    """One payload."""
    try:
        record = msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        return Rejected(_key(payload, id_field), str(error), _as_object(payload))
    if isinstance(record, Comment | ReviewComment) and not _has_number(record):
        reason = "its address does not tell what it is a comment on"
        return Rejected(_key(payload, id_field), reason, _as_object(payload))
    return record


def read_languages(payload: Any) -> dict[str, int]:
    """Bytes of code by language.

    Raises:
        RecordRejected: it is something else.
    """
    try:
        return msgspec.convert(payload, dict[str, int])
    except msgspec.ValidationError as error:
        raise RecordRejected(f"languages are no numbers by name: {error}") from error


def newest(payloads: Sequence[Any]) -> datetime | None:
    """The latest `updated_at` of a page, whether its records are any good or not."""
    times = [found for one in payloads if (found := _updated(one)) is not None]
    return max(times, default=None)


def oldest(payloads: Sequence[Any]) -> datetime | None:
    """The earliest."""
    times = [found for one in payloads if (found := _updated(one)) is not None]
    return min(times, default=None)


def _updated(payload: Any) -> datetime | None:
    text = payload.get("updated_at") if isinstance(payload, dict) else None
    try:
        found = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        return None
    return found if found.tzinfo else None


def _has_number(record: Comment | ReviewComment) -> bool:
    try:
        return 0 < record.number < MOST
    except ValueError:
        return False


def _key(payload: Any, id_field: str) -> str:
    """What it calls itself, else a digest of it: the same payload has the same key again."""
    found = payload.get(id_field) if isinstance(payload, dict) else None
    if isinstance(found, int):
        return str(found)
    whole = repr(payload) if not isinstance(payload, dict) else repr(sorted(payload.items()))
    return f"digest:{blake2b(whole.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def _as_object(payload: Any) -> dict[str, Any]:
    return payload if isinstance(payload, dict) else {"payload": payload}
