"""A secret comes from the first of its four places, and what cannot be read is named without showing it."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from collectors.wg21_paper_tracker.settings import Wg21Settings
from services import secret_sources
from services.errors import ConfigError
from services.health.settings import HealthSettings
from services.secret_sources import read_blocks_with
from services.settings import load_connection, load_room_settings, load_settings

TOKEN = "HEALTH_CHECK_TOKEN"


@pytest.fixture(autouse=True)
def _nothing_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (TOKEN, "PREFECT_API_AUTH_STRING", "PREFECT_API_URL", "DATABASE_URL"):
        for ending in ("", "_FILE", "_BLOCK"):
            monkeypatch.delenv(f"{name}{ending}", raising=False)
    monkeypatch.setattr(secret_sources, "_readers", [])


def token() -> str | None:
    found = load_room_settings(HealthSettings).check_token
    return found.get_secret_value() if found else None


def test_the_environment_then_dotenv_then_the_file_then_the_block(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert token() is None
    read_blocks_with({"b": "of the block"}.__getitem__)
    monkeypatch.setenv(f"{TOKEN}_BLOCK", "b")
    assert token() == "of the block"
    (tmp_path / "token").write_text("of the file\n", encoding="utf-8")
    (tmp_path / ".env").write_text(f"{TOKEN}_FILE={tmp_path / 'token'}\n", encoding="utf-8")
    assert token() == "of the file"
    with (tmp_path / ".env").open("a") as file:
        file.write(f"{TOKEN}=of dotenv\n")
    assert token() == "of dotenv"
    monkeypatch.setenv(TOKEN, "of the environment")
    assert token() == "of the environment"


def test_a_blank_value_counts_as_unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of the file", encoding="utf-8")
    monkeypatch.setenv(TOKEN, "")
    monkeypatch.setenv(f"{TOKEN}_FILE", str(tmp_path / "token"))
    assert token() == "of the file"
    monkeypatch.setenv(f"{TOKEN}_FILE", "")
    assert token() is None


def test_the_platform_and_rooms_read_them_alike(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text("s3cret", encoding="utf-8")
    names = ("DATABASE_URL", "PREFECT_API_AUTH_STRING", "WG21_PAPER_TRACKER_DISPATCH_TOKEN")
    for name in names:
        monkeypatch.setenv(f"{name}_FILE", str(file))
    settings = load_settings()
    read = (
        settings.database_url,
        settings.prefect_api_auth_string,
        load_room_settings(Wg21Settings).dispatch_token,
    )
    assert read == (SecretStr("s3cret"),) * 3
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect/api")
    assert load_connection() == ("http://prefect/api", "s3cret", None)


def test_every_one_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    monkeypatch.setenv("DATABASE_URL_FILE", str(tmp_path / "gone"))
    monkeypatch.setenv("PREFECT_API_AUTH_STRING_FILE", str(tmp_path / "empty"))
    with pytest.raises(ConfigError) as raised:
        load_settings()
    assert raised.value.problems == [
        f"DATABASE_URL_FILE: {tmp_path / 'gone'} cannot be read: FileNotFoundError",
        f"PREFECT_API_AUTH_STRING_FILE: {tmp_path / 'empty'} is empty",
    ]


def test_a_block_needs_somebody_who_reads_it_and_its_error_names_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(f"{TOKEN}_BLOCK", "b")
    with pytest.raises(ConfigError, match=f"{TOKEN}_BLOCK: Secret blocks cannot be read here"):
        token()

    def refuse(name: str) -> str:
        raise ConfigError(f"Prefect has no Secret block {name}")

    read_blocks_with(refuse)
    with pytest.raises(ConfigError, match=f"{TOKEN}_BLOCK: Prefect has no Secret block b"):
        token()
