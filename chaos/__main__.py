"""`make chaos`: so many trials, and their figures; exits with 1 when one did not end right."""

import argparse
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chaos.drawing import ROOMS, draw, draw_in_pairs, possible_faults
from chaos.faults import FAULTS, small_disk
from chaos.sources import chance_of, opened_sources
from chaos.stand import ROOT, Stand, standing
from chaos.trial import Verdict, try_each, try_out
from cli.output import show

SHOWN_ROWS = 6
LONGEST_LINE = 600


def main() -> int:
    """Draw, try, tell."""
    given = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # also where a shell has it ignored
    verdicts = _tried(given)
    show(_rows(verdicts), as_json=False, empty="no trial")
    for fault in FAULTS:
        if why := fault.missing():
            print(f"not tried: {fault.name}: {why}")
    print(_summary(verdicts))
    return 0 if verdicts and all(one.is_right for one in verdicts) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=main.__doc__)
    parser.add_argument("--trials", type=int, default=200, help="how many at the most")
    parser.add_argument("--seed", type=int, default=0, help="of the first; the others follow it")
    parser.add_argument(
        "--minutes", type=float, default=600, help="begin no other trial after so long"
    )
    parser.add_argument(
        "--short",
        action="store_true",
        help="each fault once, two in a trial, two rooms: what `make test` does",
    )
    return parser.parse_args()


def _tried(given: argparse.Namespace) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with tempfile.TemporaryDirectory(prefix="bdc-chaos-", ignore_cleanup_errors=True) as base:
        home = Path(base).resolve()
        with (
            opened_sources(ROOT, home / "sources") as sources,
            standing(home, sources) as stand,
            small_disk(stand),
        ):
            for verdict in _in_short(stand, given) if given.short else _at_length(stand, given):
                verdicts.append(verdict)
                print(_line(verdict), flush=True)
    return verdicts


def _in_short(stand: Stand, given: argparse.Namespace) -> Iterator[Verdict]:
    rooms = chance_of(given.seed).sample(list(stand.sources), min(ROOMS, len(stand.sources)))
    yield from try_each(stand, draw_in_pairs(given.seed, rooms, possible_faults()))


def _at_length(stand: Stand, given: argparse.Namespace) -> Iterator[Verdict]:
    faults = possible_faults()
    end = time.monotonic() + given.minutes * 60
    for seed in range(given.seed, given.seed + given.trials):
        if time.monotonic() > end:
            return
        yield try_out(stand, draw(seed, stand.sources, faults))


def _line(verdict: Verdict) -> str:
    if verdict.is_right:
        return f"right  {verdict.drawn} ({verdict.recovered_in:.1f} s)"
    counts = f"{verdict.lost} lost, {verdict.duplicated} twice, {verdict.phantom} phantom"
    said = [f"WRONG  {verdict.drawn}: {counts}", *verdict.complaints, *verdict.rows[:SHOWN_ROWS]]
    return "\n    ".join(line[:LONGEST_LINE] for line in said)


def _rows(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """One for each kind of fault: a trial with two counts for both."""
    return [
        {"fault": fault.name, **_figures([one for one in verdicts if fault in _kinds(one)])}
        for fault in FAULTS
        if not fault.missing()
    ]


def _kinds(verdict: Verdict) -> list[object]:
    return [blow.fault for blow in verdict.drawn.blows]


def _figures(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    times = sorted(one.recovered_in for one in verdicts)
    return {
        "trials": len(verdicts),
        "lost": sum(one.lost for one in verdicts),
        "duplicated": sum(one.duplicated for one in verdicts),
        "phantom": sum(one.phantom for one in verdicts),
        "letters": sum(one.letters for one in verdicts),
        "not clean": sum(bool(one.complaints) for one in verdicts),
        "p50 s": round(statistics.median(times), 1) if times else None,
        "p95 s": round(times[int(len(times) * 0.95)], 1) if times else None,
    }


def _summary(verdicts: Sequence[Verdict]) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in _figures(verdicts).items())
    wrong = [str(one.drawn.seed) for one in verdicts if not one.is_right]
    return f"{figures}; seeds that did not end right: {', '.join(wrong) or 'none'}"


if __name__ == "__main__":
    sys.exit(main())
