"""The checks: each a promise that every collector keeps, under the name that an exemption uses."""

from collections.abc import Mapping

from conformance.bench import Check
from conformance.checks import deaths, faults, flow, house, memory, records, rereading

ON_PREFECT: Mapping[str, Check] = flow.CHECKS
CHECKS: Mapping[str, Check] = {
    **house.CHECKS,
    **rereading.CHECKS,
    **records.CHECKS,
    **faults.CHECKS,
    **deaths.CHECKS,
    **memory.CHECKS,
    **ON_PREFECT,
}
