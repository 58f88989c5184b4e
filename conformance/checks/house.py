"""What belongs to a room besides its code."""

from collections.abc import Mapping

from conformance.bench import Bench, Check
from conformance.promises import require, require_equal
from deployments.flow_parameters import load_flow
from deployments.schedule import SCHEDULE_FILE, read_schedule
from services.catalogue import FIELDS
from services.settings import load_settings

FLAT = frozenset({"string", "integer", "number", "boolean", "array", "null"})


def introduced(bench: Bench) -> None:
    """The docstring of the room names its source, owner, tables, secrets and what new means."""
    entry = bench.room.entry
    missing = [field for field in FIELDS if not entry.facts.get(field)]
    require(bool(entry.summary) and not missing, f"the docstring lacks {', '.join(missing)}")


def has_flow(bench: Bench) -> None:
    """A flow of the room's name, with flat typed parameters, `dry_run` among them, explained."""
    facts = load_flow(bench.room.entry.entrypoint)
    fields = facts.schema.get("properties", {})
    require_equal(facts.name, bench.room.name, "the flow's name")
    require_equal(fields.get("dry_run", {}).get("default"), False, "the default of `dry_run`")
    deep = [name for name, field in fields.items() if not _kinds(field) <= FLAT]
    require(not deep, f"parameters of no flat type: {', '.join(deep)}")
    unsaid = [name for name in fields if f"{name}: " not in (facts.description or "")]
    require(not unsaid, f"the flow's docstring does not explain {', '.join(unsaid)}")


def _kinds(field: Mapping[str, object]) -> set[str]:
    kinds = field.get("anyOf", [field])
    return {str(kind.get("type")) for kind in kinds} if isinstance(kinds, list) else set()


def is_scheduled(bench: Bench) -> None:
    """The schedule has an entry for the room, which may be switched off."""
    schedule = read_schedule(load_settings().bdc_schedule or SCHEDULE_FILE)
    tasks = [task for group in schedule.groups.values() for task in group.tasks]
    require(bench.room.name in {task.collector for task in tasks}, "it is not in the schedule")


def is_recorded(bench: Bench) -> None:
    """Answers of the real source are kept beside the tests."""
    folder = bench.room.tests / "recordings"
    require(folder.is_dir() and any(folder.iterdir()), f"there is nothing in {folder}")


def is_tested(bench: Bench) -> None:
    """The room has tests of its own."""
    require(any(bench.room.tests.glob("test_*.py")), f"no tests in {bench.room.tests}")


CHECKS: Mapping[str, Check] = {
    "docstring": introduced,
    "flow": has_flow,
    "schedule-entry": is_scheduled,
    "recordings": is_recorded,
    "tests": is_tested,
}
