"""One collection under its lock and in its ledger, as a program that tests can kill.

    python -m tests.support.collect_program DATABASE_URL REPOSITORY WORKSPACE

The lifecycle without Prefect, whose import and server would take most of the time of a test that
starts it dozens of times.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path

from services.database import open_database
from services.runs.lock import SourceLock
from services.runs.services import Ending, finish_run
from tests.support.collecting import Collecting


def main(database_url: str, repository: str, workspace: str) -> None:
    """Collect once; the first line of output says that the work begins."""
    database = open_database(database_url, application_name="collect program")
    collecting = Collecting(database, repository, Path(workspace))
    with SourceLock(database, collecting.source):
        run = collecting.run()
        sys.stdout.write("collecting\n")
        sys.stdout.flush()
        result = collecting.collector().collect(run)
        ending = Ending("completed", "collect", result.counts)
        with database.transaction() as session:
            finish_run(session, run.id or 0, ending, now=datetime.now(UTC))


main(*sys.argv[1:])
