"""Whatever strikes, one clean run later the tables are those of an undisturbed run."""

import re
import subprocess
import sys

import pytest

from chaos.drawing import draw, possible_faults
from chaos.faults import FAULTS
from chaos.sources import opened_sources
from tests.support.local_stack import ROOT

# One machine, two Prefect workers and what they run: as much as a process of tests may take.
pytestmark = pytest.mark.xdist_group("chaos")
MINUTES = 5


def test_each_fault_is_survived() -> None:
    trials = len(possible_faults())
    command = [sys.executable, "-m", "chaos", "--trials", str(trials), "--minutes", str(MINUTES)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    (tried,) = re.findall(
        r"^trials (\d+), lost 0, duplicated 0, phantom 0", done.stdout, re.MULTILINE
    )
    assert int(tried) >= 1
    print(done.stdout)


def test_a_seed_is_a_trial(tmp_path_factory: pytest.TempPathFactory) -> None:
    faults = possible_faults()
    with opened_sources(ROOT, tmp_path_factory.mktemp("sources")) as sources:
        first, again = (draw(7, sources, faults) for _ in range(2))
        assert (str(first), first.histories) == (str(again), again.histories)
        leading = {draw(seed, sources, faults).blows for seed in range(len(faults))}
    assert leading
    struck = {blow.fault for blows in leading for blow in blows}
    assert struck == set(faults)


def test_what_this_machine_cannot_try_says_why() -> None:
    assert all(fault.missing() for fault in FAULTS if fault not in possible_faults())
