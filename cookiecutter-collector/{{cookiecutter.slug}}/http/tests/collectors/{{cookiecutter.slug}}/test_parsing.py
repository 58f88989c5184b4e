"""What the source may send in the place of an item."""

from datetime import UTC, datetime
from typing import Any

import pytest

from collectors.{{ cookiecutter.slug }}.parsing import Item, RejectedItem, read_item

GOOD: dict[str, Any] = {"id": 7, "title": "Seven", "updated_at": "2026-01-01T01:00:00+01:00"}


def test_an_item_is_read_and_unknown_fields_are_none_of_our_business() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert read_item({**GOOD, "colour": "green"}) == Item("7", "Seven", None, at, is_deleted=False)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"id": "7"}, "id is str, not int"),
        ({"id": True}, "id is bool, not int"),
        ({"title": None}, "title is NoneType, not str"),
        ({"body": 5}, "body is int, not str"),
        ({"updated_at": "yesterday"}, "Invalid isoformat"),
        ({"updated_at": "2026-01-01T00:00:00"}, "updated_at has no time zone"),
        ({"deleted": "yes"}, "deleted is str, not bool"),
    ],
)
def test_a_field_that_is_not_what_it_should_be_is_named(
    fields: dict[str, Any], reason: str
) -> None:
    read = read_item({**GOOD, **fields})
    assert isinstance(read, RejectedItem)
    assert reason in read.reason


def test_what_has_no_id_is_the_same_letter_every_time() -> None:
    first, second = read_item(["no item"]), read_item(["no item"])
    assert isinstance(first, RejectedItem)
    assert first == second
