"""The only code that writes this room's tables. Never commits, never asks git."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Reference
from collectors.{{ cookiecutter.slug }}.parsing import Reference
from services.upsert import Written, bulk_upsert


def store_references(
    session: Session, source_key: str, references: Collection[Reference]
) -> Written:
    """Bring the rows to these references, which are there; all others stay as they are."""
    return bulk_upsert(
        session,
        {{ cookiecutter.__class_name }}Reference,
        ("source_key", "name", "sha", "is_deleted"),
        ((source_key, one.name, one.sha, False) for one in references),
        key=("source_key", "name"),
    )


def mark_deleted(session: Session, source_key: str, present: Collection[str]) -> Written:
    """Mark the references that are not among those present."""
    table = {{ cookiecutter.__class_name }}Reference
    stored = select(table).where(table.source_key == source_key, ~table.is_deleted)
    gone = [one for one in session.scalars(stored) if one.name not in present]
    for reference in gone:
        reference.is_deleted = True
    session.flush()
    return Written(updated=len(gone))
