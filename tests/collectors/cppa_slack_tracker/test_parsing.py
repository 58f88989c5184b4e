"""What Slack sends → records: recorded answers, and the text that people see."""

import json
from pathlib import Path
from typing import Any

import pytest

from collectors.cppa_slack_tracker.parsing.events import Hint, read_event, read_hint
from collectors.cppa_slack_tracker.parsing.fields import time_of
from collectors.cppa_slack_tracker.parsing.history import BEGINNING, NOW, History, Stretch
from collectors.cppa_slack_tracker.parsing.messages import read_page
from collectors.cppa_slack_tracker.parsing.mrkdwn import plain, text_of_blocks
from collectors.cppa_slack_tracker.parsing.people import read_channel, read_team, read_user
from collectors.cppa_slack_tracker.parsing.privacy import Privacy
from collectors.cppa_slack_tracker.parsing.records import Page
from collectors.cppa_slack_tracker.parsing.selection import Selection, patterns
from services.errors import RecordRejected

RECORDINGS = Path(__file__).parent / "recordings"


def page_of(items: list[Any], privacy: Privacy = Privacy()) -> Page:  # noqa: B008 - frozen
    return read_page(items, cursor=None, has_more=False, is_limited=False, privacy=privacy)


def test_a_recorded_history_is_understood_whole() -> None:
    answer = json.loads((RECORDINGS / "conversations.history.json").read_text())
    page = page_of(answer["messages"])
    assert page.rejected == ()
    first, built, shared, joined = page.messages
    assert first.text == (
        "Look at `boost::asio::ip::tcp` in the docs (https://www.boost.org/doc/), @U061F7AUR & @here"
    )
    assert (first.reply_count, first.latest_reply, first.begins_thread) == (
        2,
        "1712349999.000200",
        True,
    )
    assert (first.edited_ts, first.posted_at.microsecond) == ("1712345700.000000", 900019)
    assert {"blocks", "client_msg_id"} < first.payload.keys()
    assert not {"reactions", "reply_users", "subscribed"} & first.payload.keys()
    assert (built.author_name, built.text) == ("builds", "Build 42\npassed in 3m")
    assert [(file.file_id, file.is_deleted) for file in shared.files] == [
        ("F0S43P1CZ", False),
        ("F0GONE", True),
    ]
    assert joined.tells_of_joining


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("std::chrono::seconds", "std::chrono::seconds"),
        ("vector&lt;int&gt; &amp;&amp; x", "vector<int> && x"),
        ("vector<int>", "vector<int>"),
        ("<@U1> and <@U2|ann>", "@U1 and @ann"),
        ("<#C1|general> <#C2>", "#general #C2"),
        ("<https://a.example>", "https://a.example"),
        ("<https://a.example|here>", "here (https://a.example)"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<!channel> <!subteam^S1|@devs> <!date^1^x|soon>", "@channel @devs soon"),
    ],
)
def test_markup_becomes_text_and_code_stays_code(said: str, seen: str) -> None:
    assert plain(said) == seen


def test_blocks_say_what_they_show() -> None:
    line = [
        {"type": "text", "text": "see "},
        {"type": "channel", "channel_id": "C1"},
        {"type": "emoji", "name": "tada"},
        {"type": "link", "url": "https://a.example"},
        {"type": "link", "url": "https://a.example", "text": "a"},
    ]
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Title"}},
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "<@U1>"}, "nothing"]},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": line}]},
        {"type": "divider"},
        None,
    ]
    wanted = "Title\n@U1\nsee #C1:tada:https://a.examplea (https://a.example)"
    assert text_of_blocks(blocks) == wanted


@pytest.mark.parametrize(
    "item",
    [
        "not an object",
        {},
        {"ts": 1},
        {"ts": "yesterday"},
        {"ts": "1700000000.000100", "text": 7},
        {"ts": "1700000000.000100", "reactions": "many"},
        {"ts": "1700000000.000100", "reactions": [{"name": "eyes", "count": "one"}]},
        {"ts": "1700000000.000100", "files": [{"id": "F1", "created": 10**40}]},
        {"ts": "1700000000.000100", "files": [{"id": "../F1"}]},
        {"ts": "1700000000.000100", "user": "a user"},
        {"ts": "1700000000.000100", "edited": "now"},
        {"ts": "1700000000.000100", "thread_ts": "1"},
    ],
)
def test_what_is_no_message_is_set_aside_alone(item: object) -> None:
    page = page_of([{"ts": "1600000000.000100", "text": "fine"}, item])
    assert [message.text for message in page.messages] == ["fine"]
    assert len(page.rejected) == 1
    assert page.is_doubtful == (page.rejected[0].ts is None)


def test_an_attachment_without_text_says_its_fallback() -> None:
    ts = "1700000000.000100"
    parts = [{"fallback": "a picture"}, {"blocks": [{"type": "text", "text": "block"}]}, "odd"]
    (message,) = page_of([{"ts": ts, "text": "look", "attachments": parts}]).messages
    assert message.text == "look\na picture\nblock"


