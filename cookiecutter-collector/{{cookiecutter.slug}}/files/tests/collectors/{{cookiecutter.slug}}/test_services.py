"""Writing the room's table."""

from sqlalchemy import select

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Record
from collectors.{{ cookiecutter.slug }}.parsing import Record
from collectors.{{ cookiecutter.slug }}.services import mark_deleted, store_records
from services.database import Database
from services.upsert import Written

FIRST, SECOND = Record("a", "The first"), Record("b", "The second")


def store(database: Database, *records: Record) -> Written:
    with database.transaction() as session:
        return store_records(session, "/folder", "one.csv", records)


def mark(database: Database, *present: str, file: str = "one.csv") -> Written:
    with database.transaction() as session:
        return mark_deleted(session, "/folder", file, present)


def deleted(database: Database) -> list[str]:
    table = {{ cookiecutter.__class_name }}Record
    with database.transaction() as session:
        return list(session.scalars(select(table.key).where(table.is_deleted)))


def test_storing_twice_writes_once(database: Database) -> None:
    assert store(database, FIRST, SECOND) == Written(inserted=2)
    assert store(database, FIRST, SECOND) == Written(unchanged=2)


def test_what_is_gone_is_marked_once_and_comes_back(database: Database) -> None:
    store(database, FIRST, SECOND)
    assert (mark(database, "a"), deleted(database)) == (Written(updated=1), ["b"])
    assert mark(database, "a") == Written()
    assert (store(database, SECOND), deleted(database)) == (Written(updated=1), [])


def test_the_records_of_other_files_are_left_alone(database: Database) -> None:
    store(database, FIRST)
    assert mark(database, file="two.csv") == Written()
