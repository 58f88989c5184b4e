"""`make soak`: schedules as dense as the machine bears, for an hour; the memory of what stays up is flat.

Exits with 1 when the worker, the Prefect server or the status page holds more in the last quarter
than it should, measured from the end of the first quarter, when everything has warmed up.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from chaos.runs import ask_for
from chaos.sources import Source, chance_of, draw_history, opened_sources
from chaos.stand import ROOT, Stand, standing
from cli.output import show

ROUND_SECONDS = 5.0
# What allocators keep and caches grow to; a leak of one run's data shows as many times that.
GROWTH = 1.15
MEBIBYTE = 1 << 20


@dataclass
class Memory:
    """Resident bytes of each long-lived process, round by round."""

    readings: dict[str, list[int]] = field(default_factory=dict)

    def read(self, processes: Mapping[str, psutil.Process]) -> None:
        """One round."""
        for name, process in processes.items():
            self.readings.setdefault(name, []).append(process.memory_info().rss)

    def rows(self) -> list[dict[str, object]]:
        """What each held when it was warm, and at the end, in MiB."""
        return [_row(name, found) for name, found in self.readings.items()]


def main() -> int:
    """Collect for the given time, and tell."""
    parser = argparse.ArgumentParser(prog="python -m chaos.soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    seconds = parser.parse_args().minutes * 60
    with tempfile.TemporaryDirectory(prefix="bdc-soak-", ignore_cleanup_errors=True) as base:
        home = Path(base).resolve()
        with opened_sources(ROOT, home / "sources") as sources, standing(home, sources) as stand:
            memory, runs = _soaked(stand, sources, seconds)
    rows = memory.rows()
    show(rows, as_json=False, empty="nothing measured")
    print(f"{runs} runs asked for")
    return 1 if any(float(str(row["growth"])) > GROWTH for row in rows) else 0


def _soaked(stand: Stand, sources: Sequence[Source], seconds: float) -> tuple[Memory, int]:
    memory, runs, end = Memory(), 0, time.monotonic() + seconds
    with closing(httpx.Client(trust_env=False)) as reader:
        while time.monotonic() < end:
            _ask(stand, sources, runs)
            runs += len(sources)
            for path in ("", "health/", "metrics"):
                reader.get(f"{stand.page.url}{path}", timeout=30)
            memory.read(_processes(stand))
            _wait_for_room(stand, ROUND_SECONDS)
    return memory, runs


def _ask(stand: Stand, sources: Sequence[Source], number: int) -> None:
    """Each round finds something else at its source."""
    for source in sources:
        draw_history(chance_of(number)).go_on(source.world)
    ask_for(stand, sources, {})


def _wait_for_room(stand: Stand, at_least: float) -> None:
    """Dense, without a queue that grows for ever."""
    time.sleep(at_least)
    while len(stand.engines()) > len(stand.sources):
        time.sleep(1)


def _processes(stand: Stand) -> dict[str, psutil.Process]:
    found: dict[str, psutil.Process] = {}
    for record in stand.records.read():
        if (process := record.find()) is not None:
            found[f"{record.name} {sum(one.startswith(record.name) for one in found) + 1}"] = (
                process
            )
    return found


def _row(name: str, found: Sequence[int]) -> dict[str, object]:
    quarter = max(1, len(found) // 4)
    warm = statistics.median(found[quarter : 2 * quarter] or found)
    last = statistics.median(found[-quarter:])
    return {
        "process": name,
        "warm_mib": round(warm / MEBIBYTE),
        "end_mib": round(last / MEBIBYTE),
        "growth": round(last / warm, 3),
        "goal": f"<= {GROWTH}",
    }


if __name__ == "__main__":
    sys.exit(main())
