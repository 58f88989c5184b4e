"""What the local Prefect server is told."""

from pathlib import Path

import pytest

from deployments.local.prefect_server import PrefectServer
from deployments.local.processes import ProcessRecords

ENABLED = "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED"


@pytest.fixture
def server(tmp_path: Path) -> PrefectServer:
    records = ProcessRecords(tmp_path / "processes.json")
    return PrefectServer(tmp_path, database_url="postgresql:///x", port=4200, records=records)


def test_it_forgets_old_runs_unless_told_otherwise(
    server: PrefectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENABLED, raising=False)
    assert server.environment()[ENABLED] == "events,flow_runs"
    monkeypatch.setenv(ENABLED, "events")
    assert server.environment()[ENABLED] == "events"
