"""`bdc wg21`: what is done with committee papers by hand."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cli.connection import connected
from cli.output import Json, complaints, show
from collectors.wg21_paper_tracker.parsing.metadata import read_metadata
from collectors.wg21_paper_tracker.services import store_metadata
from collectors.wg21_paper_tracker.settings import Wg21Settings
from services.errors import ConfigError
from services.settings import load_room_settings

app = App(name="wg21", help="Committee papers.")


@app.command
def import_csv(
    file: Path,
    *,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Add what a file of metadata says of papers, where the pages of the site have not said it.

    Example: `bdc wg21 import-csv papers.csv --dry-run`

    Columns: filename, paper_id, url, title, author, date, mailing_date, subgroup. Lines that say
    nothing are named on standard error, and skipped.

    Args:
        file: A CSV file, UTF-8, with a heading.
        dry_run: Write nothing, say what would change.
        json: Print JSON, for programs.
    """
    base_url = load_room_settings(Wg21Settings).base_url
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            metadata = read_metadata(lines, base_url)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    with ExitStack() as stack:
        database = stack.enter_context(connected())
        target = stack.enter_context(database.rehearse()) if dry_run else database
        session = stack.enter_context(target.transaction())
        stored = store_metadata(session, metadata, now=datetime.now(UTC))
    for line in metadata.skipped:
        complaints.print(f"bdc: {line}", markup=False)
    rows = [
        {"table": name, "inserted": w.inserted, "updated": w.updated, "unchanged": w.unchanged}
        for name, w in stored.tables.items()
    ]
    show(rows, as_json=json, empty="")
