"""One Prefect server for all tests of the flows, and the settings that a run reads."""

import asyncio
import gc
import logging
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from prefect import State

from flows.collector_group import collector_group
from services.runs.services import Source
from tests.flows.groups import COLLECTOR, RunGroup
from tests.flows.records import Records
from tests.support.local_stack import LocalPrefect
from tests.support.registering import register_collectors
from tests.support.scripted_collector import NAME


@pytest.fixture
def records(
    prefect_api: LocalPrefect,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> Iterator[Records]:
    """What runs leave behind; they write to an empty database and their retries come at once."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLLECTOR_RETRY_DELAY_SECONDS", "0")
    monkeypatch.setenv("RAW_ARCHIVE_URL", str(tmp_path / "archive"))
    caplog.set_level(logging.INFO)
    with Records.of(prefect_api, database_url) as found:
        yield found
    gc.collect()  # Prefect leaves connections open; here the warning is expected, elsewhere not


@pytest.fixture
def source() -> Source:
    """What the scripted flow works on unless a test says otherwise."""
    return Source(NAME, "main")


@pytest.fixture
def run_group(
    prefect_api: LocalPrefect, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> RunGroup:
    """Runs a group of a schedule that the test writes, in this process."""
    prefect_api.ensure_pool("bdc")
    asyncio.run(register_collectors(prefect_api.api_url, [COLLECTOR], "bdc"))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT_API_URL", prefect_api.api_url)
    file = tmp_path / "schedule.yaml"
    monkeypatch.setenv("BDC_SCHEDULE", str(file))

    def run(yaml: str, group: str = "nightly", **parameters: Any) -> State[Any]:
        written = tmp_path / uuid4().hex
        written.write_text(yaml)
        written.replace(file)  # in one step: another thread may be reading it
        call = collector_group(group, **parameters, return_state=True)
        return asyncio.run(cast("Coroutine[None, None, State[Any]]", call))

    return run
