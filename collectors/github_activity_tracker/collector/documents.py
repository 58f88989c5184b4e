"""What search finds of issues and pull requests, brought to what the tables say."""

from datetime import datetime

from collectors.github_activity_tracker import services
from services.runs.result import CollectResult
from services.runs.run import Run

# Each with all that was said in it: a batch is to stay small.
DOCUMENTS_A_BATCH = 500


def sync_documents(run: Run, source_key: str, now: datetime) -> CollectResult | None:
    """The documents that are due; None where none can be, as of a repository elsewhere."""
    with run.transaction() as session:
        found = services.find_repository(session, source_key)
    if found is None:
        return None
    total = CollectResult()
    count = DOCUMENTS_A_BATCH
    while count == DOCUMENTS_A_BATCH:
        count, part = _sync_batch(run, found.id, now)
        total += part
    return total


def _sync_batch(run: Run, repository_id: int, now: datetime) -> tuple[int, CollectResult]:
    """How many were due, and what was written; fewer than a batch were the last ones."""
    with run.transaction() as session:
        due = services.due_numbers(session, services.DOCUMENT, repository_id, DOCUMENTS_A_BATCH)
        if not due:
            return 0, CollectResult()
        tables = services.refresh_documents(session, repository_id, due, now)
        services.settle_due(session, services.DOCUMENT, repository_id, due)
    return len(due), CollectResult(tables=tables)
