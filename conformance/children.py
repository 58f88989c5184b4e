"""Runs in processes of their own, which can be killed or measured.

They are forked from a process that has imported what all of them need (Python's own fork server),
so that one costs a tenth of a second and not three.
"""

import multiprocessing
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from conformance.driver import Outcome, run_collector_once
from conformance.promises import BrokenPromise

START = "start of a program"
# Longer than any run of a world of 20,000 records on a busy machine; one that hangs is a broken promise.
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Job:
    """A run to make. It kills itself at the nth step of a kind: `die_at` is the kind and n."""

    module: str
    parameters: Mapping[str, Any]
    environment: Mapping[str, str]
    folder: Path
    die_at: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run says that came to its end: its steps by kind, and its peak of memory in bytes."""

    outcome: Outcome
    steps: Counter[str]
    peak: int


@dataclass(frozen=True, slots=True)
class Child:
    """A run under way."""

    process: multiprocessing.process.BaseProcess
    reports: Connection

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid or 0

    def begin(self) -> None:
        """Let it run: before this call it waits, so that its process can be told to others."""
        self.reports.send("go")

    def report(self) -> Report | None:
        """What it says in the end; None when it was killed.

        Raises:
            BrokenPromise: it neither ends nor dies, or ends with an error of its own.
        """
        try:
            if not self.reports.poll(PATIENCE_SECONDS):
                raise BrokenPromise(f"the run does not end within {PATIENCE_SECONDS:.0f} s")
            found: Report = self.reports.recv()
        except EOFError:
            self._killed()
            return None
        finally:
            self.process.kill()
            self.process.join()
        return found

    def _killed(self) -> None:
        self.process.join()
        if self.process.exitcode != -signal.SIGKILL:
            raise BrokenPromise(f"the run ended with exit code {self.process.exitcode}")


def start_child(job: Job) -> Child:
    """A process that is about to run; see `Child.begin`."""
    ours, theirs = multiprocessing.Pipe()
    process = _context().Process(target=_work, args=(job, theirs), daemon=True)
    process.start()
    theirs.close()
    return Child(process, ours)


@lru_cache
def _context() -> ForkServerContext:
    """Its server imports what we have imported of the rooms, once for all children."""
    context = multiprocessing.get_context("forkserver")
    rooms = sorted(name for name in sys.modules if name.startswith("flows."))
    context.set_forkserver_preload(["conformance.driver", "pytest", *rooms])
    return context


def _work(job: Job, reports: Connection) -> None:
    """In the child."""
    reports.recv()
    os.environ.update(job.environment)
    steps = _Steps(job.die_at)
    sys.addaudithook(steps.audit)
    with chdir(job.folder):
        build = import_module(job.module).build
        outcome = run_collector_once(build, dict(job.parameters), steps.take)
    reports.send(Report(outcome, steps.taken, _peak_bytes()))


class _Steps:
    """Counts steps, and dies at the chosen one."""

    def __init__(self, die_at: tuple[str, int] | None) -> None:
        self.taken: Counter[str] = Counter()
        self._die_at = die_at

    def take(self, kind: str) -> None:
        self.taken[kind] += 1
        if (kind, self.taken[kind]) == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def audit(self, name: str, arguments: object) -> None:
        del arguments
        if name == "subprocess.Popen":
            self.take(START)


def _peak_bytes() -> int:
    """From /proc: getrusage counts what the parent held when it started us."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line.split()[1] for line in lines if line.startswith("VmHWM"))
    return int(peak) * 1024
