"""The only code that writes this room's tables. Never commits, never reads files."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.{{ cookiecutter.slug }}.models import {{ cookiecutter.__class_name }}Record
from collectors.{{ cookiecutter.slug }}.parsing import Record
from services.database import driver_connection
from services.upsert import Written, bulk_upsert, storable_text

COLUMNS = ("source_key", "file", "key", "title", "is_deleted")


def store_records(
    session: Session, source_key: str, file: str, records: Iterable[Record]
) -> Written:
    """Bring the rows of a file to these records, which are there; the others stay as they are."""
    rows = ((source_key, file, one.key, one.title, False) for one in records)
    key = ("source_key", "file", "key")
    return bulk_upsert(session, {{ cookiecutter.__class_name }}Record, COLUMNS, rows, key=key)


def mark_deleted(session: Session, source_key: str, file: str, present: Iterable[str]) -> Written:
    """Mark the records of a file that are not among those present, which are streamed."""
    cursor = driver_connection(session).cursor()
    cursor.execute("create temp table if not exists present_key (key text) on commit delete rows")
    with cursor.copy("copy present_key from stdin") as copy:
        for key in present:
            copy.write_row((storable_text(key),))
    cursor.execute("analyze present_key")
    done = session.execute(
        text(
            """
            update {{ cookiecutter.slug }}_record r
            set is_deleted = true
            where r.source_key = :source_key and r.file = :file and not r.is_deleted
                and not exists (select from present_key p where p.key = r.key)
            returning r.key
            """
        ),
        {"source_key": source_key, "file": file},
    )
    marked = len(done.all())
    cursor.execute("delete from present_key")
    return Written(updated=marked)
