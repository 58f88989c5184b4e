"""Everything that the service's OpenAPI schema allows is answered as it says."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from deployments.status.app import StatusService, make_app
from deployments.status.observing import Observer, Watcher
from services.database import Database
from services.health.settings import HealthSettings
from tests.support.serving import serving

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))


def test_the_service_answers_as_its_schema_says(database: Database, tmp_path: Path) -> None:
    schedule = tmp_path / "schedule.yaml"
    schedule.write_text("groups: {}", encoding="utf-8")
    settings = HealthSettings()
    observe = Observer(database, None, schedule, "bdc", settings, lambda: datetime.now(UTC))
    service = StatusService(Watcher(observe, 60), settings, lambda: datetime.now(UTC))
    with serving(make_app(service)) as client:
        done = subprocess.run(
            [
                SCHEMATHESIS,
                "run",
                f"{client.base_url}/openapi.json",
                "--max-examples=15",
                "--seed=1",
                "--no-color",
                # 503 is an answer of the contract: nothing has run in this database.
                "--exclude-checks=not_a_server_error",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 tested" in done.stdout or "Tested: 5" in done.stdout, done.stdout
