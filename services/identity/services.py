"""The only code that writes people's profiles."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy.orm import Session

from services.identity.models import EmailAddress, Profile, ProfileEmail
from services.upsert import bulk_upsert, storable_text, stored_ids

# https://docs.github.com/en/account-and-profile/reference/email-addresses-reference
# ID+LOGIN@users.noreply.github.com since July 2017, LOGIN@… before; apps sign as NAME[bot].
GITHUB_NOREPLY = re.compile(
    r"(?:(?P<id>\d+)\+)?(?P<login>[a-z0-9-]+(?P<bot>\[bot\])?)@users\.noreply\.github\.com",
    re.IGNORECASE,
)
LONGEST_ADDRESS = 320  # RFC 3696 erratum 1690: 64 characters, @, 255 characters


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


def normalised_email(text: str) -> str | None:
    """The address in lower case without surrounding space; None when it cannot be an address."""
    address = text.strip().lower()
    return address if "@" in address.strip("@") and len(address) <= LONGEST_ADDRESS else None


def store_people(session: Session, people: Iterable[Person]) -> dict[tuple[str, str], int]:
    """Bring the profiles to what these sightings say; the profile's id by platform and external id.

    A sighting older than the one a profile was last taken from changes nothing, so the outcome does
    not depend on the order in which sightings arrive.
    """
    seen = list(people)
    bulk_upsert(
        session,
        Profile,
        ("platform", "external_id", "username", "display_name", "account_type", "observed_at"),
        (
            (p.platform, p.external_id, p.username, p.display_name, p.account_type, p.observed_at)
            for p in seen
        ),
        key=("platform", "external_id"),
        newer=("observed_at", "display_name"),
    )
    ids = stored_ids(session, Profile, ("platform", "external_id"), (p.key for p in seen))
    profiles = {
        (str(platform), str(external)): found for (platform, external), found in ids.items()
    }
    _store_emails(session, {(profiles[p.key], p.email) for p in seen if p.email})
    return profiles


def _store_emails(session: Session, pairs: set[tuple[int, str]]) -> None:
    addresses = [(address,) for _, address in pairs]
    bulk_upsert(session, EmailAddress, ("address",), addresses, key=("address",))
    ids = stored_ids(session, EmailAddress, ("address",), addresses)
    links = [(profile, ids[(address,)]) for profile, address in pairs]
    bulk_upsert(
        session, ProfileEmail, ("profile_id", "email_id"), links, key=("profile_id", "email_id")
    )


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=12).hexdigest()
