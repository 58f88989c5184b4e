"""A run that dies without a word leaves nothing that the next one does not put right."""

import os
import signal
from collections.abc import Mapping

from conformance.bench import Bench, Check, Line, spread
from conformance.children import Report
from conformance.contents import Contents
from conformance.databases import wait_until_left
from conformance.driver import NAME
from conformance.promises import BrokenPromise, require
from conformance.replay.faults import Fault
from conformance.replay.messages import Answer, Asked
from conformance.subject import World

REQUEST = "request"


def killed_anywhere(bench: Bench) -> None:
    """Killed at a step, run again, the tables are those of an undisturbed run.

    Steps are requests, programs that are started, and both sides of every commit: all of them, or
    of more than `MOST_STEPS` that many, spread evenly over the kinds and the run.
    """
    with bench.world() as world:
        wanted, steps = _undisturbed(bench, world)
        require(any(kind != REQUEST for kind, _ in steps), "the run commits nothing")
        tried = spread(steps)
        deaths = 0
        for kind, number in tried:
            with bench.line(world) as line:
                deaths += _dies(line, kind, number)
                wait_until_left(line.url, NAME)
                line.run_well()
                line.require_same(wanted, f"killed at {kind} {number}, then run again:")
        require(2 * deaths > len(tried), f"of {len(tried)} runs only {deaths} came to be killed")


def _undisturbed(bench: Bench, world: World) -> tuple[Contents, list[tuple[str, int]]]:
    """What such a run stores, and every step that it can die at."""
    with bench.line(world) as line:
        report = line.run_child()
        if not isinstance(report, Report):
            raise BrokenPromise("an undisturbed run was killed")
        require(report.outcome.status == "completed", f"undisturbed, a run is {report.outcome}")
        counted = dict(report.steps)
        if world.server:
            counted[REQUEST] = len(world.server.traffic.requests)
        steps = [(kind, n + 1) for kind, count in counted.items() for n in range(count)]
        return line.contents, steps


def _dies(line: Line, kind: str, number: int) -> bool:
    """Whether it was killed there; not where this run has fewer commits.

    Some depend on time, such as telling other processes what is left of a quota.
    """
    if kind != REQUEST:
        return line.run_child((kind, number)) is None
    child = line.start_child()
    if line.world.server is not None:
        line.world.server.script.at(number, _killing(child.pid))
    child.begin()
    require(child.report() is None, f"no request {number} to die at")
    return True


def _killing(pid: int) -> Fault:
    """The answer is made, and the one who asked is gone."""

    def fault(_: Asked, usual: Answer) -> Answer:
        os.kill(pid, signal.SIGKILL)
        return usual

    return fault


CHECKS: Mapping[str, Check] = {"killed-anywhere": killed_anywhere}
