"""What a room offers the kit: its source, in the test's hand.

A room's tests hold `subject.py` in `tests/collectors/<slug>/`, with `SUBJECT`, a `Subject`.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

from conformance.replay.server import ReplayServer

Spoiling = Literal["missing", "wrong_type", "extra", "nul", "surrogate"]
"""How a record is spoilt: a required field is missing, or of a wrong type; a field that nobody knows
is there; a text holds a NUL character, or half of a surrogate pair (in bytes: invalid UTF-8)."""


class NotApplicable(Exception):
    """The source cannot do that, whatever happens; the text says why.

    The check then needs an entry under `Exempt:` in the room's docstring.
    """


class World(Protocol):
    """One source, empty when it is opened, and how the collector is pointed at it.

    Records are numbered from 0 and are always the same ones: `fill(3)` holds the first three of
    `fill(10)`. Their times lie in the past, two days ago or more; what `change` and `delete` do
    happens now. All methods may be called while the collector reads, from another thread.
    """

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings as environment variables: the source's address, credentials that it accepts.

        They also make the room pause between tries for less than a second.
        """

    @property
    def impatience(self) -> Mapping[str, str]:
        """Settings on top of these for runs on a source that does not answer at all.

        They make the room give up within two seconds. Other runs wait as long as in production: a
        busy machine holds up a source in this process for longer than that.
        """

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Parameters of the flow, which the `build` function of its module takes as well."""

    @property
    def server(self) -> ReplayServer | None:
        """The replay server that is the source; None where the source is not asked over HTTP."""

    def fill(self, count: int) -> None:
        """Let the source hold the first `count` records, as they were before any change."""

    def change(self, index: int) -> None:
        """Change a record, so that its row must change; a second time it changes once more.

        Raises:
            NotApplicable: records of this source never change.
        """

    def delete(self, index: int) -> None:
        """Take a record away.

        Raises:
            NotApplicable: the source does not tell whether a record is still there.
        """

    def spoil(self, index: int, how: Spoiling) -> None:
        """Let the source deliver the record in bad shape from now on.

        Raises:
            NotApplicable: no record of this source can be spoilt like that.
        """


class Subject(Protocol):
    """A room's part of the kit."""

    @property
    def collector(self) -> str:
        """Slug of the room."""

    def open(self, folder: Path) -> AbstractContextManager[World]:
        """A world of its own, in an empty folder; served until the block ends."""
