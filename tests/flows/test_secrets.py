"""A secret that reaches a run reaches nobody who looks at the run."""

import pytest

from tests.flows.records import QUIET, Records
from tests.support.local_stack import poll

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
TOKEN = "ghp_" + "a1B2c3D4e5" * 4


def test_a_secret_appears_in_no_state_log_event_artifact_or_table(records: Records) -> None:
    program = records.start_program("leak", TOKEN)
    output, _ = program.communicate(timeout=240)
    assert program.returncode == 1
    poll(lambda: "answered 500" in records.everything_in_prefect(), 20, "the run's logs")
    poll(lambda: "collector.run.failed" in records.everything_in_prefect(), 20, "its event")
    everything = {
        "the terminal": output,
        "the tables": records.everything_in_database(),
        "Prefect": records.everything_in_prefect(),
    }
    assert all("***" in seen for seen in everything.values())
    for secret in (TOKEN, "hunter2"):
        assert [place for place, seen in everything.items() if secret in seen] == []
