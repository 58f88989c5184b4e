"""Settings: their sources, their defaults, and what wrong ones lead to."""

import json
import pkgutil
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr
from pydantic_settings import BaseSettings

import collectors
from collectors.github_activity_tracker.settings import GitHubSettings
from services.alerts.settings import AlertSettings
from services.errors import ConfigError
from services.health.settings import HealthSettings
from services.http.github import GitHubAccess
from services.settings import (
    STACK_FILE,
    PlatformSettings,
    load_connection,
    load_room_settings,
    load_settings,
    require_database_url,
)
from services.vectors.settings import VectorSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No `.env`, no running stack, no variables of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in _defaults():
        monkeypatch.delenv(name, raising=False)


def _models() -> list[type[BaseSettings]]:
    rooms = [
        import_module(module.name)
        for module in pkgutil.walk_packages(collectors.__path__, "collectors.")
        if module.name.endswith(".settings")
    ]
    of_rooms = [
        model
        for room in rooms
        for model in vars(room).values()
        if isinstance(model, type) and issubclass(model, BaseSettings) and model is not BaseSettings
    ]
    ours: list[type[BaseSettings]] = [
        PlatformSettings,
        HealthSettings,
        AlertSettings,
        GitHubAccess,
        VectorSettings,
    ]
    return [*ours, *of_rooms]


def _defaults() -> dict[str, str]:
    defaults: dict[str, str] = {}
    for model in _models():
        prefix = str(model.model_config.get("env_prefix", ""))
        for name, field in model.model_fields.items():
            value: Any = field.default
            defaults[f"{prefix}{name}".upper()] = "" if value is None else str(value)
    return defaults


def test_every_variable_is_in_the_example_file_with_the_same_default() -> None:
    example = {name: value or "" for name, value in dotenv_values(ROOT / ".env.example").items()}
    assert example == _defaults()


def test_the_environment_wins_over_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("BDC_PORT=5000\nLOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("BDC_PORT", "6000")
    settings = load_settings()
    assert (settings.bdc_port, settings.log_level) == (6000, "DEBUG")


def test_a_blank_value_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDC_PORT", "")
    monkeypatch.setenv("DATABASE_URL", "")
    settings = load_settings()
    assert (settings.bdc_port, settings.database_url) == (4200, None)


def test_job_variables_are_a_json_object_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDC_JOB_VARIABLES", '{"env": {"A": "b"}}')
    assert load_settings().bdc_job_variables == {"env": {"A": "b"}}
    for wrong in ("[1]", "hunter2"):
        monkeypatch.setenv("BDC_JOB_VARIABLES", wrong)
        with pytest.raises(ConfigError, match="BDC_JOB_VARIABLES") as refused:
            load_settings()
        assert "hunter2" not in str(refused.value)


def test_all_wrong_variables_are_named_at_once_without_their_values(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BDC_PORT", "hunter2")
    monkeypatch.setenv("LOG_FORMAT", "hunter2")
    with pytest.raises(ConfigError, match=r"BDC_PORT.*LOG_FORMAT") as refused:
        load_settings()
    assert "hunter2" not in str(refused.value)


def test_a_rooms_wrong_variable_is_named_with_its_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_GIT_STALL_SECONDS", "0")
    with pytest.raises(ConfigError, match="GITHUB_GIT_STALL_SECONDS"):
        load_room_settings(GitHubSettings)


def test_a_secret_never_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@h/d")
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    shown = f"{load_settings()!r} {load_room_settings(GitHubSettings)!r}"
    assert "hunter2" not in shown


@pytest.mark.parametrize("pasted", ["xoxb-…", "“hunter2”", "hunter2\nhunter3"])
def test_a_token_that_was_not_copied_right_is_told_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch, pasted: str
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", pasted)
    with pytest.raises(ConfigError, match="GITHUB_TOKEN: has a character") as refused:
        load_room_settings(GitHubSettings)
    assert "hunter2" not in str(refused.value)


def test_production_names_every_missing_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDC_ENVIRONMENT", "production")
    with pytest.raises(
        ConfigError, match=r"DATABASE_URL.*PREFECT_API_URL.*PREFECT_API_AUTH_STRING"
    ):
        load_settings()


def test_production_with_all_its_addresses_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BDC_ENVIRONMENT", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://there/bdc")
    monkeypatch.setenv("PREFECT_API_URL", "https://there/api")
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:hunter2")
    settings = load_settings()
    assert require_database_url(settings) == "postgresql://there/bdc"
    assert load_connection() == ("https://there/api", "admin:hunter2", None)


def _running_stack(folder: Path) -> None:
    (folder / ".bdc").mkdir()
    addresses = {
        "database_url": "postgresql://here/bdc",
        "prefect_api_url": "http://here/api",
        "prefect_api_database_connection_url": "postgresql+asyncpg://here/p",
    }
    (folder / ".bdc" / STACK_FILE).write_text(json.dumps(addresses))


def test_a_running_stack_tells_its_addresses(tmp_path: Path) -> None:
    _running_stack(tmp_path)
    settings = load_settings()
    assert require_database_url(settings) == "postgresql://here/bdc"
    assert settings.prefect_api_url == "http://here/api"
    assert settings.prefect_api_database_connection_url == SecretStr("postgresql+asyncpg://here/p")


def test_the_stack_itself_starts_without_what_a_dead_one_has_left(tmp_path: Path) -> None:
    _running_stack(tmp_path)
    assert load_settings(use_running_stack=False).database_url is None


def test_a_given_address_wins_over_a_running_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _running_stack(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://there/bdc")
    assert require_database_url(load_settings()) == "postgresql://there/bdc"


def test_production_never_looks_at_a_local_stack(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _running_stack(tmp_path)
    monkeypatch.setenv("BDC_ENVIRONMENT", "production")
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        load_settings()


def test_without_a_database_the_way_to_one_is_named() -> None:
    with pytest.raises(ConfigError, match="make up"):
        require_database_url(load_settings())


def test_data_lives_under_one_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BDC_HOME", "data")
    settings = load_settings()
    assert settings.home == tmp_path / "data"
    assert settings.workspace == tmp_path / "data" / "workspace"
