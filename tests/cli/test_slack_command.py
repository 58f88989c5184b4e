"""`bdc slack join` and `bdc listen slack`: against a team on loopback."""

import json
import os
import signal
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from cli.main import execute
from services.database import Database
from tests.support.slack_site import SlackTeamSite, serving, small_team
from tests.support.slack_socket import socket_serving

NAME = "CPPA_SLACK_TRACKER_"


@pytest.fixture
def site(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackTeamSite]:
    with serving(small_team()) as found:
        monkeypatch.setenv("DATABASE_URL", database_url)
        monkeypatch.setenv(f"{NAME}BASE_URL", found.base_url)
        monkeypatch.setenv(f"{NAME}TOKENS", "T0001=xoxb-1")
        monkeypatch.setenv(f"{NAME}APP_TOKENS", "T0001=xapp-1")
        yield found


def test_the_bot_joins_what_it_is_to_read(
    site: SlackTeamSite, capsys: pytest.CaptureFixture[str]
) -> None:
    site.channel("C2", "boost", is_member=False)
    assert execute(["slack", "join", "--dry-run", "--json"]) == 0
    wanted = {"channel": "boost", "id": "C2", "came of it": "would join"}
    assert json.loads(capsys.readouterr().out) == [wanted]
    assert execute(["slack", "join", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [wanted | {"came of it": "joined"}]
    assert execute(["slack", "join"]) == 0
    assert "in every channel that it is to read" in capsys.readouterr().out


def test_a_channel_that_cannot_be_joined_is_named_with_the_reason(
    site: SlackTeamSite, capsys: pytest.CaptureFixture[str]
) -> None:
    site.channel("C2", "boost", is_member=False)
    site.join_refusal = "method_not_supported_for_channel_type"
    assert execute(["slack", "join", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["came of it"] == "method_not_supported_for_channel_type"


@pytest.mark.parametrize("command", [["slack", "join"], ["listen", "slack"]])
def test_a_team_without_a_token_is_a_matter_of_configuration(
    site: SlackTeamSite,
    command: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert execute([*command, "--team", "T0002"]) == 2
    assert "holds no token for this team" in capsys.readouterr().err
    monkeypatch.delenv(f"{NAME}TOKENS")
    assert execute(command) == 2
    assert "--team is not given" in capsys.readouterr().err
    assert site.calls == 0


def test_what_is_heard_is_kept_until_somebody_stops_it(
    site: SlackTeamSite, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """But nothing of other teams or of direct messages."""
    with socket_serving() as socket:
        site.socket_url = socket.url

        def tell() -> None:
            connection = socket.connections.get(timeout=120)
            socket.send(connection, "Ev1", type="message", channel="C1", ts="1700000000.000100")
            socket.send(connection, "Ev2", type="message", channel="D1", channel_type="im")
            socket.send(connection, "Ev3", team="T0002", type="message", channel="C1")
            for _ in range(3):
                socket.acknowledged.get(timeout=120)
            os.kill(os.getpid(), signal.SIGTERM)

        teller = threading.Thread(target=tell)
        teller.start()
        assert execute(["listen", "slack"]) == 0
        teller.join()
    assert "Listening to T0001" in capsys.readouterr().out
    with database.transaction() as session:
        kept = session.execute(text("select event_id, kind from cppa_slack_tracker_event")).tuples()
        assert kept.all() == [("Ev1", "message")]
