"""Who asks: one identity, or several that take turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Protocol

from services.errors import AccessDenied
from services.http.quota import Purse, Quotas
from services.http.settings import Auth
from services.http.wire import Answer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is about to be asked: where, from which quota, and about which version of it.

    `version_scope` is who was told the version that we know; None when we know none.
    `keeps_versions` says that whoever asks stores versions, to ask for changes only next time.
    """

    path: str
    resource: str
    version_scope: str | None = None
    keeps_versions: bool = False


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks in one try. `scope` tells credentials apart, `purse` whose quota they use.

    The two differ where credentials are renewed: a version (ETag) belongs to the credentials that
    it was told to, a quota to whom they were given to.
    """

    scope: str
    purse: str
    headers: Mapping[str, str] = field(repr=False)


class Identities(Protocol):
    """Those that a client may ask as; shared by threads."""

    @property
    def count(self) -> int:
        """How many there are."""

    def admit(self, wanted: Wanted, now: datetime) -> Identity | float:
        """The best one for this of those that may ask now, or the seconds until one of them may.

        Raises:
            AccessDenied: the source rejects all of them.
            CollectorError: one cannot be renewed.
        """

    def learn(self, who: Identity, resource: str, answer: Answer) -> None:
        """Take note of what an answer says of a quota."""

    def close(self, who: Identity, resource: str | None, now: datetime, seconds: float) -> None:
        """Ask nothing as this one for so long, of one class of resources, or of all (None)."""

    def retire(self, who: Identity, error: AccessDenied) -> bool:
        """Never use a rejected one again, if others are left; False when that was the last."""


class OneIdentity:
    """All that `auth` says is one asker: with a quota in this process, and nobody to stand in."""

    count = 1

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        self._quotas = Quotas()

    def admit(self, wanted: Wanted, now: datetime) -> Identity | float:
        """The one there is, or how long its quota stays empty."""
        who = identity(self._auth(wanted.path))
        purse = Purse(who.purse, wanted.resource)
        return self._quotas.seconds_until_open(purse, now) or who

    def learn(self, who: Identity, resource: str, answer: Answer) -> None:
        """Take note of the quota."""
        self._quotas.learn(answer, Purse(who.purse, resource))

    def close(self, who: Identity, resource: str | None, now: datetime, seconds: float) -> None:
        """Nothing for so long."""
        self._quotas.close(Purse(who.purse, resource), now, seconds)

    def retire(self, who: Identity, error: AccessDenied) -> bool:
        """There is no other."""
        del who, error
        return False


def identities(auth: Auth | Identities) -> Identities:
    """Several as they are; one made into as many."""
    return OneIdentity(auth) if callable(auth) else auth


def identity(headers: Mapping[str, str], purse: str | None = None) -> Identity:
    """Whom these headers stand for; without any, nobody in particular (an empty scope)."""
    scope = fingerprint(repr(sorted(headers.items()))) if headers else ""
    return Identity(scope, scope if purse is None else purse, headers)


def fingerprint(text: str) -> str:
    """Tells one text from another; short on purpose: it stands in tables, and must not help to guess."""
    return blake2b(text.encode(), digest_size=6).hexdigest()
