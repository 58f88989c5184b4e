"""`bdc search`: what was collected, found by its words and by what it means."""

from datetime import date
from typing import Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from cli.connection import connected
from cli.output import Json, complaints, console, print_json
from services.errors import ConfigError
from services.redaction import redact
from services.settings import load_room_settings
from services.vectors.searching import Found, Wanted
from services.vectors.searching import search as search_documents
from services.vectors.settings import VectorSettings

NOTHING = "Nothing was found."


def search(
    query: str,
    *,
    collector: str | None = None,
    author: str | None = None,
    since: str | None = None,
    limit: Annotated[int, Parameter(validator=Number(gte=1))] = 10,
    json: Json = False,
) -> None:
    """Find documents by their words and by what they mean, the best first.

    Example: `bdc search "senders receivers" --since 2023-01-01`

    In quotes, since it is one argument: words, "a phrase", or, and -without mean what they do in
    search engines. A phrase and -without hold for everything that is found.

    Args:
        query: What to look for.
        collector: Only what this collector has collected.
        author: Only what somebody of this name, or part of a name, has written.
        since: Only what is of this day (YYYY-MM-DD) or later.
        limit: How many to show.
        json: Print JSON, for programs.
    """
    if not query.strip():
        raise ConfigError("there is nothing to look for: `bdc search executors`")
    wanted = Wanted(query, collector, author, _day(since), limit)
    with connected() as database, database.transaction() as session:
        answer = search_documents(session, wanted, load_room_settings(VectorSettings))
    found = answer.found
    if answer.note:
        complaints.print(f"bdc: {redact(answer.note)}", markup=False)
    if json:
        print_json([_row(one) for one in found])
    elif found:
        console.print("\n\n".join(map(_shown, found)), markup=False)
    else:
        console.print(NOTHING)


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--since {text} is no day: write it as 2026-01-31") from None


def _shown(one: Found) -> str:
    where = "  ".join(str(part) for part in (one.collector, one.published_on, one.url) if part)
    return f"{one.title}\n  {where}\n  {one.snippet.replace(chr(10), ' · ')}"


def _row(one: Found) -> dict[str, Any]:
    return {
        "collector": one.collector,
        "key": one.key,
        "title": one.title,
        "author": one.author,
        "published_on": one.published_on,
        "url": one.url,
        "snippet": one.snippet,
    }
