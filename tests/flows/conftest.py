"""One Prefect server for all tests of the flows, and the settings that a run reads."""

import gc
import logging
from collections.abc import Iterator

import pytest

from services.runs.services import Source
from tests.flows.records import Records
from tests.support.local_stack import LocalPrefect
from tests.support.scripted_collector import NAME


@pytest.fixture
def records(
    prefect_api: LocalPrefect,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Records]:
    """What runs leave behind; they write to an empty database and their retries come at once."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLLECTOR_RETRY_DELAY_SECONDS", "0")
    caplog.set_level(logging.INFO)
    with Records.of(prefect_api, database_url) as found:
        yield found
    gc.collect()  # Prefect leaves connections open; here the warning is expected, elsewhere not


@pytest.fixture
def source() -> Source:
    """What the scripted flow works on unless a test says otherwise."""
    return Source(NAME, "main")
