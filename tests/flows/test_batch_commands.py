"""`bdc run-group` and `bdc schedule history`: what an operator is told of batches."""

import json
import os
from pathlib import Path
from unittest.mock import patch

import pytest

from cli.main import execute
from services.database import Database
from tests.flows.groups import COLLECTOR, RunGroup, occasions, repository, schedule
from tests.flows.records import QUIET

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]


def bdc(*arguments: str) -> int:
    """The exit code; what a command sets in the environment is gone afterwards."""
    with patch.dict(os.environ):
        return execute(list(arguments))


def test_the_command_says_what_was_run_and_what_the_batches_before_did(
    run_group: RunGroup,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_group(schedule(repository(tmp_path, "one").path), cadence="monthly")
    for words in ("1 completed", "Nothing was run."):
        assert bdc("run-group", "nightly", "--missing") == 0
        assert words in capsys.readouterr().out
    assert bdc("schedule", "history", "--group", "nightly", "--limit", "3", "--json") == 0
    nothing, done, by_hand = json.loads(capsys.readouterr().out)
    assert (nothing["batch_status"], nothing["occasion"]) == ("completed", None)
    assert (by_hand["batch_status"], by_hand["collector"]) == ("completed", None)
    (found,) = occasions(database)
    assert {name: done[name] for name in ("occasion", "collector", "status", "attempt")} == {
        "occasion": found.occasion,
        "collector": COLLECTOR,
        "status": "succeeded",
        "attempt": 1,
    }
    assert done["run"] == str(found.flow_run_id)
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1:1/bdc")
    assert bdc("run-group", "nightly", "--missing") == 1


def test_without_batches_the_history_says_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert bdc("schedule", "history") == 0
    assert capsys.readouterr().out == "No batch has run yet.\n"
