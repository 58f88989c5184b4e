"""The rooms under trial, each with a source in our hand, and what happens there."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.replay.faults import Script
from conformance.rooms import Room, rooms_of
from conformance.subject import NotApplicable, World

# Some dozen records are several batches, pages or packs, and fetched in a moment.
FEWEST, MOST = 8, 40


@dataclass(frozen=True, slots=True)
class Source:
    """A room, and the world that it collects."""

    room: Room
    world: World

    @property
    def requests(self) -> int:
        """How many it has been asked so far; 0 where it is not asked over HTTP."""
        return len(self.world.server.traffic.requests) if self.world.server else 0

    def heal(self) -> None:
        """It answers as it should again."""
        if self.world.server is not None:
            self.world.server.script = Script()


@dataclass(frozen=True, slots=True)
class History:
    """A source before and after: how many records it has, which are changed then, and which gone."""

    before: int
    after: int
    changed: Sequence[int]
    deleted: Sequence[int]

    def begin(self, world: World) -> None:
        """What was there when the room last ran."""
        world.fill(self.before)

    def go_on(self, world: World) -> None:
        """What is there now. A source that cannot do a thing does not do it."""
        world.fill(self.after)
        for index in self.changed:
            with suppress(NotApplicable):
                world.change(index)
        for index in self.deleted:
            with suppress(NotApplicable):
                world.delete(index)


def chance_of(seed: int) -> random.Random:
    """The same draws for the same seed."""
    return random.Random(seed)  # noqa: S311 - not for secrets


def draw_history(chance: random.Random) -> History:
    """Mostly growth, some changes, sometimes a deletion; a record meets one of these only."""
    before = chance.randint(FEWEST, MOST // 2)
    after = chance.randint(before, MOST)
    touched = chance.sample(range(before), chance.randint(0, 4))
    gone = chance.randint(0, min(1, len(touched)))
    return History(before, after, touched[gone:], touched[:gone])


@contextmanager
def opened_sources(root: Path, folder: Path) -> Iterator[list[Source]]:
    """Those of all rooms of the repository at `root` that have one; served until the block ends."""
    with ExitStack() as worlds:
        found = []
        for room in rooms_of(root):
            place = folder / room.name
            place.mkdir(parents=True)
            with suppress(NotApplicable):
                found.append(Source(room, worlds.enter_context(room.subject().open(place))))
        for source in found:
            source.world.fill(FEWEST)
        yield found


def environment_of(sources: Sequence[Source]) -> dict[str, str]:
    """Where the sources are, for all who collect from them."""
    return {name: text for one in sources for name, text in one.world.environment.items()}


def impatience_of(sources: Sequence[Source]) -> dict[str, str]:
    """Settings for runs whose sources may fall silent."""
    return {name: text for one in sources for name, text in one.world.impatience.items()}


def parameters_of(sources: Sequence[Source]) -> Mapping[str, Mapping[str, Any]]:
    """Of each room's flow, by the room's name."""
    return {source.room.name: dict(source.world.parameters) for source in sources}
