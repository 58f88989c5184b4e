"""`bdc search`: what people and programs see of what was collected."""

import json
from datetime import date

import pytest

from cli.main import execute
from services.database import Database
from services.vectors.services import Text, put_documents

SENDERS = Text(
    "p2300r10",
    "P2300R10 std::execution",
    "Senders and receivers.\nAudience: LEWG",
    "Eric Niebler",
    "https://example.org/p2300r10.html",
    date(2024, 7, 1),
)


@pytest.fixture(autouse=True)
def collected(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with database.transaction() as session:
        put_documents(session, "papers", [SENDERS])


def test_people_see_title_place_and_where_it_matches(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["search", "senders -coroutines", "--author", "niebler"]) == 0
    assert capsys.readouterr().out == (
        "P2300R10 std::execution\n"
        "  papers  2024-07-01  https://example.org/p2300r10.html\n"
        "  **Senders** and receivers. · Audience: LEWG\n"
    )


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["search", "receivers", "--since", "2024-07-01", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["key"], found["published_on"]) == ("p2300r10", "2024-07-01")


def test_nothing_found_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute(["search", "coroutines", "--collector", "papers"]) == 0
    assert capsys.readouterr().out == "Nothing was found.\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["search", " "], "there is nothing to look for"),
        (["search", "x", "--since", "May"], "--since May is no day: write it as 2026-01-31"),
        (["search", "x", "--limit", "0"], "Must be"),
    ],
)
def test_what_cannot_be_looked_for_is_said(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(arguments) == 2
    said = capsys.readouterr()
    assert complaint in said.out + said.err
