"""A trial, drawn from its seed: the same seed is the same trial, as far as the machine lets it."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chaos.faults import FAULTS, JUMP, Fault
from chaos.sources import History, Source, chance_of, draw_history

# A flow process is at work about two seconds after it was asked for.
LATEST_STRIKE = 4.0
SHORTEST, LONGEST = 0.3, 3.0
# A run that is at work has some dozen requests to make, of 50 ms each.
SOON = 0.7
GROUP_SHARE = 0.25
ROOMS = 2
LATENCY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Blow:
    """A fault, so many seconds after the runs were asked for, for so many seconds."""

    fault: Fault
    at: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which rooms, with which histories, started how, and what strikes them.

    The time of the blows begins when the runs are asked for, or once one of them is `at_work`.
    """

    seed: int
    sources: Sequence[Source]
    histories: Mapping[str, History]
    as_group: bool
    blows: tuple[Blow, ...]
    at_work: bool = False

    def has(self, fault: str) -> bool:
        """Whether a fault of this name is among what strikes."""
        return any(blow.fault.name == fault for blow in self.blows)

    def __str__(self) -> str:
        rooms = "a group" if self.as_group else " and ".join(one.room.name for one in self.sources)
        blows = ", ".join(f"{one.fault.name} at {one.at:.1f} s" for one in self.blows)
        return f"seed {self.seed}: {rooms}; {blows}"


def possible_faults() -> list[Fault]:
    """Those that this machine can try."""
    return [fault for fault in FAULTS if not fault.missing()]


def draw(seed: int, sources: Sequence[Source], faults: Sequence[Fault]) -> Drawn:
    """Each fault comes first once in as many seeds as there are faults; others may come with it."""
    chance = chance_of(seed)
    as_group = chance.random() < GROUP_SHARE
    chosen = list(sources) if as_group else chance.sample(list(sources), min(ROOMS, len(sources)))
    histories = {source.room.name: draw_history(chance) for source in chosen}
    kinds = [faults[seed % len(faults)], *chance.sample(list(faults), chance.randint(0, 1))]
    blows = [_blow(kind, chance) for kind in dict.fromkeys(kinds)]
    return Drawn(
        seed,
        chosen,
        histories,
        as_group and not _jumps(kinds),
        tuple(sorted(blows, key=lambda one: one.at)),
    )


def draw_in_pairs(seed: int, sources: Sequence[Source], faults: Sequence[Fault]) -> list[Drawn]:
    """Trials in which each fault strikes once, two of them one after the other in a trial.

    All begin and go on alike, so that one look at undisturbed runs will do for all; and faults
    strike once the runs are at work, however slow the machine is.
    """
    chance = chance_of(seed)
    histories = {source.room.name: draw_history(chance) for source in sources}
    kinds = chance.sample(list(faults), len(faults))
    return [
        Drawn(seed + n, sources, histories, False, _in_turn(kinds[n : n + 2], chance), at_work=True)
        for n in range(0, len(kinds), 2)
    ]


def _in_turn(kinds: Sequence[Fault], chance: random.Random) -> tuple[Blow, ...]:
    return tuple(
        Blow(kind, chance.uniform(n * SOON, (n + 1) * SOON), SOON) for n, kind in enumerate(kinds)
    )


def _jumps(kinds: Sequence[Fault]) -> bool:
    """Only runs asked for one by one can be given a clock."""
    return any(kind.name == JUMP for kind in kinds)


def _blow(fault: Fault, chance: random.Random) -> Blow:
    return Blow(fault, chance.uniform(0, LATEST_STRIKE), chance.uniform(SHORTEST, LONGEST))
