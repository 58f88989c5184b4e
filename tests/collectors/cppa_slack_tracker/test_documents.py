"""What search finds of Slack."""

from datetime import timedelta

from services.vectors.services import search_documents
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import NOW, SlackTeamSite

OLD = "1700000000.000100"


def test_a_thread_is_one_document(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    parent = site.post("C1", "How do I post to <@U2>'s strand?", at=OLD)
    site.post("C1", "Use a *dispatch*", at="1700000005.000100", thread=parent, user="U2")
    collecting.collect()
    assert collecting.documents("key, title, text, author, url, published_on::text") == [
        (
            f"T0001:C1:{OLD}",
            "#general: How do I post to @u2's strand?",
            "u1: How do I post to @u2's strand?\nu2: Use a *dispatch*",
            "u1, u2",
            "https://acme.slack.com/archives/C1/p1700000000000100",
            "2023-11-14",
        )
    ]
    assert collecting.documents("metadata") == [
        {
            "type": "slack",
            "team": "T0001",
            "channel": "C1",
            "channel_name": "general",
            "document": "thread",
            "participants": ["U1", "U2"],
            "messages": 2,
            "first_at": 1700000000,
            "last_at": 1700000005,
        }
    ]


def test_messages_outside_threads_are_one_document_an_hour(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Never across channels; the hour's key stays while it grows."""
    site.channel("C2", "other")
    for minutes, channel in ((0, "C1"), (59, "C1"), (60, "C1"), (1, "C2")):
        site.post(channel, f"at {minutes}", at=NOW - timedelta(days=9) + timedelta(minutes=minutes))
    collecting.collect()
    assert collecting.documents("key, text") == [
        ("T0001:C1:2024-03-01T12", "u1: at 0\nu1: at 59"),
        ("T0001:C1:2024-03-01T13", "u1: at 60"),
        ("T0001:C2:2024-03-01T12", "u1: at 1"),
    ]


def test_a_document_is_written_whole_when_any_message_of_it_changes(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "answer", at="1700000005.000100", thread=parent, user="U2")
    collecting.collect()
    site.post("C1", "thanks", thread=parent)
    collecting.collect()
    assert collecting.documents() == ["u1: question\nu2: answer\nu1: thanks"]


def test_a_first_reply_moves_a_message_from_its_hour_to_its_thread(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "something else", at="1700000001.000100")
    collecting.collect()
    site.post("C1", "answer", thread=parent)
    collecting.collect()
    assert collecting.documents("key, text") == [
        (f"T0001:C1:{OLD}", "u1: question\nu1: answer"),
        ("T0001:C1:2023-11-14T22", "u1: something else"),
    ]


def test_messages_posted_long_ago_and_collected_now_are_found(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """As after a backfill: documents follow the data, not a clock."""
    site.post("C1", "new")
    collecting.collect()
    site.channel("C2", "late")
    site.post("C2", "ancient coroutines", at="1500000000.000100")
    collecting.collect()
    with collecting.database.transaction() as session:
        assert [one.key for one in search_documents(session, "coroutine")] == [
            "T0001:C2:2017-07-14T02"
        ]


def test_code_text_survives_cleaning(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    """Names with colons, templates, escapes; case stays as it is."""
    said = (
        "`boost::asio::ip::tcp` and std::chrono::seconds :tada: `vector&lt;int&gt;` OK &amp; thanks"
    )
    site.post("C1", said)
    collecting.collect()
    wanted = "`boost::asio::ip::tcp` and std::chrono::seconds :tada: `vector<int>` OK & thanks"
    assert collecting.documents() == [f"u1: {wanted}"]
    with collecting.database.transaction() as session:
        assert len(search_documents(session, '"boost::asio::ip::tcp"')) == 1


def test_notices_of_slack_itself_are_kept_and_not_looked_for(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.post("C1", "set the topic", subtype="channel_topic")
    collecting.collect()
    assert (collecting.messages(), collecting.documents()) == (["set the topic"], [])
