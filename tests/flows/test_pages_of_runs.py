"""What a run looks like in Prefect's UI, in a real browser."""

import os
from pathlib import Path

import pytest

from services.runs.result import CollectResult
from services.runs.run import Run
from tests.flows.records import QUIET, Records
from tests.support.browser import CHROMIUM, browsing
from tests.support.local_stack import LocalPrefect, poll
from tests.support.scripted_collector import Script, play, set_aside, store

pytestmark = [
    pytest.mark.xdist_group("flows"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's package chromium is not installed"),
    *map(pytest.mark.filterwarnings, QUIET),
]


def test_a_run_is_named_for_its_source_and_shows_its_hooks_counts_and_summary(
    records: Records, prefect_api: LocalPrefect, tmp_path: Path
) -> None:
    def collect(run: Run) -> CollectResult:
        run.progress.expect(3, "people")
        store(run, "a", "b")
        set_aside(run, "bad")
        return run.result

    state = play(Script(collect=collect))
    ui = prefect_api.api_url.removesuffix("/api")
    flow_run = state.state_details.flow_run_id
    place = Path(os.environ.get("BDC_SCREENSHOTS", tmp_path))
    with browsing() as page:
        page.look(1280)
        page.open(f"{ui}/runs/flow-run/{flow_run}")

        def shown(*words: str) -> bool:
            text = page.tell("document.body.innerText")
            return all(word in text for word in words)

        poll(lambda: shown("Partial", "validate_config", "collect", "sync_pinecone"), 60, "the run")
        poll(lambda: shown("fetched=3 inserted=2"), 30, "its log")
        page.screenshot(place / "run.png")
        page.open(f"{ui}/artifacts")
        poll(lambda: shown("run-summary-scripted"), 30, "its summary")
        page.screenshot(place / "artifacts.png")
