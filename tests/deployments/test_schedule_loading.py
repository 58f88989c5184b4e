"""Where the schedule is loaded: what is refused in production, and what in development too."""

import logging
from pathlib import Path
from typing import Any

import pytest

from deployments.schedule import SCHEDULE_FILE, known_collectors, load_schedule, read_schedule
from services.errors import ConfigError

COLLECTORS = ("mail", "papers")


@pytest.fixture(autouse=True)
def _stand_in_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "none.yaml", binary):
        with pytest.raises(ConfigError, match=rf"{path.name} cannot be read"):
            read_schedule(path, COLLECTORS)


NOTHING_ENABLED = """\
groups:
  nightly:
    default_time: "04:30"
    tasks: [{collector: mail, schedule: daily, enabled: false}]
"""


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "does not exist"), ("", "has no enabled task"), (NOTHING_ENABLED, "has no enabled")],
)
def test_a_schedule_that_would_run_nothing_is_refused_in_production_only(
    text: str | None, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = Path("schedule.yaml")
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=f"{why}.*: nothing would ever run"):
        load_schedule(path, "production", collectors=COLLECTORS)
    with caplog.at_level(logging.WARNING):
        schedule = load_schedule(path, "development", collectors=COLLECTORS)
    assert not list(schedule.enabled_tasks())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert why in caplog.text


@pytest.mark.parametrize("environment", ["production", "development"])
def test_an_invalid_schedule_is_refused_everywhere(environment: Any) -> None:
    path = Path("schedule.yaml")
    path.write_text("groups: 3", encoding="utf-8")
    with pytest.raises(ConfigError, match="must be a mapping"):
        load_schedule(path, environment, collectors=COLLECTORS)


def test_the_shipped_schedule_is_right_runs_something_and_names_real_collectors() -> None:
    schedule = load_schedule(SCHEDULE_FILE, "production")
    assert {task.collector for _, task in schedule.enabled_tasks()} <= set(known_collectors())
