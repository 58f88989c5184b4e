"""The page of failure categories: what each means, whether it is tried again, who acts."""

from pathlib import Path

from authoring.reference.markdown import code, document, table
from services.errors import MEANINGS
from services.failures import is_retryable


def errors_page(_: Path) -> str:
    """One line for each category, the most serious first."""
    rows = [
        (code(category.value), meaning.what, _retry(is_retryable(category)), meaning.what_to_do)
        for category, meaning in MEANINGS.items()
    ]
    return document(
        "# Failure categories",
        "Why a run failed: in the ledger's `category`, in events, logs and alerts.",
        table(["category", "meaning", "tried again by itself", "what to do"], rows),
    )


def _retry(retried: bool) -> str:
    return "yes, after growing pauses" if retried else "no"
