"""Secret blocks of a real Prefect server as the place of a setting."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prefect.blocks.system import Secret

from deployments.secret_blocks import read_secret_block
from services.errors import ConfigError
from tests.support.local_stack import ROOT, LocalPrefect

pytestmark = pytest.mark.xdist_group("prefect")


@pytest.fixture(autouse=True)
def _the_server(prefect_api: LocalPrefect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PREFECT_API_URL", prefect_api.api_url)


def test_a_command_takes_a_setting_from_a_block(
    prefect_api: LocalPrefect, database_url: str, tmp_path: Path
) -> None:
    Secret.model_validate({"value": database_url}).save("our-database", overwrite=True)
    environment = {**os.environ, **prefect_api.environment(), "PYTHONPATH": str(ROOT)}
    environment |= {"DATABASE_URL": "", "DATABASE_URL_BLOCK": "our-database"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "db", "check"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_what_is_wrong_with_a_block_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="Prefect has no Secret block not-there"):
        read_secret_block("not-there")
    Secret.model_validate({"value": {"a": 1}}).save("a-mapping", overwrite=True)
    with pytest.raises(ConfigError, match="holds no text in the Secret block a-mapping"):
        read_secret_block("a-mapping")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    with pytest.raises(ConfigError, match="Prefect's API does not tell it: ConnectError"):
        read_secret_block("a-mapping")
    monkeypatch.setenv("PREFECT_API_URL", "")
    with pytest.raises(ConfigError, match="PREFECT_API_URL is not set"):
        read_secret_block("a-mapping")
