"""Writing the room's table."""

from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Reference
from collectors.{{ cookiecutter.slug }}.parsing import Reference
from collectors.{{ cookiecutter.slug }}.services import mark_deleted, store_references
from services.database import Database
from services.upsert import Written

MAIN = Reference("refs/heads/main", "a" * 40)


def store(database: Database, *references: Reference) -> Written:
    with database.transaction() as session:
        written = store_references(session, "owner/name", references)
        return written + mark_deleted(session, "owner/name", {one.name for one in references})


def is_deleted(database: Database) -> list[bool]:
    with database.transaction() as session:
        return list(session.scalars(select({{ cookiecutter.__class_name }}Reference.is_deleted)))


def test_storing_twice_writes_once(database: Database) -> None:
    assert store(database, MAIN) == Written(inserted=1)
    assert store(database, MAIN) == Written(unchanged=1)


def test_what_is_gone_is_marked_once_and_comes_back(database: Database) -> None:
    store(database, MAIN)
    assert (store(database), is_deleted(database)) == (Written(updated=1), [True])
    assert store(database) == Written()
    assert (store(database, MAIN), is_deleted(database)) == (Written(updated=1), [False])
