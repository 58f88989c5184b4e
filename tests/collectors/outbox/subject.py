"""The outbox for the conformance kit: its source is a table, which no world can fill."""

from contextlib import AbstractContextManager
from pathlib import Path

from conformance.subject import NotApplicable, World


class Subject:
    """Opens nothing."""

    collector = "outbox"

    def open(self, folder: Path) -> AbstractContextManager[World]:
        """Raises NotApplicable."""
        raise NotApplicable(f"messages are in the database itself, not in {folder}")


SUBJECT = Subject()
