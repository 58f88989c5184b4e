"""`bdc wg21 import-csv`: a file of metadata, from the command line."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from services.database import Database
from tests.cli.conftest import Outcome

Bdc = Callable[..., Outcome]
BASE = "https://www.open-std.org/jtc1/sc22/wg21/docs/papers/2020/"
CONTENT = f"""Paper_ID,URL,Title,Author
p1r0,{BASE}p1r0.pdf,Köln,"Ann Lee, Bob Roe"
p2r0,,No address,
"""


def titles(database: Database) -> list[str]:
    with database.transaction() as session:
        return list(session.scalars(text("select title from wg21_paper_tracker_paper")))


def test_a_file_is_imported_and_lines_without_a_meaning_are_named(
    bdc: Bdc, database: Database, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "metadata.csv"
    file.write_text(CONTENT, encoding="utf-8-sig")
    done = bdc("wg21", "import-csv", str(file), "--json", DATABASE_URL=database_url)
    assert (done.code, titles(database)) == (0, ["Köln"])
    assert done.err == "bdc: line 3: there is no url\n"
    assert {row["table"]: row["inserted"] for row in done.rows}["author"] == 2


def test_a_dry_run_writes_nothing(
    bdc: Bdc, database: Database, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "metadata.csv"
    file.write_text(CONTENT)
    done = bdc("wg21", "import-csv", str(file), "--dry-run", DATABASE_URL=database_url)
    assert (done.code, titles(database)) == (0, [])
    assert "paper" in done.out


def test_a_file_that_cannot_be_read_is_said_in_one_line(
    bdc: Bdc, database_url: str, tmp_path: Path
) -> None:
    done = bdc("wg21", "import-csv", str(tmp_path / "none.csv"), DATABASE_URL=database_url)
    assert (done.code, done.err.count("\n")) == (2, 1)
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    done = bdc("wg21", "import-csv", str(file), DATABASE_URL=database_url)
    assert (done.code, done.err) == (1, "bdc: the file has no column paper_id and no column url\n")
    file.write_bytes(b"\xff\xfe")
    assert bdc("wg21", "import-csv", str(file), DATABASE_URL=database_url).code == 2
