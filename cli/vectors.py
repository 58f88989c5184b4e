"""`bdc vectors`: what search finds by meaning, and whether that is what the tables say."""

from typing import Annotated, Any

from cyclopts import App, Parameter

from cli.connection import connected
from cli.output import Json, console, print_json, show
from services.settings import load_room_settings
from services.vectors.settings import VectorSettings
from services.vectors.status import Status, index_status
from services.vectors.syncing import Syncing
from services.vectors.verifying import Verdict
from services.vectors.verifying import verify as verify_indexes

app = App(name="vectors", help="See, prove and rebuild the index that search asks.")
DryRun = Annotated[bool, Parameter(name="--dry-run", negative="")]
NEXT = "`bdc run cppa_pinecone_sync` does it now, the schedule does by itself"


@app.command
def status(*, json: Json = False) -> None:
    """Show the indexes there are, what waits to be indexed, and what is refused.

    Example: `bdc vectors status`
    """
    with connected() as database, database.transaction() as session:
        found = index_status(session)
    if json:
        print_json(
            {"indexes": _indexes(found), "waiting": _waiting(found), "refused": found.refused}
        )
        return
    show(_indexes(found), as_json=False, empty="Nothing is indexed yet: words alone are searched.")
    show(_waiting(found), as_json=False, empty="Nothing waits.")
    if found.refused:
        console.print(f"{found.refused} documents are refused: `bdc dead-letters list` says why")


@app.command
def verify(*, dry_run: DryRun = False, json: Json = False) -> int:
    """Compare the index with the tables, by ids and hashes, and have what differs put right.

    Nobody indexes meanwhile. Exit code 1 when something differs.

    Example: `bdc vectors verify --dry-run`

    Args:
        dry_run: Only tell.
        json: Print JSON, for programs.
    """
    settings = load_room_settings(VectorSettings)
    with connected() as database, database.transaction() as session:
        verdicts = verify_indexes(session, settings, repair=not dry_run)
    rows = [_row(verdict) for verdict in verdicts]
    show(rows, as_json=json, empty="There is no index to compare with.")
    is_right = all(verdict.is_right for verdict in verdicts)
    if not (is_right or dry_run or json):
        console.print(f"What differs is to be indexed again: {NEXT}")
    return 0 if is_right else 1


@app.command
def rebuild() -> None:
    """Build the index anew beside the one that serves, which goes on until the new one is complete.

    Example: `bdc vectors rebuild`
    """
    settings = load_room_settings(VectorSettings)
    with connected() as database:
        begun = Syncing(database.transaction, settings).begin_again()
    if begun:
        console.print(f"An index is begun and every document is to be indexed: {NEXT}")
    else:
        console.print(f"An index is being built already: {NEXT}")


def _indexes(found: Status) -> list[dict[str, Any]]:
    return [
        {
            "index": one.id,
            "kind": one.kind,
            "model": one.model,
            "dimension": one.dimension,
            "status": one.status,
            "chunks": one.chunks,
            "place": one.location,
            "since": one.since,
        }
        for one in found.indexes
    ]


def _waiting(found: Status) -> list[dict[str, Any]]:
    return [
        {"collector": one.collector, "documents": one.documents, "oldest": one.oldest}
        for one in found.lags
    ]


def _row(verdict: Verdict) -> dict[str, Any]:
    found = verdict.differences
    return {
        "index": verdict.index_id,
        "kind": verdict.kind,
        "model": verdict.model,
        "chunks": verdict.chunks,
        "waiting": verdict.waiting,
        "cut_wrong": len(verdict.cut_wrong),
        "not_told": len(verdict.not_told),
        "missing": sum(len(one.missing) for one in found),
        "foreign": sum(len(one.foreign) for one in found),
        "different": sum(len(one.different) for one in found),
        "is_right": verdict.is_right,
    }
