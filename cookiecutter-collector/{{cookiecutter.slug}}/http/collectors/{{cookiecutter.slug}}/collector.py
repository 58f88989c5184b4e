"""The hooks: look whether anything has changed, store what has, move the cursor."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from collectors import AbstractCollector
from collectors.{{ cookiecutter.slug }}.client import Glance, Listing, http_settings, open_listing
from collectors.{{ cookiecutter.slug }}.parsing import Item, RejectedItem, read_item
from collectors.{{ cookiecutter.slug }}.services import store_items
from collectors.{{ cookiecutter.slug }}.settings import {{ cookiecutter.__class_name }}Settings
from services.errors import ConfigError
from services.http.services import StoredValidators, store_validators
from services.runs.models import CollectorDeadLetter
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import SetAside

STREAM = "items"
# A source may show a change some time after the moment that it dates it to.
LOOKBACK = timedelta(minutes=5)
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class {{ cookiecutter.__class_name }}(AbstractCollector):
    """Collects the items of one project."""

    name: ClassVar[str] = "{{ cookiecutter.slug }}"

    def __init__(self, *, project: str, settings: {{ cookiecutter.__class_name }}Settings) -> None:
        self._project = project.strip()
        self._settings = settings

    @property
    def source_key(self) -> str:
        """The project."""
        return self._project

    def validate_config(self) -> None:
        """The project can be part of an address, and the base URL is one."""
        problems = []
        if not _PROJECT.fullmatch(self._project):
            problems.append(f"project {self._project!r} is none: letters, digits, `.`, `_`, `-`")
        try:
            http_settings(self._settings)
        except ConfigError as error:
            problems += [f"{{ cookiecutter.__env_prefix }}BASE_URL: {text}" for text in error.problems]
        if problems:
            raise ConfigError(problems)

    def collect(self, run: Run) -> CollectResult:
        """Everything that has changed since the cursor; only the whole of it moves the cursor."""
        stored = StoredValidators(run.database, self._owner)
        with open_listing(self._settings, self._project, run.progress.say) as listing:
            glance = listing.glance(stored)
            if not glance.is_same:
                self._store_changes(run, listing, glance)
        return run.result

    def replay(self, run: Run, letters: Sequence[CollectorDeadLetter]) -> CollectResult:
        """Read what the letters hold again, with the parser of today."""
        self._store(run, [read_item(letter.payload["item"]) for letter in letters])
        return run.result

    @property
    def _owner(self) -> str:
        """Whom validators belong to."""
        return f"{self.name}/{self._project}/{STREAM}"

    def _store_changes(self, run: Run, listing: Listing, glance: Glance) -> None:
        newest = self._position(run, glance.at)
        since = newest - LOOKBACK if newest else None
        with listing.changes(since) as pages:
            for page in pages:
                newest = max(filter(None, (newest, self._store(run, page))), default=None)
        self._finish(run, glance, newest)

    def _position(self, run: Run, now: datetime) -> datetime | None:
        """The newest change that is stored; one in the future is none: a clock was wrong."""
        cursor = run.read_cursor(STREAM)
        newest = datetime.fromisoformat(cursor["newest"]) if cursor else None
        return newest if newest and newest <= now else None

    def _store(self, run: Run, page: Sequence[Item | RejectedItem]) -> datetime | None:
        """One page in one transaction; when the newest of its items was changed."""
        items = [item for item in page if isinstance(item, Item)]
        rejected = [item for item in page if isinstance(item, RejectedItem)]
        with run.transaction() as session:
            written = store_items(session, self.source_key, items)
            run.set_aside(session, STREAM, [_letter(item) for item in rejected])
        run.add(CollectResult(len(page), len(rejected), {"item": written}))
        return max((item.updated_at for item in items), default=None)

    def _finish(self, run: Run, glance: Glance, newest: datetime | None) -> None:
        """The cursor and the first look, once everything is stored that this look announced.

        A change that is dated later than the look does not move the cursor there: what happens
        until that time would not be found.
        """
        with run.transaction() as session:
            if newest is not None:
                position = min(newest, glance.at).astimezone(UTC)
                run.advance_cursor(session, STREAM, {"newest": position.isoformat()})
            if glance.validator is not None:
                store_validators(session, self._owner, [glance.validator])


def _letter(item: RejectedItem) -> SetAside:
    return SetAside(item_key=item.key, payload={"item": item.payload}, error=item.reason)
