"""What a listing should have held and did not: GitHub is asked for each before it is marked."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from collectors.github_activity_tracker import services
from collectors.github_activity_tracker.collector.source import Kind, Source
from collectors.github_activity_tracker.services import Span, Stored
from services.database import Session
from services.errors import NotFound, SourceUnavailable
from services.runs.result import CollectResult


def mark_vanished(
    source: Source,
    kind: Kind,
    since: datetime,
    listed: Sequence[int],
    end: Callable[[Session], None],
) -> None:
    """Mark what is gone, deleted or moved to another repository, of what was updated `since`.

    A listing that lags leaves things out which are there: one question for each tells. `end` goes
    into the last transaction.

    Raises:
        CollectorError: as `HttpClient.send`.
    """
    span = Span(kind.span, since, source.now)
    with source.run.transaction() as session:
        missing = services.find_unlisted(session, source.repository_id, span, listed)
        if not missing:
            end(session)
            return
    gone = {key: place for key in missing for place in places(source, kind, key)}
    mark_gone(source, kind, gone, end)


def mark_gone(
    source: Source,
    kind: Kind,
    gone: dict[int, str | None],
    end: Callable[[Session], None] = lambda _: None,
) -> None:
    """Mark these, by key; where an issue has moved to.

    Raises:
        CollectorError: as `require_repository`.
    """
    if gone:
        require_repository(source)
    with source.run.transaction() as session:
        stored = kind.mark_gone(session, source.repository_id, gone, source.now)
        services.note_due(session, services.DOCUMENT, source.repository_id, stored.changed)
        end(session)
    _tell(source, kind, stored, len(gone))


def places(source: Source, kind: Kind, key: int) -> list[str | None]:
    """Where it is if it is gone from here, None for nowhere; nothing if it is here."""
    try:
        found = source.api.get(kind.listing.item_path(key)).content
    except NotFound:
        return [None]
    return [] if is_here(source, found) else [found.get("html_url")]


def is_here(source: Source, found: Any) -> bool:
    """Whether an answer is a record of this repository: GitHub leads on to where an issue has moved."""
    address = found.get("url") if isinstance(found, dict) else None
    home = f"/repos/{source.known.full_name}/".lower()
    return not isinstance(address, str) or home in address.lower()


def require_repository(source: Source) -> None:
    """To be asked once something was found to be gone: of a repository that is hidden, all is.

    Of one that was renamed, all seems to have moved.

    Raises:
        SourceUnavailable: it is not, or not any more, what it was when the run began.
        CollectorError: as `HttpClient.send`.
    """
    known = source.known
    try:
        found = source.api.get("").content
    except NotFound as error:
        raise SourceUnavailable(f"GitHub shows {known.full_name} no more") from error
    seen = (found.get("id"), found.get("full_name")) if isinstance(found, dict) else None
    if seen != (known.github_id, known.full_name):
        raise SourceUnavailable(f"{known.full_name} has got another name or place meanwhile")


def _tell(source: Source, kind: Kind, stored: Stored, count: int) -> None:
    source.run.progress.say(f"{kind.name}: {count} gone from GitHub")
    source.run.add(CollectResult(tables=stored.tables))
