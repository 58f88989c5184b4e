"""Memory does not grow with the number of records."""

from collections.abc import Mapping

from conformance.bench import Bench, Check
from conformance.children import Report
from conformance.promises import BrokenPromise, require

# By then every room has stored some batches, as large as they get: what grows later is what is kept.
FEW = 10_000
MANY = 20_000
# The text of a record that is kept costs more; what varies from run to run, a tenth of this in all.
BYTES_A_RECORD = 300


def flat_memory(bench: Bench) -> None:
    """Twice the records, the same peak: they are stored batch by batch."""
    growth = _peak(bench, MANY) - _peak(bench, FEW)
    allowed = (MANY - FEW) * BYTES_A_RECORD
    text = f"{MANY - FEW} more records took {growth / 1e6:.1f} MB more, at most {allowed / 1e6:.1f}"
    require(growth <= allowed, text)


def _peak(bench: Bench, count: int) -> int:
    with bench.world(count) as world, bench.line(world) as line:
        report = line.run_child()
        if not isinstance(report, Report) or report.outcome.status != "completed":
            raise BrokenPromise(f"a run on {count} records did not complete: {report}")
        return report.peak


CHECKS: Mapping[str, Check] = {"memory-flat": flat_memory}
