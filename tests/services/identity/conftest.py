"""Accounts in a database of their own, examined and decided about as the platform does it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.database import Database
from services.identity.accounts import MatchFacts, find_account, list_matches
from services.identity.decisions import Decider, confirm, merge, reject, split, undo
from services.identity.linking import Examined, Rules, examine, examine_again
from services.identity.services import Person, store_people

DAY = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = (
    "identity_profile",
    "identity_profile_name",
    "identity_profile_email",
    "identity_email",
    "identity_person",
    "identity_link",
    "identity_match",
    "identity_decision",
)
EVA = Decider("eva", "asked them")


def github(number: int, login: str, name: str = "", **more: Any) -> Person:
    """An account of GitHub's."""
    return account("github", str(number), login, name or login, **more)


def git(email: str, name: str = "", **more: Any) -> Person:
    """Somebody who signs commits with an address."""
    return account("git", email, None, name, email=email, **more)


def account(
    platform: str,
    external_id: str,
    login: str | None,
    name: str,
    *,
    kind: str = "user",
    email: str | None = None,
    days: int = 0,
) -> Person:
    at = DAY + timedelta(days=days)
    return Person(platform, external_id, login, name, kind, email, at)


@dataclass(frozen=True)
class Identities:
    """One database."""

    database: Database

    def store(self, *people: Person) -> dict[tuple[str, str], int]:
        with self.database.transaction() as session:
            return store_people(session, people)

    def examine(self, *, rare: int = 3, shared: int = 5, most: int = 5000) -> Examined:
        with self.database.transaction() as session:
            return examine(session, Rules(rare, shared), now=DAY, most=most)

    def examine_again(self, **rules: int) -> Examined:
        with self.database.transaction() as session:
            examine_again(session)
        return self.examine(**rules)

    def known(self, *people: Person) -> "Identities":
        self.store(*people)
        self.examine()
        return self

    def matches(self, status: str | None = "proposed") -> list[MatchFacts]:
        with self.database.transaction() as session:
            return list_matches(session, status=status)

    def proposed(self) -> list[tuple[str, str, str]]:
        """Accounts and source of each proposal."""
        return [(m.account, m.other, m.source) for m in self.matches()]

    def ids(self, *names: str) -> list[int]:
        with self.database.transaction() as session:
            return [find_account(session, name).id for name in names]

    def people(self) -> list[list[str]]:
        """The accounts of each person, in the order of their numbers."""
        query = """
            select array_agg(p.platform || ':' || p.external_id order by p.id)
            from identity_link l join identity_profile p on p.id = l.profile_id
            group by l.person_id order by min(p.id)
        """
        return [accounts for (accounts,) in self.rows(query)]

    def confirm(self, *matches: int) -> list[int]:
        with self.database.transaction() as session:
            return confirm(session, matches or [m.match for m in self.matches()], EVA)

    def reject(self, *matches: int) -> list[int]:
        with self.database.transaction() as session:
            return reject(session, matches or [m.match for m in self.matches()], EVA)

    def merge(self, *names: str) -> int:
        accounts = self.ids(*names)
        with self.database.transaction() as session:
            return merge(session, accounts, EVA)

    def split(self, *names: str) -> int:
        accounts = self.ids(*names)
        with self.database.transaction() as session:
            return split(session, accounts, EVA)

    def undo(self, decision: int) -> int:
        with self.database.transaction() as session:
            return undo(session, decision, EVA)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.transaction() as session:
            return [tuple(row) for row in session.execute(text(query))]

    def versions(self, tables: Sequence[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
        """Where each row lies and who wrote it: the same only if nobody wrote."""
        return {name: self.rows(f"select ctid, xmin from {name} order by ctid") for name in tables}

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Whose accounts are whose and why, without our own times."""
        links = "select profile_id, person_id, source, confidence from identity_link order by 1"
        matches = """
            select profile_id, other_id, source, confidence, evidence, status, decided_at is null
            from identity_match order by 1, 2
        """
        return {"links": self.rows(links), "matches": self.rows(matches)}


@pytest.fixture
def identities(database: Database) -> Identities:
    return Identities(database)
