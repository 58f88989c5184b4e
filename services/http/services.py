"""The only code that writes validators, and what reads them.

Forgetting one is safe: the page is fetched again. Storing one without what its page held is not:
the source would say "not modified" for ever. So one goes into the transaction of the data.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from services.database import Database
from services.http.messages import Validator
from services.http.models import HttpValidator
from services.upsert import Written, bulk_upsert


@dataclass(frozen=True, slots=True)
class StoredValidators:
    """What `owner` has stored. Another owner may ask for the same page, and has not stored it.

    Reads in a transaction of its own, in the thread of whoever asks.
    """

    database: Database
    owner: str

    def find(self, page: str) -> Validator | None:
        """The one stored last."""
        columns = (
            HttpValidator.page,
            HttpValidator.url,
            HttpValidator.scope,
            HttpValidator.etag,
            HttpValidator.last_modified,
        )
        query = select(*columns).where(
            HttpValidator.owner == self.owner, HttpValidator.page == page
        )
        with self.database.transaction() as session:
            found = session.execute(query).one_or_none()
        return Validator(*found) if found else None


def store_validators(session: Session, owner: str, validators: Iterable[Validator]) -> Written:
    """Remember which versions `owner` stores in this very transaction; never commits.

    One version a page: the next one, also one told to other credentials, takes its place.
    """
    rows = ((owner, v.page, v.url, v.scope, v.etag, v.last_modified) for v in validators)
    columns = ("owner", "page", "url", "scope", "etag", "last_modified")
    return bulk_upsert(session, HttpValidator, columns, rows, key=("owner", "page"))


def forget_validators(session: Session, owner: str) -> None:
    """Fetch everything again next time, e.g. because it is to be parsed in another way."""
    session.execute(delete(HttpValidator).where(HttpValidator.owner == owner))
