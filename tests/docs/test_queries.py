"""Every query of the documents runs on the tables as they are."""

import re

import pytest

from services.database import Database, read_rows
from tests.support.local_stack import ROOT

PAGES = sorted((ROOT / "docs").rglob("*.md"))
QUERIES = [
    pytest.param(query, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, query in enumerate(
        re.findall(
            r"^```sql\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ),
        1,
    )
]


@pytest.mark.parametrize("query", QUERIES)
def test_it_reads_the_tables(query: str, database: Database) -> None:
    assert read_rows(database, query.rstrip().removesuffix(";")) == []
