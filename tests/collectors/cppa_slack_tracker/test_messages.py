"""What a run stores of a team's messages, on a real PostgreSQL."""

from typing import Any

import pytest

from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite


def test_a_second_run_writes_nothing(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    parent = site.post("C1", "question")
    site.post("C1", "answer", thread=parent, user="U2")
    site.post("C1", "alone", reactions=[{"name": "eyes", "count": 1, "users": ["U2"]}])
    collecting.collect()
    before = collecting.row_versions()
    again = collecting.collect()
    assert collecting.row_versions() == before
    assert (again.written.inserted, again.written.updated) == (0, 0)


def test_a_dry_run_counts_the_same_and_writes_nothing(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "answer", thread=site.post("C1", "question"))
    before = collecting.row_versions()
    rehearsed = collecting.rehearse()
    assert collecting.row_versions() == before
    assert collecting.collect().counts == rehearsed.counts


def test_ts_precision_is_preserved(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    """Timestamps that differ in the sixth decimal only are two messages."""
    for micros in ("000100", "000101", "999999"):
        site.post("C1", micros, at=f"1700000000.{micros}")
    collecting.collect()
    assert collecting.messages("ts, posted_at::text") == [
        ("1700000000.000100", "2023-11-14 22:13:20.0001+00"),
        ("1700000000.000101", "2023-11-14 22:13:20.000101+00"),
        ("1700000000.999999", "2023-11-14 22:13:20.999999+00"),
    ]


def test_a_timestamp_is_unique_in_its_channel_only(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.channel("C2")
    for channel in ("C1", "C2"):
        site.post(channel, f"in {channel}", at="1700000000.000100")
    collecting.collect()
    assert collecting.messages() == ["in C1", "in C2"]
    keys = ["T0001:C1:2023-11-14T22", "T0001:C2:2023-11-14T22"]
    assert collecting.documents("key") == keys


def test_thread_broadcast_and_file_share_have_their_text(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question")
    site.post("C1", "for all to see", thread=parent, subtype="thread_broadcast")
    site.post("C1", "look at this", subtype="file_share", files=[{"id": "F1", "name": "a.cpp"}])
    collecting.collect()
    assert collecting.messages("text, is_in_channel, file_ids") == [
        ("question", True, []),
        ("for all to see", True, []),
        ("look at this", True, ["F1"]),
    ]
    assert collecting.rows("select file_id, name, is_deleted from {file}") == [
        ("F1", "a.cpp", False)
    ]


@pytest.mark.parametrize("subtype", ["me_message", "slack_audio", "something_new", None])
def test_unknown_subtypes_are_stored_with_their_text(
    site: SlackTeamSite, collecting: CollectingSlack, subtype: str | None
) -> None:
    site.post("C1", "said nevertheless", subtype=subtype)
    collecting.collect()
    assert collecting.messages() == ["said nevertheless"]


def test_bot_posted_content_is_stored_whatever_form_it_has(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Text, blocks or attachments, under the name that the bot used."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "build *failed*"}}]
    attachments = [{"title": "PR 7", "text": "merged", "fallback": "PR 7 merged"}]
    bot: dict[str, Any] = {"user": None, "subtype": "bot_message", "bot_id": "B1", "username": "CI"}
    site.post("C1", "plain", **bot)
    site.post("C1", "", blocks=blocks, **bot)
    site.post("C1", "", attachments=attachments, **bot)
    collecting.collect()
    assert collecting.messages("text, author_name, bot_id, user_id") == [
        ("plain", "CI", "B1", None),
        ("build *failed*", "CI", "B1", None),
        ("PR 7\nmerged", "CI", "B1", None),
    ]
    assert "CI: plain" in collecting.documents()[0]


def test_messages_keep_what_the_source_says_of_them(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Reactions, files, blocks, permalink, client_msg_id."""
    blocks = [{"type": "rich_text", "elements": []}]
    parent = site.post("C1", "question", at="1700000000.000100", client_msg_id="abc", blocks=blocks)
    site.post("C1", "answer", at="1700000001.000100", thread=parent)
    site.react("C1", parent, "tada", "U2", "U1")
    collecting.collect()
    columns = "permalink, reactions, payload->>'client_msg_id', payload->'blocks'"
    where = "https://acme.slack.com/archives/C1/p1700000000000100"
    reply = (
        "https://acme.slack.com/archives/C1/p1700000001000100?thread_ts=1700000000.000100&cid=C1"
    )
    tada = [{"name": "tada", "count": 2, "users": ["U1", "U2"]}]
    assert collecting.messages(columns) == [(where, tada, "abc", blocks), (reply, [], None, None)]


def test_a_reaction_comes_and_goes(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    ts = site.post("C1", "hello")
    site.react("C1", ts, "eyes", "U1")
    collecting.collect()
    site.react("C1", ts, "eyes")
    collecting.collect()
    assert collecting.messages("reactions") == [[]]


def test_an_edit_of_an_old_message_is_seen(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """However old it is: its page is read again in turn."""
    old = site.post("C1", "teh", at="1500000000.000100")
    site.post("C1", "new")
    collecting.collect()
    site.edit("C1", old, "the")
    collecting.collect()
    assert collecting.messages("text, edited_at::date::text") == [
        ("the", "2024-03-10"),
        ("new", None),
    ]


def test_a_deletion_is_marked_and_the_message_is_found_no_more(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "stays", at="1600000000.000100")
    gone = site.post("C1", "goes", at="1500000000.000100")
    collecting.collect()
    site.delete("C1", gone)
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == (["stays"], ["goes"])
    assert collecting.documents() == ["u1: stays"]


def test_the_newest_message_of_a_channel_may_be_deleted(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    gone = site.post("C1", "goes")
    collecting.collect()
    site.delete("C1", gone)
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == ([], ["goes"])


def test_a_deleted_message_that_comes_back_is_there_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    ts = site.post("C1", "goes")
    message = site.channels["C1"].messages[ts]
    collecting.collect()
    site.delete("C1", ts)
    collecting.collect()
    site.post(
        "C1", "goes", at=ts, **{k: v for k, v in message.items() if k not in {"ts", "text", "user"}}
    )
    collecting.collect()
    assert (collecting.messages(), collecting.documents()) == (["goes"], ["u1: goes"])


def test_what_the_free_plan_hides_is_not_deleted(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "old", at="1500000000.000100")
    site.post("C1", "new", at="1700000000.000100")
    collecting.collect()
    site.visible_since = "1600000000.000000"
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == (["old", "new"], [])


@pytest.mark.parametrize("shows_beginnings", [False, True])
def test_what_the_free_plan_hides_of_threads_is_not_deleted(
    site: SlackTeamSite, collecting: CollectingSlack, shows_beginnings: bool
) -> None:
    site.shows_hidden_beginnings = shows_beginnings
    parent = site.post("C1", "old", at="1500000000.000100")
    site.post("C1", "reply", at="1500000001.000100", thread=parent)
    site.post("C1", "new", at="1700000000.000100")
    collecting.collect()
    for site.visible_since in ("1600000000.000000", "1800000000.000000"):
        collecting.collect()
        assert (collecting.messages(), collecting.deleted()) == (["old", "reply", "new"], [])
    site.visible_since = ""
    site.delete("C1", next(iter(site.channels["C1"].threads[parent])))
    collecting.collect()
    assert collecting.deleted() == ["reply"]


def test_a_stranger_of_a_shared_channel_is_asked_for_once(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "hi", user="U777")
    site.post("C1", "there", user="U777")
    collecting.collect()
    collecting.collect()
    assert site.asked("users.info") == 1
    assert collecting.rows("select user_id, name from {user} where user_id = 'U777'") == [
        ("U777", "U777")
    ]


def test_people_are_profiles_of_their_team(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.collect()
    profiles = (
        "select platform, external_id, display_name, account_type from identity_profile order by 2"
    )
    assert collecting.rows(profiles) == [
        ("slack", "T0001:U1", "u1", "user"),
        ("slack", "T0001:U2", "u2", "user"),
        ("slack", "T0001:UBOT", "ubot", "bot"),
    ]


def test_a_message_that_is_not_understood_costs_no_other_and_is_read_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question")
    bad = site.post("C1", "unreadable", thread=parent)
    site.channels["C1"].messages[bad]["text"] = 7
    site.post("C1", "fine")
    result = collecting.collect()
    assert (result.quarantined, collecting.messages()) == (1, ["question", "fine"])
    assert collecting.letters() == [(f"C1:{parent}:{bad}", "open")]
    site.channels["C1"].messages[bad]["text"] = "readable"
    assert collecting.replay().quarantined == 0
    assert collecting.messages() == ["question", "readable", "fine"]


def test_where_a_message_cannot_be_told_from_others_nothing_counts_as_deleted(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """It may be any of those that seem to be missing; once it is told, the rest is gone."""
    gone, odd = site.post("C1", "gone"), site.post("C1", "odd")
    collecting.collect()
    message = dict(site.channels["C1"].messages[odd])
    site.delete("C1", gone)
    del site.channels["C1"].messages[odd]["ts"]
    assert collecting.collect().quarantined == 1
    assert (collecting.messages(), collecting.deleted()) == (["gone", "odd"], [])
    site.channels["C1"].messages[odd] = message
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == (["odd"], ["gone"])


def test_a_user_or_channel_that_is_not_understood_costs_no_other(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.user("U9", name=["not", "a", "name"])
    site.channel("C9", created="yesterday")
    site.post("C1", "hello")
    collecting.collect()
    assert [key for key, _ in collecting.letters()] == ["users:U9", "channels:C9"]
    assert collecting.messages() == ["hello"]
    site.user("U9")
    site.channel("C9", created=1)
    assert collecting.replay().quarantined == 0
    assert collecting.rows("select count(*) from {user} where user_id = 'U9'") == [(1,)]
