"""Accounts as people name them, and what is known of whose they are: reading only."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session, aliased

from services.errors import ConfigError
from services.identity.models import (
    Decision,
    EmailAddress,
    Link,
    Match,
    PersonRow,
    Profile,
    ProfileEmail,
    ProfileName,
)

STATUSES = ("proposed", "confirmed", "rejected")
SOURCES = ("shared_email", "noreply_login", "rare_exact_name", "manual")


@dataclass(frozen=True, slots=True)
class MatchFacts:
    """Two accounts that may be one person's, as a list shows them."""

    match: int
    account: str
    other: str
    source: str
    confidence: float
    evidence: str
    status: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class FoundAccount:
    """An account and whose it is; organisations and bots are nobody's."""

    account: str
    name: str
    account_type: str
    person: int | None
    person_name: str | None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """An account of a person, why it is the person's, and all it was ever called."""

    account: str
    name: str
    source: str
    confidence: float
    linked_at: datetime
    names: Sequence[str]
    emails: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person, and everything that is the person's or may be."""

    person: int
    name: str
    accounts: Sequence[AccountFacts]
    matches: Sequence[MatchFacts]


def label(profile: Profile) -> str:
    """What people call an account: `github:octocat (583231)`, `git:ann@example.org`."""
    if profile.username and profile.username != profile.external_id:
        return f"{profile.platform}:@{profile.username} ({profile.external_id})"
    return f"{profile.platform}:{profile.external_id}"


def find_account(session: Session, name: str) -> Profile:
    """The account of this name: `PLATFORM:ID`, or `PLATFORM:@LOGIN` as it was last seen.

    Raises:
        ConfigError: there is none, or several have that login.
    """
    platform, _, rest = name.partition(":")
    if not rest:
        raise ConfigError(f"{name}: write an account as PLATFORM:ID or PLATFORM:@LOGIN")
    found = session.scalars(select(Profile).where(*_called(platform, rest)).order_by(Profile.id))
    accounts = found.all()
    if not accounts:
        raise ConfigError(f"no account is called {name}: `bdc identities find WORDS` looks for it")
    if len(accounts) > 1:
        names = " or ".join(f"{a.platform}:{a.external_id}" for a in accounts)
        raise ConfigError(f"{name} is the login of several accounts: say {names}")
    return accounts[0]


def search_accounts(session: Session, words: str, *, limit: int) -> list[FoundAccount]:
    """Accounts whose name, login, id or address, now or formerly, holds these words."""
    named = select(ProfileName.profile_id).where(
        ProfileName.value.icontains(words, autoescape=True)
    )
    addressed = (
        select(ProfileEmail.profile_id)
        .join(EmailAddress, EmailAddress.id == ProfileEmail.email_id)
        .where(EmailAddress.address.icontains(words, autoescape=True))
    )
    is_wanted = or_(
        Profile.external_id.icontains(words, autoescape=True),
        Profile.id.in_(named),
        Profile.id.in_(addressed),
    )
    query = (
        select(Profile, Link.person_id, PersonRow.display_name)
        .join(Link, Link.profile_id == Profile.id, isouter=True)
        .join(PersonRow, PersonRow.id == Link.person_id, isouter=True)
        .where(is_wanted)
        .order_by(Link.person_id, Profile.id)
        .limit(limit)
    )
    return [
        FoundAccount(label(profile), profile.display_name, profile.account_type, person, name)
        for profile, person, name in session.execute(query).tuples()
    ]


def describe_person(session: Session, person: int) -> PersonFacts:
    """A person with accounts, why they are the person's, and what is proposed or decided.

    Raises:
        ConfigError: nobody has this number, or has an account any more.
    """
    found = session.get(PersonRow, person)
    accounts = list(_accounts_of(session, person))
    if found is None or not accounts:
        raise ConfigError(f"there is no person {person} with an account")
    matches = list_matches(session, person=person)
    return PersonFacts(person, found.display_name, accounts, matches)


def list_matches(
    session: Session,
    *,
    status: str | None = None,
    source: str | None = None,
    at_least: float = 0.0,
    limit: int | None = None,
    person: int | None = None,
) -> list[MatchFacts]:
    """Pairs of accounts, the surest first."""
    one, other = aliased(Profile), aliased(Profile)
    query = (
        select(Match, one, other)
        .join(one, one.id == Match.profile_id)
        .join(other, other.id == Match.other_id)
        .where(Match.confidence >= at_least)
        .order_by(Match.confidence.desc(), Match.id)
        .limit(limit)
    )
    if status:
        query = query.where(Match.status == status)
    if source:
        query = query.where(Match.source == source)
    if person is not None:
        own = select(Link.profile_id).where(Link.person_id == person)
        query = query.where(or_(Match.profile_id.in_(own), Match.other_id.in_(own)))
    return [_match_facts(*row) for row in session.execute(query).tuples()]


def list_decisions(session: Session, *, limit: int) -> Sequence[Decision]:
    """What was decided, the newest first."""
    return session.scalars(select(Decision).order_by(Decision.id.desc()).limit(limit)).all()


def labels(session: Session, profiles: Collection[int]) -> list[str]:
    """What people call these accounts, in the order of their numbers."""
    query = select(Profile).where(Profile.id.in_(profiles)).order_by(Profile.id)
    return [label(profile) for profile in session.scalars(query)]


def _called(platform: str, rest: str) -> tuple[ColumnElement[bool], ...]:
    if rest.startswith("@"):
        return Profile.platform == platform, func.lower(Profile.username) == rest[1:].lower()
    return Profile.platform == platform, Profile.external_id == rest


def _accounts_of(session: Session, person: int) -> Iterator[AccountFacts]:
    query = (
        select(Link, Profile)
        .join(Profile, Profile.id == Link.profile_id)
        .where(Link.person_id == person)
        .order_by(Profile.id)
    )
    for link, profile in session.execute(query).tuples():
        yield AccountFacts(
            label(profile),
            profile.display_name,
            link.source,
            link.confidence,
            link.linked_at,
            _names(session, profile.id),
            _emails(session, profile.id),
        )


def _names(session: Session, profile: int) -> list[str]:
    """Newest first."""
    name = ProfileName
    query = select(name.value).where(name.profile_id == profile)
    return list(session.scalars(query.order_by(name.last_seen_at.desc(), name.kind, name.value)))


def _emails(session: Session, profile: int) -> list[str]:
    """Newest first: the first one is the account's own, so to say."""
    used = ProfileEmail
    query = select(EmailAddress.address).join(used, used.email_id == EmailAddress.id)
    newest = used.last_seen_at.desc().nulls_last()
    return list(
        session.scalars(
            query.where(used.profile_id == profile).order_by(newest, EmailAddress.address)
        )
    )


def _match_facts(match: Match, one: Profile, other: Profile) -> MatchFacts:
    return MatchFacts(
        match.id,
        label(one),
        label(other),
        match.source,
        match.confidence,
        match.evidence,
        match.status,
        match.created_at,
        match.decided_at,
    )
