"""What every test may ask for: a real PostgreSQL, migrated once and cloned for each test."""

import os
import signal
from collections.abc import Iterator
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW,
    PREFECT_SERVER_EPHEMERAL_ENABLED,
    temporary_settings,
)

import migrations
from conformance.servers import quick_folder
from deployments.local.postgres import EmbeddedPostgres
from services.database import Database, open_database
from tests.support.local_stack import LocalPrefect, running_prefect
from tests.support.postgres import start_test_postgres

TEMPLATE = "bdc_template"
# Words alone, but where vectors are the subject: a model costs every child process half a second.
os.environ.setdefault("VECTORS_INDEX", "none")
# An example that the machine had no time for is no failure.
hypothesis.settings.register_profile("busy", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("busy")
# A shell that runs the tests in the background has interrupts ignored, and programs inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, after whoever has shuffled them."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A server of this test process's own."""
    with quick_folder("bdc-test-") as base:
        server = start_test_postgres(base)
        server.ensure_database(TEMPLATE)
        migrations.upgrade(server.url(TEMPLATE))
        yield server
        server.stop()


@pytest.fixture
def database_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A migrated, empty database that nobody else uses."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        # The files themselves: half the time of writing each page to the log.
        admin.execute(f"create database {name} template {TEMPLATE} strategy file_copy")
    yield postgres.url(name)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database {name} with (force)")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The same, opened as collectors open it."""
    opened = open_database(database_url, application_name="test")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def prefect_api() -> Iterator[LocalPrefect]:
    """The server; flows called in this process run on it."""
    with running_prefect() as server:
        ours = {
            PREFECT_API_URL: server.api_url,
            PREFECT_HOME: server.home / "client",
            PREFECT_SERVER_EPHEMERAL_ENABLED: False,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW: "ignore",
        }
        with temporary_settings(ours):
            yield server
            EventsWorker.drain_all()
