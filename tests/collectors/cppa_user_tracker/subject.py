"""The accounts for the conformance kit: they are in the database of a check, which no world can fill."""

from contextlib import AbstractContextManager
from pathlib import Path

from conformance.subject import NotApplicable, World


class Subject:
    """Opens nothing."""

    collector = "cppa_user_tracker"

    def open(self, folder: Path) -> AbstractContextManager[World]:
        """Raises NotApplicable."""
        raise NotApplicable(f"accounts are in the database itself, not in {folder}")


SUBJECT = Subject()
