"""`bdc archive`: what sources have answered, as it is kept."""

from typing import Any

from cyclopts import App

from cli.connection import connected
from cli.output import Json, complaints, console, show
from services.archive.place import ArchivePlace, open_archive
from services.archive.reading import damage
from services.archive.services import Holding, find_segments, holdings
from services.errors import ConfigError
from services.settings import load_settings

app = App(name="archive", help="See what is kept of what sources have answered.")


@app.command(name="list")
def list_(*, json: Json = False) -> None:
    """Show what there is, source by source.

    Example: `bdc archive list`
    """
    with connected() as database, database.transaction() as session:
        rows = [_row(holding) for holding in holdings(session)]
    show(rows, as_json=json, empty="Nothing is archived.")


@app.command
def verify(*collectors: str) -> int:
    """Read every segment, and name those that are missing or are not what was written.

    Example: `bdc archive verify wg21_paper_tracker`

    Args:
        collectors: Of these only.
    """
    place = _place()
    with connected() as database, database.transaction() as session:
        found = find_segments(session)
    chosen = [one for one in found if not collectors or one.collector in collectors]
    broken = {one.path: problem for one in chosen if (problem := damage(place, one))}
    for path, problem in broken.items():
        complaints.print(f"{path} {problem}", markup=False)
    console.print(f"{len(chosen)} segments in {place.url}, {len(broken)} damaged", markup=False)
    return 1 if broken else 0


def _place() -> ArchivePlace:
    place = open_archive(load_settings())
    if place is None:
        raise ConfigError("RAW_ARCHIVE_URL is none: say where the archive lies to read it")
    return place


def _row(holding: Holding) -> dict[str, Any]:
    return {
        "collector": holding.collector,
        "source": holding.source_key,
        "runs": holding.runs,
        "segments": holding.segments,
        "answers": holding.exchanges,
        "bytes": holding.bytes,
        "first": holding.first_at,
        "last": holding.last_at,
    }
