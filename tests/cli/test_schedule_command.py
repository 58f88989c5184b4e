"""`bdc schedule` as an operator uses it: exit codes, words on the screen, files written."""

import json
from pathlib import Path

import pytest
from cyclopts import App

from cli import schedule as command
from services.errors import ConfigError

SCHEDULE = """\
groups:
  github:
    default_time: "00:05"
    tasks:
      - collector: github_activity_tracker
        schedule: daily
        parameters: {repository: boostorg/asio}
      - collector: github_activity_tracker
        schedule: interval
        minutes: 30
        parameters: {repository: boostorg/beast}
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A schedule, in a folder that is home to everything."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BDC_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("BDC_ENVIRONMENT", "development")
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home" / "prefect"))
    written = tmp_path / "schedule.yaml"
    written.write_text(SCHEDULE, encoding="utf-8")
    return written


def bdc_schedule(*arguments: object) -> int:
    root = App(name="bdc", result_action="return_value")
    root.command(command.app)
    result = root(["schedule", *map(str, arguments)], exit_on_error=False)
    return result if isinstance(result, int) else 0


def test_show_prints_what_runs_when(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bdc_schedule("show", "--from", "2026-11-23", "--days", 2, "--file", file) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["time", "group", "collector", "cadence", "parameters"]
    assert [line[:3] for line in lines[1:3]] == [
        ["2026-11-23", "00:05", "github"],
        ["2026-11-24", "00:05", "github"],
    ]
    assert lines[3][:3] == ["every", "30", "minutes"]
    assert lines[3][-1] == "repository=boostorg/beast"


def test_show_prints_json_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bdc_schedule("show", "--from", "2026-11-23", "--days", 1, "--json", "--file", file)
    assert json.loads(capsys.readouterr().out) == [
        {
            "time": "2026-11-23T00:05:00+00:00",
            "group": "github",
            "collector": "github_activity_tracker",
            "cadence": "daily",
            "parameters": {"repository": "boostorg/asio"},
        },
        {
            "time": "every 30 minutes",
            "group": "github",
            "collector": "github_activity_tracker",
            "cadence": "interval",
            "parameters": {"repository": "boostorg/beast"},
        },
    ]


def test_show_starts_today_and_says_when_nothing_will_run(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(SCHEDULE.replace("daily", "on_release").replace("30", "1"), encoding="utf-8")
    bdc_schedule("show", "--file", file)
    assert "on every release" in capsys.readouterr().out
    file.unlink()
    bdc_schedule("show", "--file", file)
    assert capsys.readouterr().out == "Nothing will run.\n"


def test_check_tells_a_wrong_parameter_of_a_flow_with_its_line(file: Path) -> None:
    file.write_text(SCHEDULE.replace("{repository: boostorg/asio}", "{repo: x}"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        bdc_schedule("check", "--file", file)
    place = "schedule.yaml:7: group github, task 1 (github_activity_tracker): parameter "
    assert caught.value.problems == [
        f"{place}`repo` is unknown; did you mean `repository`?",
        f"{place}`repository` is missing; the flow cannot start without it",
    ]


def test_check_refuses_in_production_what_would_run_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BDC_ENVIRONMENT", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nowhere/x")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "name:password")
    file.unlink()
    with pytest.raises(ConfigError, match=r"schedule\.yaml does not exist: nothing would ever run"):
        bdc_schedule("check", "--file", file)


def test_check_says_what_is_right(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert bdc_schedule("check", "--file", file) == 0
    assert capsys.readouterr().out == "the schedule is right: groups 1, enabled tasks 2\n"


def test_render_writes_prefect_yaml_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = file.with_name("prefect.yaml")
    assert bdc_schedule("render", "--file", file, "--output", output) == 0
    first = output.stat().st_mtime_ns
    assert bdc_schedule("render", "--file", file, "--output", output) == 0
    assert output.stat().st_mtime_ns == first
    assert capsys.readouterr().out == "prefect.yaml is written\nprefect.yaml is unchanged\n"


def test_render_check_writes_nothing_and_fails_on_a_difference(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = file.with_name("prefect.yaml")
    arguments = ("render", "--check", "--file", file, "--output", output)
    assert bdc_schedule(*arguments) == 1
    assert not output.exists()
    bdc_schedule("render", "--file", file, "--output", output)
    assert bdc_schedule(*arguments) == 0
    file.write_text(SCHEDULE.replace("00:05", "07:15"), encoding="utf-8")
    capsys.readouterr()
    assert bdc_schedule(*arguments) == 1
    printed = capsys.readouterr().out
    assert "-  - cron: 5 0 * * *" in printed
    assert "+  - cron: 15 7 * * *" in printed
    assert "run `bdc schedule render`" in printed


def test_the_committed_prefect_yaml_is_the_rendered_schedule(file: Path) -> None:
    assert bdc_schedule("render", "--check") == 0
