"""One check of a copy of the sample room, in a process of its own."""

import multiprocessing
import os
import shutil
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

from conformance.bench import Bench
from conformance.checks import CHECKS
from conformance.databases import Databases
from conformance.promises import BrokenPromise
from conformance.rooms import rooms_of
from tests.conformance.mutations import ROOM

SAMPLE = Path(__file__).with_name("sample")


@dataclass(frozen=True, slots=True)
class Errand:
    """A check of the room in the repository at `root`."""

    root: Path
    check: str
    databases: Databases
    folder: Path
    api_url: str = ""


def copy_sample(root: Path) -> Path:
    """A repository of its own at `root`."""
    shutil.copytree(SAMPLE, root, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def broken_by(errand: Errand) -> str | None:
    """What the check says; None when the promise is kept."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["conformance.checks", "pytest"])
    return _ask(context, errand)


def _ask(context: ForkServerContext, errand: Errand) -> str | None:
    ours, theirs = context.Pipe()
    process = context.Process(target=_check, args=(errand, theirs))
    process.start()
    theirs.close()
    try:
        said: str | None = ours.recv()
    finally:
        process.join()
    return said


def _check(errand: Errand, answer: Connection) -> None:
    """In the process, whose environment is not that of the test: the copy is found first."""
    sys.path.insert(0, str(errand.root))
    os.environ["BDC_SCHEDULE"] = str(errand.root / "schedule.yaml")
    (room,) = (room for room in rooms_of(errand.root) if room.name == ROOM)
    bench = Bench(room, errand.databases, errand.folder, errand.api_url)
    try:
        CHECKS[errand.check](bench)
    except BrokenPromise as error:
        answer.send(str(error))
    else:
        answer.send(None)
