"""From what Acme sends to records."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.errors import RecordRejected


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice; one that was taken down has neither title nor text."""

    id: int
    updated_at: datetime
    title: str
    text: str
    is_deleted: bool


@dataclass(frozen=True, slots=True)
class Rejected:
    """A notice that is not what Acme promises."""

    key: str
    payload: dict[str, Any]
    reason: str


def parse_notice(item: Any) -> Notice | Rejected:
    """The record, or why it is none."""
    try:
        return _parse(_typed(item, dict, "the notice"))
    except RecordRejected as error:
        payload = item if isinstance(item, dict) else {"item": item}
        return Rejected(str(payload.get("id", "?")), payload, str(error))


def _parse(item: Mapping[str, Any]) -> Notice:
    is_deleted = item.get("deleted", False) is True
    return Notice(
        id=_typed(item.get("id"), int, "id"),
        updated_at=_time(item.get("updated_at")),
        title="" if is_deleted else _typed(item.get("title"), str, "title"),
        text="" if is_deleted else _typed(item.get("text"), str, "text"),
        is_deleted=is_deleted,
    )


def _typed(value: Any, kind: type, name: str) -> Any:
    if not isinstance(value, kind):
        raise RecordRejected(f"{name} is {type(value).__name__}, not {kind.__name__}")
    return value


def _time(value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(_typed(value, str, "updated_at"))
    except ValueError:
        raise RecordRejected("updated_at is no time") from None
    if found.tzinfo is None:
        raise RecordRejected("updated_at has no time zone")
    return found
