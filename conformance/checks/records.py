"""One bad record costs itself, never its neighbours."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

from conformance.bench import Bench, Check, Line
from conformance.checks.rereading import require_nothing_written
from conformance.contents import Contents, records_in
from conformance.promises import require, require_equal
from conformance.subject import Spoiling

MANY = 10
BAD = 4


def set_aside(bench: Bench, how: Spoiling) -> None:
    """Such a record becomes one dead letter, kept with its payload; the others are stored."""
    with bench.world(MANY) as world, bench.line(world) as line:
        whole, one = _whole_and_one(bench)
        world.spoil(BAD, how)
        outcome = line.run()
        require_equal(outcome.status, "partial", f"with one bad record a run ended as {outcome}")
        require_equal(_letters(line), 1, "dead letters of one bad record")
        _require_others_stored(records_in(line.contents), whole, one)
        require_nothing_written(line, "a second run on the same bad record")
        require_equal(_letters(line), 1, "dead letters after the second run")


def ignored(bench: Bench) -> None:
    """A field that nobody knows is no reason to set a record aside, or to fail."""
    with bench.world(MANY) as world, bench.line(world) as line:
        whole, _ = _whole_and_one(bench)
        world.spoil(BAD, "extra")
        line.run_well()
        require_equal(_letters(line), 0, "dead letters of an unknown field")
        require_equal(_sizes(records_in(line.contents)), _sizes(whole), "rows by table")


def cleaned(bench: Bench, how: Spoiling) -> None:
    """Text that PostgreSQL cannot store fails nothing: it is cleaned, or its record set aside."""
    with bench.world(MANY) as world, bench.line(world) as line:
        whole, one = _whole_and_one(bench)
        world.spoil(BAD, how)
        outcome = line.run()
        require(outcome.status != "failed", f"a run on such text ended as {outcome}")
        found = records_in(line.contents)
        _require_others_stored(found, whole, one)
        is_stored = _sizes(found) == _sizes(whole)
        require(is_stored or _letters(line) == 1, "the record is neither stored nor set aside")
        require_nothing_written(line, "a second run on the same text")


def _whole_and_one(bench: Bench) -> tuple[Contents, Counter[str]]:
    """What the good records make, and how many rows of each table one of them may account for."""
    with bench.world(MANY) as world:
        whole = records_in(bench.undisturbed(world))
    with bench.world(MANY - 1) as world:
        fewer = records_in(bench.undisturbed(world))
    one = {name: (rows - fewer.get(name, Counter())).total() for name, rows in whole.items()}
    return whole, Counter(one)


def _require_others_stored(found: Contents, whole: Contents, one: Counter[str]) -> None:
    for name, rows in whole.items():
        lost = rows.total() - found.get(name, Counter()).total()
        require(lost <= one[name], f"{name}: {lost} rows are missing, one record has {one[name]}")


def _sizes(contents: Contents) -> dict[str, int]:
    return {name: rows.total() for name, rows in contents.items()}


def _letters(line: Line) -> int:
    return line.contents.get("collector_dead_letter", Counter()).total()


CHECKS: Mapping[str, Check] = {
    "missing-field-set-aside": partial(set_aside, how="missing"),
    "wrong-type-set-aside": partial(set_aside, how="wrong_type"),
    "unknown-field-ignored": ignored,
    "nul-character": partial(cleaned, how="nul"),
    "lone-surrogate": partial(cleaned, how="surrogate"),
}
