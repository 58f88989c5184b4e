"""Writing the room's table."""

from collectors.{{ cookiecutter.slug }}.services import record_run
from services.database import Database


def test_each_source_has_a_count_of_its_own(database: Database) -> None:
    with database.transaction() as session:
        counts = [record_run(session, source_key=key) for key in ("alpha", "alpha", "beta")]
    assert counts == [1, 2, 1]
