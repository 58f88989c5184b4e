"""What all processes and machines know of quotas, in PostgreSQL. Committed at once.

Rows say what the source said last, and hold nothing back: who is killed leaves nothing behind that
anybody has to clean up. Times are kept by the database's clock, since those of machines differ.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from services.database import Database
from services.http.models import HttpQuota
from services.http.quota import Allowance, Purse

ALL = ""
"""The class of resources of a limit that holds for all of them."""


@dataclass(frozen=True, slots=True)
class StoredQuotas:
    """The quotas of one source. `clock` stands in for the database's."""

    database: Database
    source: str
    clock: Callable[[], datetime] | None = None

    def read(self, now: datetime) -> Mapping[Purse, Allowance]:
        """What still counts."""
        seconds = (self._from_now(one) for one in (HttpQuota.resets_at, HttpQuota.closed_until))
        query = select(HttpQuota.scope, HttpQuota.resource, HttpQuota.remaining, *seconds).where(
            HttpQuota.source == self.source,
            func.greatest(HttpQuota.resets_at, HttpQuota.closed_until) > self._now(),
        )
        with self._outside().transaction() as session:
            rows = session.execute(query).tuples().all()
        return {
            Purse(scope, resource or None): Allowance(left, _at(now, resets), _at(now, closed))
            for scope, resource, left, resets, closed in rows
        }

    def write(self, purse: Purse, allowance: Allowance, now: datetime) -> None:
        """What we know is what counts, except that nobody opens what another has closed."""
        new = insert(HttpQuota).values(
            source=self.source,
            scope=purse.scope,
            resource=purse.resource or ALL,
            remaining=allowance.remaining,
            resets_at=self._later(allowance.resets_at, now),
            closed_until=self._later(allowance.closed_until, now),
            seen_at=self._now(),
        )
        changed = {name: new.excluded[name] for name in ("remaining", "resets_at", "seen_at")}
        closed = func.greatest(HttpQuota.closed_until, new.excluded.closed_until)
        with self._outside().transaction() as session:
            session.execute(
                new.on_conflict_do_update(
                    index_elements=["source", "scope", "resource"],
                    set_={**changed, "closed_until": closed},
                )
            )

    def _outside(self) -> Database:
        """Not in a rehearsal: what a dry run asks costs quota all the same."""
        return Database(self.database.engine)

    def _now(self) -> ColumnElement[datetime]:
        return literal(self.clock()) if self.clock else func.now()

    def _from_now(self, time: InstrumentedAttribute[datetime | None]) -> ColumnElement[Any]:
        return func.extract("epoch", time - self._now())

    def _later(self, time: datetime | None, now: datetime) -> ColumnElement[datetime] | None:
        return None if time is None else self._now() + (time - now)


def _at(now: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else now + timedelta(seconds=float(seconds))
