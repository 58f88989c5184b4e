"""What Slack tells by itself: stored once, acknowledged, and read again from where things are true."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from collectors.cppa_slack_tracker.client.listening import listen
from collectors.cppa_slack_tracker.collector.joining import join_channels
from collectors.cppa_slack_tracker.parsing.events import Event
from collectors.cppa_slack_tracker.parsing.selection import Selection
from collectors.cppa_slack_tracker.services.events import store_event
from collectors.cppa_slack_tracker.settings import SlackSettings
from conformance.replay.faults import status
from services.errors import AccessDenied, SourceUnavailable
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite
from tests.support.slack_socket import SlackSocket, socket_serving

OLD = "1640000000.000100"
SOON = 60


@pytest.fixture
def socket(site: SlackTeamSite) -> Iterator[SlackSocket]:
    with socket_serving() as found:
        site.socket_url = found.url
        yield found


def settings(site: SlackTeamSite) -> SlackSettings:
    return SlackSettings.model_construct(base_url=site.base_url, app_tokens=SecretStr("xapp-1"))


@contextmanager
def listening(collecting: CollectingSlack) -> Iterator[None]:
    """In a thread, until the block ends."""
    over = threading.Event()

    def keep(event: Event) -> None:
        with collecting.database.transaction() as session:
            store_event(session, event)

    def hear() -> None:
        listen(settings(collecting.site), "xapp-1", keep, is_over=over.is_set)

    thread = threading.Thread(target=hear)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def told(collecting: CollectingSlack, event_id: str, kind: str = "message", **payload: Any) -> bool:
    event = Event(collecting.site.team_id, event_id, kind, {"type": kind, **payload})
    with collecting.database.transaction() as session:
        return store_event(session, event)


def waiting(collecting: CollectingSlack) -> list[str]:
    query = "select event_id from {event} where drained_at is null order by id"
    return [name for (name,) in collecting.rows(query)]


def test_an_event_is_stored_then_acknowledged(
    collecting: CollectingSlack, socket: SlackSocket
) -> None:
    with listening(collecting):
        connection = socket.connections.get(timeout=SOON)
        socket.send(connection, "Ev1", type="message", channel="C1", ts=OLD)
        assert socket.acknowledged.get(timeout=SOON) == "env-Ev1"
        assert waiting(collecting) == ["Ev1"]


def test_a_duplicate_delivery_is_stored_once(
    collecting: CollectingSlack, socket: SlackSocket
) -> None:
    with listening(collecting):
        connection = socket.connections.get(timeout=SOON)
        for _ in range(2):
            socket.send(connection, "Ev1", type="message", channel="C1", ts=OLD)
            assert socket.acknowledged.get(timeout=SOON) == "env-Ev1"
        assert waiting(collecting) == ["Ev1"]


def test_what_is_no_event_is_acknowledged_and_forgotten(
    collecting: CollectingSlack, socket: SlackSocket, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(collecting):
        connection = socket.connections.get(timeout=SOON)
        socket.send(connection, "Ev1")
        assert socket.acknowledged.get(timeout=SOON) == "env-Ev1"
    assert "what is no event: type is missing" in caplog.text
    assert waiting(collecting) == []


def test_a_token_that_is_refused_ends_the_listener(site: SlackTeamSite) -> None:
    site.server.tokens.revoke("xapp-1")
    with pytest.raises(AccessDenied):
        listen(settings(site), "xapp-1", lambda _: None, is_over=lambda: False)


def test_a_connection_that_stays_closed_ends_the_listener(
    site: SlackTeamSite, socket: SlackSocket
) -> None:
    """By a clock on which two minutes pass between two looks."""
    times = iter(range(0, 10**6, 121))

    def closed_at_once() -> bool:
        if not socket.connections.empty():
            site.server.tokens.revoke("xapp-1")
            socket.connections.get().close()
        return False

    with pytest.raises(SourceUnavailable, match="stays closed"):
        listen(
            settings(site),
            "xapp-1",
            lambda _: None,
            is_over=closed_at_once,
            clock=lambda: next(times),
        )


def test_an_event_of_a_new_message_makes_the_channel_be_read(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """And nothing else: one call tells whose token it is, one reads."""
    collecting.collect()
    ts = site.post("C1", "hello")
    told(collecting, "Ev1", channel="C1", ts=ts)
    calls = collecting.calls_of(events_only=True)
    assert calls == ["auth.test", "conversations.history"]
    assert (collecting.messages(), waiting(collecting)) == (["hello"], [])
    assert collecting.rows("select payload from {event}") == [(None,)]


def test_an_event_of_a_reply_makes_its_thread_be_read_whatever_its_age(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings |= {"sweep_pages": 0, "rescan_days": 0, "recheck_threads": 0}
    parent = site.post("C1", "question", at=OLD)
    collecting.collect()
    reply = site.post("C1", "answer", thread=parent)
    told(collecting, "Ev1", channel="C1", ts=reply, thread_ts=parent)
    collecting.collect(events_only=True)
    assert collecting.messages() == ["question", "answer"]


def test_events_of_edits_and_deletions_of_any_age_are_followed(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings |= {"sweep_pages": 0, "rescan_days": 0, "recheck_threads": 0}
    edited = site.post("C1", "teh", at=OLD)
    gone = site.post("C1", "gone", at="1640000050.000100")
    parent = site.post("C1", "question", at="1640000060.000100")
    reply = site.post("C1", "anwser", at="1640000070.000100", thread=parent)
    site.post("C1", "last")
    collecting.collect()
    site.edit("C1", edited, "the")
    site.edit("C1", reply, "answer")
    site.delete("C1", gone)
    told(collecting, "Ev1", channel="C1", subtype="message_changed", message={"ts": edited})
    told(collecting, "Ev2", channel="C1", subtype="message_deleted", deleted_ts=gone)
    told(collecting, "Ev3", "reaction_added", item={"channel": "C1", "ts": reply})
    collecting.collect(events_only=True)
    assert collecting.messages() == ["the", "question", "answer", "last"]
    assert collecting.deleted() == ["gone"]


def test_events_are_drained_once_and_by_full_runs_too(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    assert told(collecting, "Ev1", channel="C1", ts=OLD)
    assert not told(collecting, "Ev1", channel="C1", ts=OLD)
    told(collecting, "Ev2", channel="C9", ts=OLD)
    told(collecting, "Ev3", "reaction_added", item={"channel": "C1", "ts": "odd"})
    collecting.collect()
    assert waiting(collecting) == []
    assert collecting.calls_of(events_only=True) == ["auth.test"]


def test_events_of_another_team_wait_for_its_run(collecting: CollectingSlack) -> None:
    event = Event("T0002", "Ev1", "message", {"channel": "C1"})
    with collecting.database.transaction() as session:
        store_event(session, event)
    collecting.collect()
    assert waiting(collecting) == ["Ev1"]


def test_joining_is_for_channels_that_are_to_be_read(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    closed: dict[str, dict[str, Any]] = {
        "C2": {"is_member": False},
        "C3": {"is_member": False, "name": "blocked"},
        "C4": {"is_member": False, "is_archived": True},
    }
    for channel, fields in closed.items():
        site.channel(channel, **fields).refusal = "not_in_channel"
    site.post("C2", "hello")
    wanted = Selection(("*",), ("blocked",), ())
    client = collecting.collector()._open(collecting.run()).client
    would = [(channel.name, state) for channel, state in join_channels(client, wanted, is_dry=True)]
    assert (would, site.asked("conversations.join")) == ([("c2", "would join")], 0)
    did = [(channel.name, state) for channel, state in join_channels(client, wanted, is_dry=False)]
    assert did == [("c2", "joined")]
    collecting.collect()
    assert collecting.messages() == ["hello"]


def test_what_events_ask_for_waits_until_it_is_done(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Also when the run that has taken the events ends before it has read the channels."""
    site.channel("C2", "random")
    collecting.collect()
    for number, channel in enumerate(("C1", "C2")):
        told(collecting, f"Ev{number}", channel=channel, ts=site.post(channel, f"in {channel}"))
    site.server.script.on("/api/conversations.history", None, *[status(503)] * 8)
    with pytest.raises(SourceUnavailable):
        collecting.collect(events_only=True)
    site.server.script.on("/api/conversations.history")
    assert (collecting.messages(), waiting(collecting)) == (["in C1"], [])
    assert collecting.calls_of(events_only=True) == ["auth.test", "conversations.history"]
    assert collecting.messages() == ["in C1", "in C2"]
    assert collecting.calls_of(events_only=True) == ["auth.test"]


def test_a_run_of_some_channels_leaves_what_events_say_of_others_to_be_done(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings |= {"sweep_pages": 0, "rescan_days": 0, "recheck_threads": 0}
    site.channel("C2", "random")
    edited = site.post("C1", "teh", at=OLD)
    collecting.collect()
    site.edit("C1", edited, "the")
    told(collecting, "Ev1", channel="C1", subtype="message_changed", message={"ts": edited})
    collecting.collect(channels=["random"])
    collecting.collect(events_only=True)
    assert collecting.messages() == ["the"]
