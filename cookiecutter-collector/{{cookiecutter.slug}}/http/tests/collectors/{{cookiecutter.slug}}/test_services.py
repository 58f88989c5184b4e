"""Writing the room's tables."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Item
from collectors.{{ cookiecutter.slug }}.parsing import Item
from collectors.{{ cookiecutter.slug }}.services import store_items
from services.database import Database
from services.upsert import Written

NEW = Item("1", "New", "text", datetime(2026, 1, 2, tzinfo=UTC), is_deleted=False)
OLD = Item("1", "Old", "text", NEW.updated_at - timedelta(days=1), is_deleted=False)


def store(database: Database, item: Item) -> Written:
    with database.transaction() as session:
        return store_items(session, "main", [item])


def test_storing_twice_writes_once(database: Database) -> None:
    assert store(database, NEW) == Written(inserted=1)
    assert store(database, NEW) == Written(unchanged=1)


def test_what_is_older_than_the_row_changes_nothing(database: Database) -> None:
    assert store(database, OLD) == Written(inserted=1)
    assert store(database, NEW) == Written(updated=1)
    assert store(database, OLD) == Written(unchanged=1)
    with database.transaction() as session:
        assert session.scalars(select({{ cookiecutter.__class_name }}Item.title)).all() == ["New"]
