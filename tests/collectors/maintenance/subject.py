"""Maintenance for the conformance kit: it has no source that a world could stand for."""

from contextlib import AbstractContextManager
from pathlib import Path

from conformance.subject import NotApplicable, World


class Subject:
    """Opens nothing."""

    collector = "maintenance"

    def open(self, folder: Path) -> AbstractContextManager[World]:
        """Raises NotApplicable."""
        raise NotApplicable(f"what is old is in the database itself, not in {folder}")


SUBJECT = Subject()
