"""What a run shows in Prefect, and that showing it never fails a run."""

import json
import logging
from io import StringIO

import pytest
from prefect import flow
from prefect.settings import PREFECT_API_URL, temporary_settings
from rich.console import Console
from rich.progress import Progress

from flows.reporting import PrefectProgress, artifact_key, publish_summary
from flows.terminal import TerminalProgress, terminal_progress
from services.runs.progress import NullProgress
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Ending, Source
from services.upsert import Written
from tests.flows.records import QUIET, Records
from tests.support.scripted_collector import Script, play, set_aside, store

pytestmark = [pytest.mark.xdist_group("flows"), *map(pytest.mark.filterwarnings, QUIET)]
UNREACHABLE = "http://127.0.0.1:1/api"


def collect_some(run: Run) -> CollectResult:
    run.progress.expect(4, "people")
    run.progress.say("asking for people")
    store(run, "a", "b", "c")
    set_aside(run, "bad")
    return run.result


def test_a_run_publishes_a_summary_of_what_it_wrote(records: Records) -> None:
    state = play(Script(collect=collect_some))
    summary = records.artifacts(state)["run-summary-scripted"]
    assert summary.type == "table"
    assert json.loads(str(summary.data)) == [
        {"table": "identity_profile", "inserted": 3, "updated": 0, "unchanged": 0}
    ]
    assert "partial, 4 fetched, 1 set aside" in str(summary.description)


def test_a_failed_run_publishes_its_error(records: Records) -> None:
    state = play(Script(collect=lambda _: None))
    summary = records.artifacts(state)["run-summary-scripted"]
    assert "collect of scripted returned NoneType" in str(summary.description)


def test_a_run_shows_its_progress(records: Records, caplog: pytest.LogCaptureFixture) -> None:
    state = play(Script(collect=collect_some))
    progress = records.artifacts(state)["progress-scripted"]
    assert (progress.type, progress.data) == ("progress", 100.0)
    assert progress.description == "4 of 4 people"
    assert "asking for people" in caplog.text


def test_progress_is_shown_at_most_every_other_second(records: Records) -> None:
    seen: list[str | None] = []
    now = 0.0

    @flow
    def shows() -> None:
        nonlocal now
        progress = PrefectProgress("test-progress", clock=lambda: now)
        progress.expect(10, "pages")
        for moment in (0.5, 1.9, 2.0, 3.9, 4.0):
            now = moment
            progress.advance(1)
            seen.append(records.described("test-progress"))

    shows()
    assert seen == [
        "0 of 10 pages",
        "0 of 10 pages",
        "3 of 10 pages",
        "3 of 10 pages",
        "5 of 10 pages",
    ]


def test_progress_without_a_total_is_not_shown(records: Records) -> None:
    progress = PrefectProgress("nothing-to-show")
    progress.advance(1)
    progress.finish()
    assert progress.artifact is None


def test_an_api_that_cannot_be_reached_costs_a_warning_only(
    records: Records, caplog: pytest.LogCaptureFixture
) -> None:
    progress = PrefectProgress("test-progress")
    result = CollectResult(1, 0, {"t": Written(1)})
    with temporary_settings({PREFECT_API_URL: UNREACHABLE}):
        publish_summary(Source("scripted", "main"), Ending("completed", None, {}), result)
        progress.expect(10, "pages")
    warned = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.name for record in warned] == ["flows.reporting"] * 2


def test_an_artifact_that_somebody_deleted_does_not_fail_the_run(records: Records) -> None:
    def collect(run: Run) -> CollectResult:
        run.progress.expect(1, "people")
        for artifact in records.prefect.client.read_artifacts():
            records.prefect.client.delete_artifact(artifact.id)
        return store(run, "a")

    assert play(Script(collect=collect)).name == "Completed"


def test_artifact_keys_are_what_prefect_takes() -> None:
    assert artifact_key("run-summary", "cppa_Slack tracker_") == "run-summary-cppa-slack-tracker"


def test_a_terminal_gets_a_bar_that_follows_the_run() -> None:
    with Progress(console=Console(file=StringIO())) as bar:
        shown = TerminalProgress(bar)
        shown.expect(3, "pages")
        shown.expect(2, "pages")
        shown.advance(4)
        (task,) = bar.tasks
        assert (task.total, task.completed, task.description) == (5, 4, "pages")
        shown.say("waiting")
        assert task.description == "waiting"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_is_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", StringIO())
    with terminal_progress() as shown:
        assert isinstance(shown, NullProgress)
    monkeypatch.setattr("sys.stderr", Terminal())
    with terminal_progress() as shown:
        assert isinstance(shown, TerminalProgress)