def test_reactions_without_a_count_are_counted() -> None:
    reactions = [{"name": "b", "users": ["U1", 7]}, {"name": "a", "count": 9}]
    (message,) = page_of([{"ts": "1700000000.000100", "reactions": reactions}]).messages
    assert [(one.name, one.count, one.users) for one in message.reactions] == [
        ("a", 9, ()),
        ("b", 1, ("U1",)),
    ]


def test_times_are_times() -> None:
    assert time_of({}, "created") is None
    with pytest.raises(RecordRejected, match="whole number"):
        time_of({"created": True}, "created")


def test_people_and_channels() -> None:
    user = read_user({"id": "USLACKBOT", "profile": {"email": "a@b.example"}}, keep_email=True)
    assert (user.is_bot, user.email, user.shown_name) == (True, "a@b.example", "USLACKBOT")
    kinds = [{}, {"is_private": True}, {"is_im": True}, {"is_mpim": True}]
    found = [read_channel({"id": "C1", **kind}).kind for kind in kinds]
    assert found == ["public_channel", "private_channel", "im", "mpim"]
    assert read_team({"team_id": "T1"}).name == "T1"


def test_privacy_takes_out_addresses_and_links() -> None:
    privacy = Privacy(without_emails=True, without_file_urls=True)
    assert privacy.clean({"a": ["x@y.example", 7]}) == {"a": ["(e-mail)", 7]}
    assert privacy.clean_file({"id": "F1", "url_private": "u", "thumb_64": "t"}) == {"id": "F1"}
    assert Privacy().clean_file({"url_private": "u"}) == {"url_private": "u"}


def test_patterns_choose_channels() -> None:
    chosen = Selection(patterns("#boost-*, C9"), patterns("boost-spam"), patterns(""))
    named = {"boost-dev": "C1", "boost-spam": "C2", "other": "C3", "by-id": "C9"}
    found = [
        name
        for name, number in named.items()
        if read_channel({"id": number, "name": name}) in chosen
    ]
    assert found == ["boost-dev", "by-id"]


def test_pages_in_any_order_close_the_gaps() -> None:
    history = History().opened().with_page(Stretch("5", NOW), "9")
    assert [(gap.above, gap.below) for gap in history.gaps] == [(BEGINNING, "5")]
    history = history.opened()
    assert [(gap.above, gap.below) for gap in history.gaps] == [("9", NOW), (BEGINNING, "5")]
    history = history.with_page(Stretch("2", "4"), "3")
    assert [(gap.above, gap.below) for gap in history.gaps][1:] == [("4", "5"), (BEGINNING, "2")]
    assert not history.is_whole


def test_one_message_is_a_gap_of_its_own() -> None:
    ts = "1700000000.000000"
    history = History(newest="1800000000.000000", gaps=())
    again = history.with_gap(ts)
    assert again.gaps == (Stretch("1699999999.999999", "1700000000.000001"),)
    assert again.with_gap(ts) is again
    assert history.with_gap("1900000000.000000") is history


REPLY = {"ts": "1700000001.000100", "thread_ts": "1700000000.000100"}


@pytest.mark.parametrize(
    ("event", "hint"),
    [
        ({"type": "message", "channel": "C1", "ts": "1700000001.000100"}, Hint("C1")),
        ({"type": "message", "channel": "C1", **REPLY}, Hint("C1", thread="1700000000.000100")),
        (
            {"type": "message", "channel": "C1", "subtype": "message_changed", "message": REPLY},
            Hint("C1", "1700000001.000100", "1700000000.000100"),
        ),
        (
            {
                "type": "message",
                "channel": "C1",
                "subtype": "message_deleted",
                "deleted_ts": "1700000001.000100",
                "previous_message": REPLY,
            },
            Hint("C1", "1700000001.000100", "1700000000.000100"),
        ),
        (
            {"type": "reaction_added", "item": {"channel": "C1", "ts": "1700000001.000100"}},
            Hint("C1", "1700000001.000100"),
        ),
        ({"type": "reaction_added", "item": {"type": "file", "file": "F1"}}, None),
        ({"type": "member_joined_channel", "channel": "C1", "user": "U1"}, Hint("C1")),
        ({"type": "channel_created", "channel": {"id": "C1"}}, None),
        ({"type": "channel_archive", "channel": "C1"}, None),
    ],
)
def test_events_are_hints(event: dict[str, Any], hint: Hint | None) -> None:
    assert read_hint(event["type"], event) == hint


def test_an_event_has_a_team_and_an_id() -> None:
    envelope = {"team_id": "T1", "event_id": "Ev1", "event": {"type": "message", "channel": "C1"}}
    event = read_event(envelope)
    assert (event.team_id, event.event_id, event.kind) == ("T1", "Ev1", "message")
    assert not event.is_direct
    with pytest.raises(RecordRejected, match="event_id"):
        read_event({**envelope, "event_id": None})


@pytest.mark.parametrize(
    "inner",
    [
        {"channel_type": "im"},
        {"channel_type": "mpim"},
        {"channel": "D1"},
        {"item": {"channel": "D1"}},
    ],
)
def test_an_event_of_a_direct_message_is_told_from_others(inner: dict[str, Any]) -> None:
    envelope = {"team_id": "T1", "event_id": "Ev1", "event": {"type": "message", **inner}}
    assert read_event(envelope).is_direct
