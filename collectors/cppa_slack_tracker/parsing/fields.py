"""Reads the fields of what Slack sends, and refuses what is of another type than it promises."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from collectors.cppa_slack_tracker.parsing.records import TIMESTAMP, Rejected
from services.errors import RecordRejected

Item = Mapping[str, Any]
ID = re.compile(r"[A-Za-z0-9]{1,40}")


def mapping(value: object) -> Item:
    """The value, if it is an object.

    Raises:
        RecordRejected: it is none.
    """
    if not isinstance(value, dict):
        raise RecordRejected(f"{type(value).__name__} where an object was promised")
    return value


def text_of(item: Item, name: str) -> str | None:
    """A text; None where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    value = item.get(name)
    if value is not None and not isinstance(value, str):
        raise RecordRejected(f"{name} is {type(value).__name__}, not a text")
    return value


def required_text(item: Item, name: str) -> str:
    """A text that must be there.

    Raises:
        RecordRejected: it is missing, empty, or something else.
    """
    value = text_of(item, name)
    if not value:
        raise RecordRejected(f"{name} is missing")
    return value


def id_of(item: Item, name: str) -> str:
    """An id of Slack's, which must be there.

    Raises:
        RecordRejected: it is missing, or something else.
    """
    value = required_text(item, name)
    if not ID.fullmatch(value):
        raise RecordRejected(f"{name} is no id: {value[:30]!r}")
    return value


def optional_id(item: Item, name: str) -> str | None:
    """An id of Slack's; None where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    return id_of(item, name) if item.get(name) else None


def number_of(item: Item, name: str) -> int | None:
    """A whole number; None where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    value = item.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise RecordRejected(f"{name} is {type(value).__name__}, not a whole number")
    return value


def time_of(item: Item, name: str) -> datetime | None:
    """A time in whole seconds since 1970; None where there is none.

    Raises:
        RecordRejected: something else is there, or no time that can be.
    """
    seconds = number_of(item, name)
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise RecordRejected(f"{name} is no time: {seconds}") from error


def items_of(item: Item, name: str) -> list[Any]:
    """A list; empty where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    value = item.get(name)
    if value is not None and not isinstance(value, list):
        raise RecordRejected(f"{name} is {type(value).__name__}, not a list")
    return value or []


def part_of(item: Item, name: str) -> Item:
    """An object within; empty where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    return mapping(item.get(name) or {})


def timestamp_of(item: Item, name: str) -> str | None:
    """A timestamp as Slack writes it; None where there is none.

    Raises:
        RecordRejected: something else is there.
    """
    value = text_of(item, name)
    if value and not TIMESTAMP.fullmatch(value):
        raise RecordRejected(f"{name} is no timestamp: {value[:30]!r}")
    return value or None


def stamp(time: datetime) -> str:
    """The timestamp of a time, for comparing: they sort as they are written."""
    return f"{int(time.timestamp()):010}.{time.microsecond:06}"


def rejected_item(value: object, reason: str, ts: str | None) -> Rejected:
    """Something that cannot be understood, under its timestamp or else under what it is."""
    payload: dict[str, Any] = value if isinstance(value, dict) else {"value": value}
    named = payload.get("id")
    key = ts or (named if isinstance(named, str) and named else _digest(payload))
    return Rejected(ts, key, reason, payload)


def _digest(payload: dict[str, Any]) -> str:
    shape = json.dumps(payload, default=repr, sort_keys=True)
    return blake2b(shape.encode(), digest_size=8).hexdigest()
