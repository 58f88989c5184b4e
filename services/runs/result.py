"""What a run did, in numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.upsert import Written


@dataclass(frozen=True, slots=True)
class CollectResult:
    """Counts of a run or of a part of it; parts add up.

    `fetched` counts records that the source delivered, `quarantined` those of them that were set
    aside, and `tables` the rows written, by table.
    """

    fetched: int = 0
    quarantined: int = 0
    tables: Mapping[str, Written] = field(default_factory=dict)

    def __add__(self, other: "CollectResult") -> "CollectResult":
        names = dict.fromkeys([*self.tables, *other.tables])
        return CollectResult(
            self.fetched + other.fetched,
            self.quarantined + other.quarantined,
            {
                name: self.tables.get(name, Written()) + other.tables.get(name, Written())
                for name in names
            },
        )

    @property
    def written(self) -> Written:
        """Rows of all tables together."""
        return sum(self.tables.values(), Written())

    @property
    def counts(self) -> dict[str, int]:
        """The five numbers of the ledger, the events and the logs."""
        written = self.written
        return {
            "fetched": self.fetched,
            "inserted": written.inserted,
            "updated": written.updated,
            "unchanged": written.unchanged,
            "quarantined": self.quarantined,
        }

    @property
    def stored_nothing(self) -> bool:
        """Whether every record that was fetched had to be set aside."""
        return self.quarantined > 0 and self.fetched <= self.quarantined

    def __str__(self) -> str:
        return " ".join(f"{name}={number}" for name, number in self.counts.items())
