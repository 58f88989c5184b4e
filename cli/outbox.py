"""`bdc outbox`: what waits to be said outside the database."""

from datetime import UTC, datetime
from typing import Any

from cyclopts import App

from cli.connection import connected
from cli.output import Json, console, show
from services.outbox.latest import enqueue_all_again
from services.outbox.services import Backlog, backlogs, end_pauses

app = App(name="outbox", help="See what waits to be said outside the database.")


@app.command
def status(*, json: Json = False) -> None:
    """Show what waits, kind by kind: how much, how much of it has failed, since when, and why.

    Example: `bdc outbox status`
    """
    with connected() as database, database.transaction() as session:
        rows = [_row(backlog) for backlog in backlogs(session)]
    show(rows, as_json=json, empty="Nothing waits.")


@app.command
def retry(*kinds: str) -> None:
    """Have what failed sent by the next run of the outbox, without waiting for its pause to end.

    Example: `bdc outbox retry wg21_papers`

    Args:
        kinds: Of these kinds only.
    """
    with connected() as database, database.transaction() as session:
        count = end_pauses(session, kinds, datetime.now(UTC))
    console.print(f"{count} messages are due: `bdc run outbox` sends them now")


@app.command
def again(kind: str) -> None:
    """Have everything of a kind told anew, e.g. to an empty directory of exports.

    Only for kinds that tell what something is like now; those that announce say it once.

    Example: `bdc outbox again github_markdown`
    """
    with connected() as database, database.transaction() as session:
        count = enqueue_all_again(session, kind)
    console.print(f"{count} messages wait again: `bdc run outbox` sends them now")


def _row(backlog: Backlog) -> dict[str, Any]:
    return {
        "kind": backlog.kind,
        "waiting": backlog.waiting,
        "failed": backlog.failing,
        "oldest": backlog.oldest,
        "next_attempt": backlog.next_attempt_at,
        "error": backlog.error,
    }
