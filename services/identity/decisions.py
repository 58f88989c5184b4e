"""What people decide about whose accounts are whose: each decision is kept, and can be taken back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations, product

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.errors import ConfigError
from services.identity.accounts import labels
from services.identity.models import Decision, Link, Match, PersonRow, Profile
from services.identity.people import examine_soon, give_people, people_of, refresh_names, take_turns
from services.identity.snapshots import (
    accounts_of,
    matches_within,
    put_back,
    require_untouched,
    snapshot,
)


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, and why in their own words."""

    name: str
    reason: str = ""


def confirm(session: Session, matches: Sequence[int], by: Decider) -> list[int]:
    """The accounts of each match are one person's, with all that is linked to them.

    A match that was rejected may be confirmed after all; one that is confirmed stays as it is. The
    numbers of the decisions.

    Raises:
        ConfigError: there is no such match, an account is no user's, or it contradicts what was
            rejected.
    """
    take_turns(session)
    wanted = [match for match in _matches(session, matches) if match.status != "confirmed"]
    return [_confirm(session, match, by) for match in wanted if match.status != "confirmed"]


def reject(session: Session, matches: Sequence[int], by: Decider) -> list[int]:
    """The accounts of each match are two people's; it is never proposed again.

    The numbers of the decisions.

    Raises:
        ConfigError: there is no such match, or it is confirmed.
    """
    take_turns(session)
    found = _matches(session, matches)
    confirmed = [str(match.id) for match in found if match.status == "confirmed"]
    if confirmed:
        raise ConfigError(
            f"match {', '.join(confirmed)} is confirmed: `bdc identities undo` takes that back,"
            " `bdc identities split` takes an account out of a person"
        )
    return [_reject(session, match, by) for match in found if match.status == "proposed"]


def merge(session: Session, profiles: Sequence[int], by: Decider) -> int:
    """These accounts, with all that is linked to them, are the person's whose the first one is.

    Raises:
        ConfigError: there is nothing to merge, an account is no user's, or it contradicts what was
            rejected.
    """
    take_turns(session)
    people = _require_people(session, profiles)
    first, *others = dict.fromkeys(people[profile] for profile in profiles)
    if not others:
        raise ConfigError("these accounts are one person's already")
    subject = " and ".join(labels(session, profiles))
    with _decided(session, "merge", subject, profiles, by) as number:
        _join(session, first, others, "manual", 1.0)
        for other in profiles[1:]:
            _state(session, profiles[0], other, "confirmed", f"merged by {by.name}")
    return number[0]


def split(session: Session, profiles: Sequence[int], by: Decider) -> int:
    """These accounts of a person are another person's.

    Raises:
        ConfigError: they are not one person's, or are all that the person has.
    """
    take_turns(session)
    people = _require_people(session, profiles)
    if len(set(people.values())) > 1:
        raise ConfigError("these accounts are of several people: split one person at a time")
    staying = accounts_of(session, people.values()) - set(profiles)
    if not staying:
        raise ConfigError(f"{labels(session, profiles)[0]}: its person would have no account left")
    subject = f"{', '.join(labels(session, profiles))} out of person {people[profiles[0]]}"
    with _decided(session, "split", subject, profiles, by) as number:
        _part(session, people[profiles[0]], set(profiles))
        for one, other in product(sorted(set(profiles)), sorted(staying)):
            _state(session, one, other, "rejected", f"split by {by.name}")
    return number[0]


def undo(session: Session, decision: int, by: Decider) -> int:
    """Put everything that a decision changed back as it was.

    Raises:
        ConfigError: there is no such decision, it was taken back already, or a later one has
            changed the same accounts.
    """
    take_turns(session)
    found = session.get(Decision, decision)
    if found is None:
        raise ConfigError(f"there is no decision {decision}: `bdc identities history` lists them")
    if found.action == "release":
        raise ConfigError(f"decision {decision} cannot be taken back: {found.subject}")
    require_untouched(session, found)
    concerned = [int(profile) for profile in found.after["links"]]
    subject = f"decision {decision} ({found.action} {found.subject})"
    with _decided(session, "undo", subject, concerned, by, undoes=decision) as number:
        put_back(session, found.before, found.after)
    return number[0]


def _confirm(session: Session, match: Match, by: Decider) -> int:
    pair = [match.profile_id, match.other_id]
    people = _require_people(session, pair)
    with _decided(session, "confirm", _subject(session, match), pair, by) as number:
        _decide(session, match, "confirmed")
        first, second = sorted(people.values())
        if first != second:
            _join(session, first, [second], match.source, match.confidence)
    return number[0]


