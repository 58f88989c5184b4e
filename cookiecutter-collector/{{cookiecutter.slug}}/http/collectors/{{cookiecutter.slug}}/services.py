"""The only code that writes this room's tables. Never commits, never asks the source."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Item
from collectors.{{ cookiecutter.slug }}.parsing import Item
from services.upsert import Written, bulk_upsert

COLUMNS = ("source_key", "key", "title", "body", "updated_at", "is_deleted")


def store_items(session: Session, source_key: str, items: Iterable[Item]) -> Written:
    """Bring the items' rows to what the source says; never to something older than is stored."""
    rows = (
        (source_key, item.key, item.title, item.body, item.updated_at, item.is_deleted)
        for item in items
    )
    return bulk_upsert(
        session,
        {{ cookiecutter.__class_name }}Item,
        COLUMNS,
        rows,
        key=("source_key", "key"),
        newer=("updated_at",),
    )
