"""From a line or a row to a record; pure functions."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a file; `key` is unique in it."""

    key: str
    title: str


@dataclass(frozen=True, slots=True)
class RejectedRecord:
    """What stands in the place of a record, and what is wrong with it."""

    key: str
    payload: Any
    reason: str


def read_line(line: bytes) -> Record | RejectedRecord:
    """A line of JSON."""
    try:
        return read_row(json.loads(line.decode("utf-8")))
    except ValueError as error:
        return _rejected(line.decode("utf-8", "backslashreplace"), str(error))


def read_row(row: Any) -> Record | RejectedRecord:
    """A row of CSV, or what a line of JSON holds. Other fields are none of our business."""
    try:
        return Record(key=_text(row, "id"), title=_text(row, "title"))
    except (TypeError, ValueError) as error:
        return _rejected(row, str(error))


def _text(row: Any, name: str) -> str:
    if not isinstance(row, Mapping):
        raise TypeError(f"a record is an object, not {type(row).__name__}")
    if not row.get(name):
        raise ValueError(f"{name} is missing")
    found = row[name]
    if not isinstance(found, str):
        raise TypeError(f"{name} is {type(found).__name__}, not str")
    return found


def _rejected(payload: Any, reason: str) -> RejectedRecord:
    """Known by a digest: the same bad line is the same dead letter, wherever it moves to."""
    shape = repr(payload).encode("utf-8", "backslashreplace")
    return RejectedRecord(blake2b(shape, digest_size=8).hexdigest(), payload, reason)
