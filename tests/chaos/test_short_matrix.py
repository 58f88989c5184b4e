"""Each fault strikes runs at work, and one clean run later the tables are as if none had."""

import subprocess
import sys

import pytest

from chaos.faults import FAULTS
from tests.support.local_stack import ROOT

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.long]
# Of the draws that it decides: the papers and the GitHub collector, and what strikes after what.
SEED = 11


def test_whatever_strikes_nothing_is_lost_stored_twice_or_invented() -> None:
    command = [sys.executable, "-m", "chaos", "--short", "--seed", str(SEED)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    assert "lost 0, duplicated 0, phantom 0" in told
    for fault in FAULTS:
        struck, why = f"{fault.name} at ", f"not tried: {fault.name}: {fault.missing()}"
        assert told.count(struck) == (0 if fault.missing() else 1), told
        assert (why in told) == bool(fault.missing())
