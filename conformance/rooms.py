"""The rooms that a repository holds, and what the kit asks of each."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from collectors import AbstractCollector
from conformance.promises import BrokenPromise
from conformance.subject import Subject
from services.catalogue import CollectorEntry, all_collectors


@dataclass(frozen=True, slots=True)
class Room:
    """A collector in the repository at `root`, whose tests are in `tests/collectors/<slug>/`."""

    entry: CollectorEntry
    root: Path

    @property
    def name(self) -> str:
        """Slug of the collector."""
        return self.entry.name

    @property
    def tests(self) -> Path:
        """The folder of its tests."""
        return self.root / "tests" / "collectors" / self.name

    @property
    def package(self) -> str:
        """Where its code is: a flow of ours lies apart from its room."""
        module = self.entry.module
        is_ours = module == f"flows.{self.name}"
        return f"collectors.{self.name}" if is_ours else module.rpartition(".")[0]

    def build(self) -> Callable[..., AbstractCollector]:
        """What makes the collector; beside the flow, which is imported."""
        made: Callable[..., AbstractCollector] = import_module(self.entry.module).build
        return made

    def flow(self) -> Any:
        """Its flow; Prefect is imported."""
        return getattr(import_module(self.entry.module), self.entry.entrypoint.rpartition(".")[2])

    def subject(self) -> Subject:
        """What the room offers the kit.

        Raises:
            BrokenPromise: nothing, or that of another room.
        """
        path = self.tests / "subject.py"
        if not path.is_file():
            raise BrokenPromise(f"{path} is missing: conformance.subject says what it holds")
        subject: Subject = _import_file(f"tests.collectors.{self.name}.subject", path).SUBJECT
        if subject.collector != self.name:
            raise BrokenPromise(f"{path} is the subject of {subject.collector}")
        return subject


def rooms_of(root: Path) -> list[Room]:
    """The collectors whose code lies in the repository at `root`, by name; others test their own."""
    entries = all_collectors(root / "collectors")
    home = root.resolve()
    return [Room(entry, root) for entry in entries if _lies_in(entry, home)]


def _lies_in(entry: CollectorEntry, home: Path) -> bool:
    """Not what is installed into an environment that lies in the repository."""
    if entry.room is None:
        return False
    place = entry.room.resolve()
    return place.is_relative_to(home) and not place.is_relative_to(Path(sys.prefix).resolve())


def _import_file(name: str, path: Path) -> Any:
    """By its path, as pytest imports test files: folders of tests need not be packages."""
    spec = spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BrokenPromise(f"{path} cannot be imported")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
