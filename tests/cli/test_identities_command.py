"""`bdc identities`: whose accounts are whose, from the command line."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.database import Database
from services.identity.linking import Rules, examine
from services.identity.services import Person, store_people
from tests.cli.conftest import Outcome

Bdc = Callable[..., Outcome]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def person(platform: str, key: str, login: str | None, name: str, kind: str = "user") -> Person:
    return Person(platform, key, login, name, kind, "ann@x.org" if "nn" in name else None, NOW)


PEOPLE = (
    person("github", "1", "ann", "Ann Roe"),
    person("slack", "T:U", "annie", "Annie"),
    person("wg21", "ann roe", None, "Ann Roe"),
    person("github", "2", "boostorg", "Boost", "organization"),
)


@pytest.fixture
def ask(bdc: Bdc, database: Database, database_url: str) -> Callable[..., Outcome]:
    """`bdc identities` on accounts that were examined."""
    with database.transaction() as session:
        store_people(session, PEOPLE)
        examine(session, Rules(3, 5), now=NOW, most=99)
    return lambda *arguments: bdc("identities", *arguments, DATABASE_URL=database_url)


def numbers(ask: Callable[..., Outcome]) -> list[int]:
    return [row["match"] for row in ask("list", "--json").rows]


def test_list_shows_pairs_and_why(ask: Callable[..., Outcome]) -> None:
    rows = ask("list", "--json").rows
    assert [(row["source"], row["confidence"], row["status"]) for row in rows] == [
        ("shared_email", 0.9, "proposed"),
        ("shared_email", 0.9, "proposed"),
        ("shared_email", 0.9, "proposed"),
    ]
    assert len(ask("list", "--at-least", "0.95", "--json").rows) == 0
    assert len(ask("list", "--source", "shared_email", "--limit", "2", "--json").rows) == 2
    shown = ask("list")
    assert "both use the mailbox ann@x.org" in shown.out
    assert "decided" not in shown.out
    assert ask("list", "--status", "rejected").out == (
        "Nothing: `bdc run cppa_user_tracker` looks for more.\n"
    )


def test_what_is_asked_wrongly_says_all_that_is_wrong(ask: Callable[..., Outcome]) -> None:
    wrong = ask("list", "--source", "hearsay", "--at-least", "7")
    assert wrong.code == 2
    assert "--source: hearsay is none of shared_email, " in wrong.err
    assert "--at-least: 7.0 is not between 0 and 1" in wrong.err
    for arguments, said in (
        (("confirm",), "name the matches to confirm, or a --source"),
        (("confirm", "1", "--source", "manual"), "name the matches to confirm, or a --source"),
        (("reject",), "name the matches to reject"),
        (("reject", "99"), "there is no match 99: see `bdc identities list`"),
        (("split",), "name the accounts to take out"),
        (("merge", "github:1"), "one person's already"),
        (("merge", "github:1", "github:@boostorg"), "it is of type organization"),
        (("show", "github:@boostorg"), "it is of type organization"),
        (("show", "nobody"), "write an account as PLATFORM:ID"),
        (("undo", "99"), "there is no decision 99"),
        (("confirm", "1", "--by", " "), "a decision needs the name of who decides"),
    ):
        outcome = ask(*arguments)
        assert (outcome.code, said in outcome.err) == (2, True), outcome


def test_a_proposal_is_confirmed_rejected_and_taken_back(ask: Callable[..., Outcome]) -> None:
    first, *_, last = numbers(ask)
    done = ask("confirm", str(first), "--by", "eva", "--reason", "asked them")
    assert done.out.startswith("confirmed: decision 1 (`bdc identities undo 1` takes it back)")
    assert ask("confirm", str(first)).out == "nothing to do\n"
    ask("reject", str(last))
    newest, oldest = ask("history", "--json").rows
    assert (oldest["decided_by"], oldest["reason"]) == ("eva", "asked them")
    assert (newest["action"], newest["decided_by"]) == ("reject", getpass.getuser())
    assert ask("undo", str(newest["id"])).out.startswith("taken back: decision 3")
    assert "asked them" in ask("history").out
    assert "before" not in ask("history").out
    assert len(numbers(ask)) == 2


def test_all_proposals_of_a_source_are_confirmed_at_once(ask: Callable[..., Outcome]) -> None:
    assert ask("confirm", "--source", "shared_email").out == "nothing to do\n"
    done = ask("confirm", "--source", "shared_email", "--at-least", "0.9")
    assert done.out.count("confirmed: decision") == 2
    assert numbers(ask) == []
    assert len(ask("show", "github:@ann", "--json").rows["accounts"]) == 3


def test_accounts_are_merged_split_shown_and_found(ask: Callable[..., Outcome]) -> None:
    assert ask("merge", "github:@ann", "wg21:ann roe").code == 0
    shown = ask("show", "wg21:ann roe").out
    assert "Ann Roe" in shown
    assert "github:@ann (1)" in shown
    person = ask("show", "github:1", "--json").rows["person"]
    assert ask("show", str(person)).out == shown
    assert ask("split", "github:1").code == 0
    assert len(ask("show", "github:1", "--json").rows["accounts"]) == 1
    found = ask("find", "BOOST", "--json").rows
    assert [(row["account"], row["account_type"], row["person"]) for row in found] == [
        ("github:@boostorg (2)", "organization", None)
    ]
    assert len(ask("find", "ann@x", "--json").rows) == 3
    assert ask("find", "50%").out == "No account is or was called that.\n"


def test_nothing_was_decided_yet(ask: Callable[..., Outcome]) -> None:
    assert ask("history").out == "Nothing was decided yet.\n"
