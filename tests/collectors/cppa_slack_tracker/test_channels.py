"""Which channels are read, what becomes of those that are not, and who is in them."""

from collections.abc import Sequence

import pytest

from conformance.replay.messages import Answer, Asked
from services.errors import ConfigError
from services.runs.models import CollectorDeadLetter
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite, serving, small_team


def states(collecting: CollectingSlack) -> list[tuple[object, ...]]:
    return collecting.rows("select name, state from {channel} order by channel_id")


def test_direct_and_private_channels_are_never_stored(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Nor asked for; a private one is, once it is named."""
    site.channel("C2", "secret", is_private=True)
    site.channel("D1", "dm", is_im=True)
    site.channel("G1", "few", is_mpim=True)
    for channel in site.channels:
        site.post(channel, f"in {channel}")
    collecting.collect()
    assert collecting.messages() == ["in C1"]
    collecting.settings["private"] = "sec*"
    collecting.collect()
    assert collecting.messages() == ["in C1", "in C2"]
    assert collecting.documents("is_private") == [False, True]
    assert states(collecting) == [("general", "read"), ("secret", "read")]


def test_the_block_list_wins(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    for channel, name in (("C2", "boost-dev"), ("C3", "boost-spam"), ("C4", "other")):
        site.channel(channel, name)
        site.post(channel, name)
    collecting.settings |= {"allow": "#boost-*, C4", "block": "boost-spam"}
    collecting.collect()
    assert collecting.messages() == ["boost-dev", "other"]


def test_a_run_may_be_for_some_channels_only(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.channel("C2", "other")
    for channel in ("C1", "C2"):
        site.post(channel, channel)
    assert not collecting.collector(channels=["#oth*"]).reads_all
    collecting.collect(channels=["#oth*"])
    assert collecting.messages() == ["C2"]


@pytest.mark.parametrize("refusal", ["not_in_channel", "channel_not_found"])
def test_a_channel_that_is_closed_to_us_is_a_state_and_no_failure(
    site: SlackTeamSite, collecting: CollectingSlack, refusal: str
) -> None:
    closed = site.channel("C2", "closed", is_member=False)
    closed.refusal = refusal
    site.channel("C3", "open")
    site.post("C3", "still read")
    collecting.collect()
    assert collecting.messages() == ["still read"]
    assert states(collecting)[1] == ("closed", refusal)
    assert f"not read, {refusal}: #closed" in collecting.heard.lines


def test_a_channel_that_we_are_not_in_is_not_asked_for_again_until_we_are(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    closed = site.channel("C2", "closed", is_member=False)
    closed.refusal = "not_in_channel"
    site.post("C2", "waiting")
    assert collecting.calls_of().count("conversations.history") == 2
    assert collecting.calls_of().count("conversations.history") == 1
    closed.refusal, closed.info["is_member"] = "", True
    collecting.collect()
    assert collecting.messages() == ["waiting"]


def test_an_archived_channel_is_read_once_and_again_when_it_is_open_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings["recheck_threads"] = 0
    parent = site.post("C1", "old", at="1640000000.000100")
    site.post("C1", "reply", at="1640000001.000100", thread=parent)
    site.channel("C1", is_archived=True)
    collecting.collect()
    assert collecting.messages() == ["old", "reply"]
    assert "conversations.history" not in collecting.calls_of()
    site.channel("C1", is_archived=False)
    site.post("C1", "new")
    collecting.collect()
    assert collecting.messages() == ["old", "reply", "new"]


def test_a_channel_that_is_gone_keeps_what_was_stored(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.channel("C2", "leaving")
    site.post("C2", "kept")
    collecting.collect()
    gone = site.channels.pop("C2")
    collecting.collect()
    assert states(collecting)[1] == ("leaving", "gone")
    site.channels["C2"] = gone
    collecting.collect()
    assert (states(collecting)[1], collecting.messages()) == (("leaving", "read"), ["kept"])


def test_a_channel_rename_keeps_documents_and_namespace(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "hello")
    collecting.collect()
    before = collecting.documents("key, namespace")
    site.channel("C1", "renamed")
    collecting.collect()
    assert collecting.documents("key, namespace") == before
    assert states(collecting) == [("renamed", "read")]
    site.post("C1", "again")
    collecting.collect()
    assert collecting.documents("title") == ["#renamed: hello"]


def test_two_teams_do_not_mix(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    """Same ids of channels, users and messages in both."""
    other = small_team()
    other.team_id, other.name = "T0002", "Other"
    with serving(other):
        second = CollectingSlack(collecting.database, other)
        site.post("C1", "ours", at="1700000000.000100")
        other.post("C1", "theirs", at="1700000000.000100")
        collecting.collect()
        second.collect()
    found = collecting.documents("key, namespace, text")
    assert found == [
        ("T0001:C1:2023-11-14T22", "slack-T0001", "u1: ours"),
        ("T0002:C1:2023-11-14T22", "slack-T0002", "u1: theirs"),
    ]
    assert collecting.rows("select count(*) from {user}") == [(6,)]
    assert sorted(collecting.messages()) == ["ours", "theirs"]


def test_the_token_of_another_team_is_refused(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collector = collecting.collector(team="T9999")
    with pytest.raises(ConfigError, match=r"for T9999 belongs to T0001 \(Acme\)"):
        collector.collect(collecting.run())
    assert collecting.rows("select count(*) from {team}") == [(0,)]


def test_joins_and_leaves_are_kept_in_order(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.join("C1", "U3", at="1700000001.000100")
    site.leave("C1", "U3", at="1700000002.000100")
    site.join("C1", "U3", at="1700000003.000100")
    collecting.collect()
    changes = 'select "user", has_joined, ts from {membership_change} order by at'
    assert collecting.rows(changes) == [
        ("U3", True, "1700000001.000100"),
        ("U3", False, "1700000002.000100"),
        ("U3", True, "1700000003.000100"),
    ]
    assert members(collecting) == [("U1", True), ("U2", True), ("U3", True)]


def members(collecting: CollectingSlack) -> Sequence[tuple[object, ...]]:
    return collecting.rows('select "user", left_at is null from {membership} order by 1')


def test_who_leaves_without_a_word_is_noticed(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.collect()
    site.channels["C1"].members = ["U1", "U4", "U5"]
    collecting.collect()
    changes = 'select "user", has_joined, ts from {membership_change} order by 1'
    assert collecting.rows(changes) == [("U2", False, None), ("U4", True, None), ("U5", True, None)]
    assert members(collecting) == [("U1", True), ("U2", False), ("U4", True), ("U5", True)]


def test_a_message_about_leaving_and_the_list_tell_it_once(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.collect()
    site.leave("C1", "U2")
    collecting.collect()
    assert collecting.rows('select "user", has_joined from {membership_change}') == [("U2", False)]
    assert members(collecting) == [("U1", True), ("U2", False)]


def test_who_joins_between_the_messages_and_the_list_joins_once(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    def list_later(asked: Asked, usual: Answer) -> Answer:
        site.join("C1", "U4")
        return site(asked) or usual

    collecting.collect()
    site.join("C1", "U3")
    site.server.script.on("/api/conversations.members", list_later)
    collecting.collect()
    collecting.collect()
    changes = 'select "user", has_joined, ts is null from {membership_change} order by 1'
    assert collecting.rows(changes) == [("U3", True, False), ("U4", True, False)]
    assert members(collecting)[2:] == [("U3", True), ("U4", True)]


def test_members_are_listed_only_when_something_changed(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    assert collecting.calls_of().count("conversations.members") == 1
    assert collecting.calls_of().count("conversations.members") == 0
    site.join("C1", "U3")
    assert collecting.calls_of().count("conversations.members") == 1


def test_addresses_and_file_urls_are_not_kept_when_asked(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    file = {"id": "F1", "name": "a.txt", "url_private": "https://files/x", "permalink": "https://p"}
    site.post("C1", "write to <mailto:ann@example.org|ann@example.org>", files=[file])
    collecting.settings |= {"redact_emails": True, "redact_file_urls": True}
    collecting.collect()
    assert collecting.messages() == ["write to (e-mail)"]
    assert collecting.rows("select url, permalink from {file}") == [(None, None)]
    assert collecting.rows("select count(*) from identity_email") == [(0,)]
    kept = collecting.rows("select payload::text from {message}")
    assert "ann@" not in kept[0][0]


def test_letters_of_lists_need_no_channel(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    letter = CollectorDeadLetter(payload={"list": "users", "item": {}})
    assert collecting.collector().replay(collecting.run(), [letter]).quarantined == 0