def _reject(session: Session, match: Match, by: Decider) -> int:
    pair = [match.profile_id, match.other_id]
    with _decided(session, "reject", _subject(session, match), pair, by) as number:
        _decide(session, match, "rejected")
    return number[0]


@contextmanager
def _decided(
    session: Session,
    action: str,
    subject: str,
    profiles: Sequence[int],
    by: Decider,
    undoes: int | None = None,
) -> Iterator[list[int]]:
    """Keeps what the block does to the people of these accounts; its number, when it has ended."""
    concerned = accounts_of(session, people_of(session, profiles).values()) | set(profiles)
    before = snapshot(session, concerned)
    number: list[int] = []
    yield number
    session.flush()
    after = snapshot(session, concerned)
    refresh_names(session, {person for state in (before, after) for person in _people_in(state)})
    examine_soon(session, concerned)
    decision = Decision(
        action=action,
        subject=subject,
        decided_by=by.name,
        reason=by.reason,
        before=before,
        after=after,
        undoes_id=undoes,
    )
    session.add(decision)
    session.flush()
    number.append(decision.id)


def _people_in(state: dict[str, dict[str, list[int]]]) -> Iterator[int]:
    return (person for person, *_ in state["links"].values())


def _join(
    session: Session, first: int, others: Sequence[int], source: str, confidence: float
) -> None:
    """Give the accounts of `others` to the first; proposals inside of it are thereby confirmed."""
    _require_not_apart(session, [first, *others])
    for link in session.scalars(select(Link).where(Link.person_id.in_(others))):
        link.person_id = first
        if link.source == "account":
            link.source, link.confidence = source, confidence
    session.flush()
    for match in matches_within(session, accounts_of(session, [first])):
        if match.status == "proposed":
            _decide(session, match, "confirmed")


def _part(session: Session, person: int, leaving: set[int]) -> None:
    """Give these accounts to a new person."""
    old = session.get_one(PersonRow, person)
    new = PersonRow(display_name=old.display_name)
    session.add(new)
    session.flush()
    for profile in leaving:
        link = session.get_one(Link, profile)
        link.person_id, link.source, link.confidence = new.id, "manual", 1.0


def _state(session: Session, one: int, other: int, status: str, evidence: str) -> None:
    """Bring what is known of two accounts to what somebody says of them."""
    low, high = sorted((one, other))
    found = select(Match).where(Match.profile_id == low, Match.other_id == high)
    match = session.scalars(found).one_or_none()
    if match is None:
        match = Match(profile_id=low, other_id=high, source="manual", confidence=1.0)
        match.evidence = evidence
        session.add(match)
    _decide(session, match, status)


def _decide(session: Session, match: Match, status: str) -> None:
    match.status = status
    match.decided_at = session.scalar(select(func.now()))
    session.flush()


def _require_not_apart(session: Session, people: Sequence[int]) -> None:
    """That nobody has said that two of these are two."""
    found = [
        str(match.id)
        for one, other in combinations(people, 2)
        for match in matches_within(session, accounts_of(session, [one, other]))
        if match.status == "rejected"
    ]
    if found:
        raise ConfigError(
            f"match {', '.join(dict.fromkeys(found))} says that they are not one person:"
            " `bdc identities confirm` takes that back"
        )


def _require_people(session: Session, profiles: Sequence[int]) -> dict[int, int]:
    """The person of each; one that is new is given its own."""
    give_people(session, profiles)
    people = people_of(session, profiles)
    for profile in profiles:
        if profile not in people:
            account = session.get_one(Profile, profile)
            name = labels(session, [profile])[0]
            raise ConfigError(
                f"{name} is no person's account: it is of type {account.account_type}"
            )
    return people


def _matches(session: Session, numbers: Sequence[int]) -> list[Match]:
    found = [(number, session.get(Match, number)) for number in dict.fromkeys(numbers)]
    missing = [str(number) for number, match in found if match is None]
    if missing:
        raise ConfigError(f"there is no match {', '.join(missing)}: see `bdc identities list`")
    return [match for _, match in found if match is not None]


def _subject(session: Session, match: Match) -> str:
    return f"match {match.id}: {' and '.join(labels(session, [match.profile_id, match.other_id]))}"
