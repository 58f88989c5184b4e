"""The workplace of one check: a room, its world, and a database for each line of runs."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from conformance.children import Child, Job, Report, start_child
from conformance.contents import Contents, difference, read_contents
from conformance.databases import Databases
from conformance.driver import Outcome, Step, run_collector_once, unwatched
from conformance.promises import require, require_equal
from conformance.replay.server import ReplayServer
from conformance.rooms import Room
from conformance.subject import NotApplicable, World
from services.database import Session, open_database

# Three pages of a typical API; no room reads so many in one piece.
SOME = 250
# Of the steps of a long run so many are tried.
MOST_STEPS = 12
# One call to a source may take that long by the settings of a world, and all of a run not longer.
BOUND_SECONDS = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """Runs one after the other on one database and one workspace.

    Impatient ones soon give up a source that does not answer.
    """

    room: Room
    world: World
    url: str
    home: Path
    impatient: bool = False

    @property
    def environment(self) -> dict[str, str]:
        """What these runs find set; nothing of the developer's own."""
        return {
            "BDC_ENVIRONMENT": "development",
            "BDC_HOME": str(self.home),
            "DATABASE_URL": self.url,
            **self.world.environment,
            **(self.world.impatience if self.impatient else {}),
        }

    def run(self, on_step: Step = unwatched) -> Outcome:
        """One run, here.

        Raises:
            BrokenPromise: it takes longer than any run of such a world may.
        """
        begun = time.monotonic()
        with self.surroundings():
            outcome = run_collector_once(self.room.build(), dict(self.world.parameters), on_step)
        took = time.monotonic() - begun
        require(took < BOUND_SECONDS, f"a run took {took:.0f} s: {outcome}")
        return outcome

    def run_well(self, on_step: Step = unwatched) -> Outcome:
        """One run, which has no reason to fail."""
        outcome = self.run(on_step)
        require_equal(outcome.status, "completed", f"a run ended as {outcome}; status")
        return outcome

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """The environment of these runs and an empty folder, with no `.env` of the developer."""
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            with chdir(self.home):
                yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def start_child(self, die_at: tuple[str, int] | None = None) -> Child:
        """One run in a process of its own, about to begin."""
        entry = self.room.entry
        job = Job(entry.module, self.world.parameters, self.environment, self.home, die_at)
        return start_child(job)

    def run_child(self, die_at: tuple[str, int] | None = None) -> Report | None:
        """One run in a process of its own; None when it was killed."""
        child = self.start_child(die_at)
        child.begin()
        return child.report()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One of the check's own, to change what the runs find."""
        database = open_database(self.url, application_name="conformance")
        try:
            with database.transaction() as session:
                yield session
        finally:
            database.close()

    @property
    def contents(self) -> Contents:
        """What the tables hold in terms of the source.

        Validators are left out: one that is missing costs a request, and where one is too many
        the records are missing.
        """
        found = read_contents(self.url)
        return {name: rows for name, rows in found.items() if name != "http_validator"}

    def require_same(self, wanted: Contents, when: str) -> None:
        """The tables hold that, no more and no less."""
        found = difference(self.contents, wanted)
        require(not found, f"{when} the tables are not those of an undisturbed run:\n{found}")


@dataclass
class Bench:
    """Everything that one check of one room needs; `api_url` is Prefect's, where it is asked for."""

    room: Room
    databases: Databases
    folder: Path
    api_url: str = ""
    _folders: int = 0

    @contextmanager
    def world(self, count: int = SOME) -> Iterator[World]:
        """A world of so many records."""
        place = self.new_folder("world")
        with self.room.subject().open(place) as world:
            world.fill(count)
            yield world

    @contextmanager
    def line(self, world: World) -> Iterator[Line]:
        """A first run on it will find nothing stored."""
        with self.databases.clone() as url:
            yield Line(self.room, world, url, self.new_folder("home"))

    def undisturbed(self, world: World) -> Contents:
        """What one run stores of the world as it is."""
        with self.line(world) as line:
            line.run_well()
            return line.contents

    def new_folder(self, kind: str) -> Path:
        """An empty one, for one use."""
        self._folders += 1
        place = self.folder / f"{kind}{self._folders}"
        place.mkdir(parents=True)
        return place


Check = Callable[[Bench], None]


def spread(steps: Sequence[T], most: int = MOST_STEPS) -> list[T]:
    """All of them, or of more than `most` that many, evenly, the first and the last among them.

    A run of hundreds of steps does the same few things over and over: a page, a batch, a commit.
    """
    if len(steps) <= most:
        return list(steps)
    return [steps[number * (len(steps) - 1) // (most - 1)] for number in range(most)]


def require_server(world: World) -> ReplayServer:
    """The replay server that is the source.

    Raises:
        NotApplicable: there is none.
    """
    if world.server is None:
        raise NotApplicable("the source is not asked over HTTP")
    return world.server
