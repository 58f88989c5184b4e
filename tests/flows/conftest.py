"""One Prefect server for all tests of the flows, and the settings that a run reads."""

from collections.abc import Iterator

import pytest
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)

from services.runs.services import Source
from tests.support.local_stack import LocalPrefect, running_prefect
from tests.support.scripted_collector import NAME


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[LocalPrefect]:
    """The server; flows called in this process run on it."""
    with running_prefect() as server:
        ours = {
            PREFECT_API_URL: server.api_url,
            PREFECT_HOME: server.home / "client",
            PREFECT_SERVER_EPHEMERAL_ENABLED: False,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
        }
        with temporary_settings(ours):
            yield server
            EventsWorker.drain_all()
            APILogHandler.flush()


@pytest.fixture
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries that come at once."""
    monkeypatch.setenv("COLLECTOR_RETRY_DELAY_SECONDS", "0")


@pytest.fixture
def platform(
    prefect_api: LocalPrefect,
    database_url: str,
    quick_retries: None,
    monkeypatch: pytest.MonkeyPatch,
) -> LocalPrefect:
    """The server, and an empty database that the flows of this test write to."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return prefect_api


@pytest.fixture
def source() -> Source:
    """What the scripted flow works on unless a test says otherwise."""
    return Source(NAME, "main")
