"""How a collector tells how far it is, without knowing who listens."""

from datetime import datetime
from typing import Protocol


class Progress(Protocol):
    """Somebody who shows how a long collection comes along."""

    def expect(self, total: int, unit: str) -> None:
        """`total` more `unit` are to come."""

    def advance(self, amount: int) -> None:
        """`amount` of them are stored."""

    def say(self, text: str, until: datetime | None = None) -> None:
        """What the collector is doing now; `until` when, if it is waiting, e.g. for a quota."""


class NullProgress:
    """Nobody listens."""

    def expect(self, total: int, unit: str) -> None:
        """Nothing."""

    def advance(self, amount: int) -> None:
        """Nothing."""

    def say(self, text: str, until: datetime | None = None) -> None:
        """Nothing."""


class ProgressGroup:
    """Several listeners as one."""

    def __init__(self, *members: Progress) -> None:
        self.members = members

    def expect(self, total: int, unit: str) -> None:
        """Tell all."""
        for member in self.members:
            member.expect(total, unit)

    def advance(self, amount: int) -> None:
        """Tell all."""
        for member in self.members:
            member.advance(amount)

    def say(self, text: str, until: datetime | None = None) -> None:
        """Tell all."""
        for member in self.members:
            member.say(text, until)
