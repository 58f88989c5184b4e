"""`bdc identities`: whose accounts are whose."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from cli.connection import connected
from cli.output import Json, console, print_json, show
from services.database import Session
from services.errors import ConfigError
from services.identity.accounts import (
    SOURCES,
    PersonFacts,
    describe_person,
    find_account,
    list_decisions,
    list_matches,
    search_accounts,
)
from services.identity.decisions import Decider
from services.identity.decisions import confirm as confirm_matches
from services.identity.decisions import merge as merge_accounts
from services.identity.decisions import reject as reject_matches
from services.identity.decisions import split as split_accounts
from services.identity.decisions import undo as undo_decision
from services.identity.models import Decision
from services.identity.people import people_of

app = App(name="identities", help="See and decide whose accounts are whose.")

Status = Literal["proposed", "confirmed", "rejected", "all"]
By = Annotated[str | None, Parameter(help="Who decides; the user of this machine otherwise.")]
Reason = Annotated[str, Parameter(help="Why, for whoever reads it later.")]
Source = Annotated[str | None, Parameter(help=f"Only from this source: {', '.join(SOURCES)}.")]
AtLeast = Annotated[float, Parameter(help="Only from this confidence on, 0 to 1.")]


@app.command(name="list")
def list_(
    *,
    status: Status = "proposed",
    source: Source = None,
    at_least: AtLeast = 0.0,
    limit: int = 100,
    json: Json = False,
) -> None:
    """List pairs of accounts that may be one person's, the surest first.

    Example: `bdc identities list --source shared_email --at-least 0.9`

    Args:
        status: What is proposed, confirmed, rejected, or all of it.
        source: Only from this source.
        at_least: Only from this confidence on.
        limit: How many.
        json: Print JSON, for programs.
    """
    _check(source, at_least)
    wanted = None if status == "all" else status
    with connected() as database, database.transaction() as session:
        found = list_matches(session, status=wanted, source=source, at_least=at_least, limit=limit)
        rows = [asdict(match) for match in found]
    if not json:
        rows = [
            {k: v for k, v in row.items() if k not in {"created_at", "decided_at"}} for row in rows
        ]
    show(rows, as_json=json, empty="Nothing: `bdc run cppa_user_tracker` looks for more.")


@app.command
def find(words: str, *, limit: int = 50, json: Json = False) -> None:
    """Find accounts by what they are or were called: name, login, id or e-mail address.

    Example: `bdc identities find "Jane Roe"`

    Args:
        words: A part of it.
        limit: How many.
        json: Print JSON, for programs.
    """
    with connected() as database, database.transaction() as session:
        rows = [asdict(found) for found in search_accounts(session, words, limit=limit)]
    show(rows, as_json=json, empty="No account is or was called that.")


@app.command(name="show")
def show_person(person: str, *, json: Json = False) -> None:
    """Show a person: accounts and why they are the person's, names, addresses, proposals.

    Example: `bdc identities show github:@octocat`

    Args:
        person: The person's number, or an account, as PLATFORM:ID or PLATFORM:@LOGIN.
        json: Print JSON, for programs.
    """
    with connected() as database, database.transaction() as session:
        facts = describe_person(session, _person(session, person))
    if json:
        print_json(asdict(facts))
        return
    _print(facts)


@app.command
def confirm(
    *matches: int,
    source: Source = None,
    at_least: AtLeast = 1.0,
    by: By = None,
    reason: Reason = "",
) -> None:
    """The accounts of these matches are one person's; without numbers, of all proposals of a source.

    Example: `bdc identities confirm 17 18 --reason "asked them"`

    Args:
        matches: Their numbers, as `bdc identities list` shows them.
        source: Instead of numbers: every proposal of this source.
        at_least: With a source: only from this confidence on.
        by: Who decides.
        reason: Why.
    """
    _check(source, at_least)
    if bool(matches) == bool(source):
        raise ConfigError("name the matches to confirm, or a --source: `bdc identities list`")
    with connected() as database, database.transaction() as session:
        wanted = matches or _proposed(session, source, at_least)
        decisions = confirm_matches(session, wanted, _decider(by, reason))
    _tell(decisions, "confirmed")


@app.command
def reject(*matches: int, by: By = None, reason: Reason = "") -> None:
    """The accounts of these matches are two people's, which is never proposed again.

    Example: `bdc identities reject 19`

    Args:
        matches: Their numbers, as `bdc identities list` shows them.
        by: Who decides.
        reason: Why.
    """
    if not matches:
        raise ConfigError("name the matches to reject: `bdc identities list` shows them")
    with connected() as database, database.transaction() as session:
        decisions = reject_matches(session, matches, _decider(by, reason))
    _tell(decisions, "rejected")


@app.command
def merge(first: str, *others: str, by: By = None, reason: Reason = "") -> None:
    """These accounts are one person's: the one whose the first account is.

    Example: `bdc identities merge github:@octocat git:octo@example.org`

    Args:
        first: An account, as PLATFORM:ID or PLATFORM:@LOGIN.
        others: The other accounts.
        by: Who decides.
        reason: Why.
    """
    _decide_accounts(merge_accounts, (first, *others), _decider(by, reason), "merged")


@app.command
def split(*accounts: str, by: By = None, reason: Reason = "") -> None:
    """These accounts of a person are somebody else's, who becomes a person of their own.

    Example: `bdc identities split git:octo@example.org`

    Args:
        accounts: Accounts, as PLATFORM:ID or PLATFORM:@LOGIN.
        by: Who decides.
        reason: Why.
    """
    if not accounts:
        raise ConfigError("name the accounts to take out: `bdc identities show` lists a person's")
    _decide_accounts(split_accounts, accounts, _decider(by, reason), "split")


@app.command
def undo(decision: int, *, by: By = None, reason: Reason = "") -> None:
    """Put everything that a decision changed back as it was.

    Example: `bdc identities undo 7`

    Args:
        decision: Its number, as `bdc identities history` shows it.
        by: Who decides.
        reason: Why.
    """
    with connected() as database, database.transaction() as session:
        number = undo_decision(session, decision, _decider(by, reason))
    _tell([number], "taken back")


@app.command
def history(*, limit: int = 50, json: Json = False) -> None:
    """List decisions, the newest first.

    Example: `bdc identities history --limit 10`

    Args:
        limit: How many.
        json: Print JSON, for programs, with what was before and after each.
    """
    with connected() as database, database.transaction() as session:
        decisions = list_decisions(session, limit=limit)
        rows = [_full(one) if json else _short(one) for one in decisions]
    show(rows, as_json=json, empty="Nothing was decided yet.")


def _decide_accounts(
    decide: Callable[[Session, Sequence[int], Decider], int],
    names: Sequence[str],
    by: Decider,
    done: str,
) -> None:
    with connected() as database, database.transaction() as session:
        accounts = [find_account(session, name).id for name in dict.fromkeys(names)]
        number = decide(session, accounts, by)
    _tell([number], done)


def _proposed(session: Session, source: str | None, at_least: float) -> list[int]:
    found = list_matches(session, status="proposed", source=source, at_least=at_least)
    return [match.match for match in found]


def _person(session: Session, name: str) -> int:
    if name.isdecimal():
        return int(name)
    account = find_account(session, name)
    owner = people_of(session, [account.id])
    if account.id not in owner:
        raise ConfigError(
            f"{name} is nobody's: it is of type {account.account_type}, or new"
            " (`bdc run cppa_user_tracker`)"
        )
    return owner[account.id]


def _decider(by: str | None, reason: str) -> Decider:
    name = (by if by is not None else getuser()).strip()
    if not name:
        raise ConfigError("--by: a decision needs the name of who decides")
    return Decider(name, reason)


def _check(source: str | None, at_least: float) -> None:
    problems = []
    if source is not None and source not in SOURCES:
        problems.append(f"--source: {source} is none of {', '.join(SOURCES)}")
    if not 0 <= at_least <= 1:
        problems.append(f"--at-least: {at_least} is not between 0 and 1")
    if problems:
        raise ConfigError(problems)


def _tell(decisions: Sequence[int], done: str) -> None:
    if not decisions:
        console.print("nothing to do")
    for number in decisions:
        console.print(f"{done}: decision {number} (`bdc identities undo {number}` takes it back)")


def _print(facts: PersonFacts) -> None:
    console.print(f"person {facts.person}: {facts.name}", markup=False)
    show([asdict(account) for account in facts.accounts], as_json=False, empty="")
    matches = [
        {
            "match": match.match,
            "account": match.account,
            "other": match.other,
            "status": match.status,
            "evidence": match.evidence,
        }
        for match in facts.matches
    ]
    show(matches, as_json=False, empty="No other account may be this person's.")


def _short(decision: Decision) -> dict[str, Any]:
    names = ("id", "decided_at", "decided_by", "action", "subject", "reason")
    return {name: getattr(decision, name) for name in names}


def _full(decision: Decision) -> dict[str, Any]:
    return {column.key: getattr(decision, column.key) for column in Decision.__table__.columns}
