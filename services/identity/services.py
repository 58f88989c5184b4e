"""The only code that writes people's accounts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy.orm import Session

import services.identity.models  # noqa: F401 - references to accounts take their type from there
from services.identity.keys import login_key, mailbox, name_key, normalised_email
from services.identity.sightings import Sighting, store_sightings
from services.upsert import storable_text

__all__ = ["Person", "commit_person", "normalised_email", "paper_author", "store_people"]

# https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
# ID+LOGIN@users.noreply.github.com since July 2017, LOGIN@… before; apps sign as NAME[bot].
GITHUB_NOREPLY = re.compile(
    r"(?:(?P<id>\d+)\+)?(?P<login>[a-z0-9-]+(?P<bot>\[bot\])?)@users\.noreply\.github\.com",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a source shows them, at a time."""

    platform: str
    external_id: str
    username: str | None
    display_name: str
    account_type: str
    email: str | None
    observed_at: datetime

    @property
    def key(self) -> tuple[str, str]:
        """What makes a profile one profile."""
        return self.platform, self.external_id


def commit_person(name: str, email: str, at: datetime, *, scope: str) -> Person:
    """The person that a commit's signature names.

    GitHub's noreply addresses name the account itself: by id where they hold one, else by login.
    Any other address is an identity of its own. Without one, the name stands for one person within
    `scope` (a repository) only: two people of one name are not to be merged.
    """
    name, email = storable_text(name).strip(), storable_text(email).strip()
    address = normalised_email(email)
    account = GITHUB_NOREPLY.fullmatch(email)
    if account:
        login = account["login"]
        external_id = account["id"] or f"login:{login.lower()}"
        kind = "bot" if account["bot"] else "user"
        return Person("github", external_id, login, name or login, kind, address, at)
    external_id = address or f"name:{_digest(scope, name)}"
    return Person("git", external_id, None, name, "user", address, at)


def paper_author(name: str, at: datetime) -> Person:
    """The person that a committee paper names, by name alone: namesakes cannot be told apart.

    Case, dots and space do not make another person; initials do.
    """
    shown = " ".join(storable_text(name).split())
    known_as = " ".join(shown.replace(".", " ").casefold().split())
    return Person("wg21", known_as or shown, None, shown, "user", None, at)


def store_people(session: Session, people: Iterable[Person]) -> dict[tuple[str, str], int]:
    """Bring the accounts to what these sightings say; the account's id by platform and external id.

    The newest sighting says the login, the newest one with a name says the name, and one as an
    organisation or a bot outweighs all others, so the outcome does not depend on the order in which
    sightings arrive. Every name, login and address that was seen is kept, with the newest time.
    """
    seen = list(people)
    ids = store_sightings(session, {_sighting(one) for one in seen})
    return {one.key: ids[_cleaned(one.platform), _cleaned(one.external_id)] for one in seen}


def _sighting(one: Person) -> Sighting:
    login = _cleaned(one.username or "").strip() or None
    shown = _cleaned(one.display_name).strip()
    is_named = bool(shown) and shown != login
    address = _cleaned(one.email) if one.email else None
    return Sighting(
        platform=_cleaned(one.platform),
        external_id=_cleaned(one.external_id),
        username=login,
        display_name=shown or login or "",
        account_type=one.account_type,
        observed_at=one.observed_at,
        named_at=one.observed_at if is_named else None,
        name_key=name_key(shown) if is_named else None,
        login_key=login_key(login) if login else None,
        address=address,
        mailbox=mailbox(address) if address else None,
    )


def _cleaned(value: str) -> str:
    return value if value.isascii() and "\0" not in value else storable_text(value)


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
