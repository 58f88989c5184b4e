"""Every promise that a room breaks is caught by the check that bears its name."""

from pathlib import Path

import pytest

from conformance.checks import CHECKS, ON_PREFECT
from conformance.databases import Databases
from tests.conformance.checking import Errand, broken_by, copy_sample
from tests.conformance.mutations import MUTATIONS, Mutation

PREFECT = pytest.mark.xdist_group("prefect")
LIGHT = [one for one in MUTATIONS if one.caught_by not in ON_PREFECT]
HEAVY = [one for one in MUTATIONS if one.caught_by in ON_PREFECT]
# What no text in the room's files can break: that there are files beside it.
OF_FILES = {"recordings", "tests"}


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    return copy_sample(tmp_path / "sample")


def test_every_check_has_a_mutant() -> None:
    assert CHECKS.keys() - {one.caught_by for one in MUTATIONS} == OF_FILES


@pytest.mark.parametrize("mutation", LIGHT, ids=lambda one: one.name)
def test_the_check_catches_the_mutant(
    mutation: Mutation, sample: Path, sample_databases: Databases, tmp_path: Path
) -> None:
    mutation.apply(sample)
    errand = Errand(sample, mutation.caught_by, sample_databases, tmp_path / "bench")
    assert broken_by(errand), f"{mutation.caught_by} does not see that {mutation.name}"


@PREFECT
@pytest.mark.parametrize("mutation", HEAVY, ids=lambda one: one.name)
def test_the_check_on_prefect_catches_the_mutant(
    mutation: Mutation,
    sample: Path,
    sample_databases: Databases,
    tmp_path: Path,
    conformance_prefect: str,
) -> None:
    mutation.apply(sample)
    bench = tmp_path / "bench"
    errand = Errand(sample, mutation.caught_by, sample_databases, bench, conformance_prefect)
    assert broken_by(errand), f"{mutation.caught_by} does not see that {mutation.name}"


@pytest.mark.parametrize(("check", "folder"), [("recordings", "recordings"), ("tests", "")])
def test_the_check_misses_the_files(
    check: str, folder: str, sample: Path, sample_databases: Databases, tmp_path: Path
) -> None:
    place = sample / "tests" / "collectors" / "acme_notices" / folder
    for path in [*place.glob("test_*.py"), *place.glob("*.yaml")]:
        path.unlink()
    assert broken_by(Errand(sample, check, sample_databases, tmp_path / "bench"))


def test_a_mutation_whose_text_is_gone_fails(sample: Path) -> None:
    lost = Mutation("lost", "tests", "schedule.yaml", "no such text", "")
    with pytest.raises(AssertionError, match=r"'no such text' is not once in schedule\.yaml"):
        lost.apply(sample)
