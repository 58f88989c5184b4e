"""A pool of credentials of one source: who asks next, who rests, who is not used any more."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Protocol

from services.errors import AccessDenied, RequestRefused
from services.http.identities import Identity, Wanted, fingerprint, identity
from services.http.quota import Purse, Quotas, SharedQuotas
from services.http.wire import Answer

logger = logging.getLogger(__name__)

# Quotas that differ by less are equal: then the path decides, so that it keeps to one member.
STEP = 500


class Credentials(Protocol):
    """One member of a pool."""

    @property
    def name(self) -> str:
        """What people know it by: its kind and place in the settings, never its value."""

    @property
    def purse(self) -> str:
        """Whose quota it uses, without showing who that is."""

    @property
    def is_lasting(self) -> bool:
        """Whether it stays the same from run to run, and with it the versions it is told."""

    def headers(self, now: datetime) -> Mapping[str, str]:
        """What proves it, renewed when it is about to end.

        Raises:
            AccessDenied, RequestRefused: the source does not renew it any more.
            CollectorError: it cannot be renewed now.
        """


class LastingToken:
    """A token that somebody made, and that holds until somebody ends it."""

    is_lasting = True

    def __init__(self, name: str, token: str) -> None:
        self.name = name
        self._headers = {"Authorization": f"Bearer {token}"}
        self.purse = identity(self._headers).scope

    def headers(self, now: datetime) -> Mapping[str, str]:
        """Always the same."""
        del now
        return self._headers


class TokenPool:
    """Credentials that take turns, shared by threads; what a client is given as `auth`.

    Who may ask now goes before who has to rest. A page whose version is known is asked by whom it
    was told to, since only they are told whether it has changed; any other by who has most left,
    and one path by one member as long as they are about equal. Members whose quota is used up rest
    until it is filled, those that the source rejects are used no more.
    """

    def __init__(self, members: Sequence[Credentials], shared: SharedQuotas | None = None) -> None:
        if not members:
            raise ValueError("a pool needs members: without credentials, ask anonymously")
        self._members = tuple(members)
        self._retired: set[str] = set()
        self._lock = Lock()
        self._quotas = Quotas(shared)
        self._scopes: dict[str, str] = {}  # purse → scope of the credentials it was last used with

    @property
    def count(self) -> int:
        """How many members there are, retired ones included."""
        return len(self._members)

    def admit(self, wanted: Wanted, now: datetime) -> Identity | float:
        """See `Identities`. A member that is not renewed any more is retired on the way."""
        while True:
            waits = {one: self._seconds(one, wanted, now) for one in self._left()}
            rested = [one for one, seconds in waits.items() if seconds <= 0]
            if not rested:
                return min(waits.values())
            best = min(rested, key=lambda one: self._rank(one, wanted, now))
            try:
                return self._identity(best, now)
            except (AccessDenied, RequestRefused) as error:
                self._retire(best, error)

    def learn(self, who: Identity, resource: str, answer: Answer) -> None:
        """Take note of the quota."""
        self._quotas.learn(answer, Purse(who.purse, resource))

    def close(self, who: Identity, resource: str | None, now: datetime, seconds: float) -> None:
        """That member rests."""
        self._quotas.close(Purse(who.purse, resource), now, seconds)

    def retire(self, who: Identity, error: AccessDenied) -> bool:
        """That member is used no more; once none is left `admit` says so."""
        for one in self._members:
            if one.purse == who.purse:
                self._retire(one, error)
        return True

    def _left(self) -> list[Credentials]:
        with self._lock:
            left = [one for one in self._members if one.purse not in self._retired]
        if not left:
            names = ", ".join(one.name for one in self._members)
            raise AccessDenied(f"the source rejects all credentials: {names}")
        return left

    def _seconds(self, one: Credentials, wanted: Wanted, now: datetime) -> float:
        return self._quotas.seconds_until_open(Purse(one.purse, wanted.resource), now)

    def _rank(self, one: Credentials, wanted: Wanted, now: datetime) -> tuple[bool, bool, int, str]:
        """The least is the best. Who is equal in all else is ranked anew for each path."""
        knows = wanted.version_scope is not None and (
            self._scopes.get(one.purse, one.purse) == wanted.version_scope
        )
        left = self._quotas.left(Purse(one.purse, wanted.resource), now)
        is_unfit = wanted.keeps_versions and not one.is_lasting
        return not knows, is_unfit, -(left // STEP), fingerprint(f"{wanted.path} {one.purse}")

    def _identity(self, one: Credentials, now: datetime) -> Identity:
        who = identity(one.headers(now), one.purse)
        self._scopes[one.purse] = who.scope
        return who

    def _retire(self, one: Credentials, error: Exception) -> None:
        """Said once for each, however many threads were refused with it."""
        with self._lock:
            is_news = one.purse not in self._retired
            self._retired.add(one.purse)
        if is_news:
            logger.warning("%s is rejected and not used any more in this run: %s", one.name, error)
