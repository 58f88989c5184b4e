"""The index for the conformance kit: its source is a table, which no world can fill."""

from contextlib import AbstractContextManager
from pathlib import Path

from conformance.subject import NotApplicable, World


class Subject:
    """Opens nothing."""

    collector = "cppa_pinecone_sync"

    def open(self, folder: Path) -> AbstractContextManager[World]:
        """Raises NotApplicable."""
        raise NotApplicable(f"documents are in the database itself, not in {folder}")


SUBJECT = Subject()
