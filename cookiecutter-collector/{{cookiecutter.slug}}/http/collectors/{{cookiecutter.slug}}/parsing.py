"""From what the source sends to records; pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the source has it; `is_deleted`: it says that there was one."""

    key: str
    title: str
    body: str | None
    updated_at: datetime
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """What the source sent in the place of an item, and what is wrong with it."""

    key: str
    payload: Any
    reason: str


def read_item(payload: Any) -> Item | RejectedItem:
    """One element of a page. Fields that we do not know are none of our business."""
    try:
        return _item(payload)
    except (TypeError, ValueError) as error:
        return RejectedItem(_key(payload), payload, str(error))


def _item(payload: Any) -> Item:
    if not isinstance(payload, Mapping):
        raise TypeError(f"an item is an object, not {type(payload).__name__}")
    return Item(
        key=str(_field(payload, "id", int)),
        title=_field(payload, "title", str),
        body=_field(payload, "body", str) if payload.get("body") is not None else None,
        updated_at=_time(payload, "updated_at"),
        is_deleted=_field(payload, "deleted", bool) if "deleted" in payload else False,
    )


def _field(payload: Mapping[str, Any], name: str, kind: type) -> Any:
    """Exactly of this type: true is no number."""
    if name not in payload:
        raise ValueError(f"{name} is missing")
    if type(payload[name]) is not kind:
        raise TypeError(f"{name} is {type(payload[name]).__name__}, not {kind.__name__}")
    return payload[name]


def _time(payload: Mapping[str, Any], name: str) -> datetime:
    time = datetime.fromisoformat(_field(payload, name, str))
    if time.tzinfo is None:
        raise ValueError(f"{name} has no time zone")
    return time


def _key(payload: Any) -> str:
    """The id, else a digest: the same broken item is the same dead letter in every run."""
    if isinstance(payload, Mapping) and type(payload.get("id")) is int:
        return str(payload["id"])
    return blake2b(repr(payload).encode("utf-8", "replace"), digest_size=8).hexdigest()
