"""`bdc doctor` on the collectors' secrets."""

from pathlib import Path

import pytest

from cli.credentials import credentials
from services.errors import ConfigError


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_TOKEN", "WG21_PAPER_TRACKER_DISPATCH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def test_every_room_is_looked_at_and_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("s3cret", encoding="utf-8")
    monkeypatch.setenv("GITHUB_TOKEN_FILE", str(tmp_path / "token"))
    there, _, missing = credentials().partition("; ")
    assert "GITHUB_TOKEN" in there
    assert "WG21_PAPER_TRACKER_DISPATCH_TOKEN" in missing
    assert "s3cret" not in there + missing


def test_what_is_wrong_in_any_room_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINTENANCE_RUN_DAYS", "soon")
    monkeypatch.setenv("GITHUB_TOKEN_FILE", "/not/there")
    with pytest.raises(ConfigError) as raised:
        credentials()
    named = {problem.partition(":")[0] for problem in raised.value.problems}
    assert named == {"MAINTENANCE_RUN_DAYS", "GITHUB_TOKEN_FILE"}
