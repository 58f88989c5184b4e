"""Threads live on after their channel has moved on: the ledger of threads."""

import pytest

from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite

OLD = "1640000000.000100"


def test_thread_replies_are_stored(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    """Also when they are many pages."""
    site.most = 3
    parent = site.post("C1", "question")
    for number in range(10):
        site.post("C1", f"answer {number}", thread=parent, user="U2")
    collecting.collect()
    answers = [f"answer {number}" for number in range(10)]
    assert collecting.messages() == ["question", *answers]
    assert collecting.rows("select reply_count, told = read from {thread}") == [(10, True)]


def test_a_reply_to_a_two_year_old_thread_is_stored_the_day_it_is_written(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "answer", at="1640000001.000100", thread=parent)
    for number in range(20):
        site.post("C1", f"later {number}")
    collecting.collect()
    site.post("C1", "a late thought", thread=parent)
    collecting.collect()
    assert "a late thought" in collecting.messages()


def test_a_thread_that_did_not_change_is_not_read_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings["recheck_threads"] = 0
    for second in range(3):
        parent = site.post("C1", "question", at=f"164000000{second}.000100")
        site.post("C1", "answer", at=f"165000000{second}.000100", thread=parent)
    assert collecting.calls_of().count("conversations.replies") == 3
    site.post("C1", "again", thread=parent)
    assert collecting.calls_of().count("conversations.replies") == 1


def test_the_first_reply_to_an_old_message_makes_it_a_thread(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    collecting.collect()
    site.post("C1", "answer", thread=parent)
    collecting.collect()
    assert collecting.messages("text, thread_ts") == [("question", OLD), ("answer", OLD)]


def test_an_edit_of_a_recent_reply_is_seen_in_the_next_run(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings["recheck_threads"] = 0
    parent = site.post("C1", "question", at=OLD)
    reply = site.post("C1", "anwser", thread=parent)
    collecting.collect()
    site.edit("C1", reply, "answer")
    collecting.collect()
    assert collecting.messages() == ["question", "answer"]


def test_an_edit_of_an_old_reply_is_seen_when_its_turn_comes(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Quiet threads are read again one after the other, then from the first on."""
    collecting.settings["recheck_threads"] = 1
    replies = []
    for second in range(3):
        parent = site.post("C1", f"question {second}", at=f"164000000{second}.000100")
        replies.append(site.post("C1", "teh", at=f"165000000{second}.000100", thread=parent))
    collecting.collect()
    for reply in replies:
        site.edit("C1", reply, "the")
    for _ in range(3):
        collecting.collect()
    assert collecting.messages().count("the") == 3


def test_a_deleted_reply_is_marked(site: SlackTeamSite, collecting: CollectingSlack) -> None:
    parent = site.post("C1", "question", at=OLD)
    first = site.post("C1", "first", at="1640000001.000100", thread=parent)
    site.post("C1", "second", at="1640000002.000100", thread=parent)
    collecting.collect()
    site.delete("C1", first)
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == (["question", "second"], ["first"])


def test_a_thread_that_lost_its_last_reply_is_a_message_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    reply = site.post("C1", "answer", at="1640000001.000100", thread=parent)
    collecting.collect()
    site.delete("C1", reply)
    collecting.collect()
    assert collecting.messages("text, thread_ts") == [("question", None)]
    assert collecting.documents("key") == ["T0001:C1:2021-12-20T11"]
    before = collecting.row_versions()
    collecting.collect()
    assert collecting.row_versions() == before


def test_of_a_deleted_question_the_answers_stay(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Slack leaves its place, which does not replace what was written there."""
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "answer", at="1640000001.000100", thread=parent)
    collecting.collect()
    site.delete("C1", parent)
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == (["answer"], ["question"])
    before = collecting.row_versions()
    collecting.collect()
    assert collecting.row_versions() == before


def test_a_question_deleted_before_it_was_seen_leaves_its_place(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "answer", at="1640000001.000100", thread=parent)
    site.delete("C1", parent)
    collecting.collect()
    assert collecting.messages() == ["answer"]
    assert collecting.documents() == ["u1: answer"]


def test_a_thread_that_slack_no_longer_knows_is_deleted_whole(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    parent = site.post("C1", "question", at=OLD)
    site.post("C1", "answer", at="1640000001.000100", thread=parent)
    collecting.collect()
    channel = site.channels["C1"]
    channel.threads.clear()
    channel.messages.clear()
    channel.order.clear()
    collecting.collect()
    assert (collecting.messages(), collecting.deleted()) == ([], ["question", "answer"])
    assert collecting.documents() == []


def test_of_a_long_thread_only_what_is_new_is_read(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.most = 5
    collecting.settings |= {"page_size": 5, "recheck_threads": 0}
    parent = site.post("C1", "question", at=OLD)
    for number in range(40):
        site.post("C1", f"answer {number}", at=f"16400001{number:02}.000100", thread=parent)
    assert collecting.calls_of().count("conversations.replies") == 8
    site.post("C1", "one more", at="1650000000.000100", thread=parent)
    assert collecting.calls_of().count("conversations.replies") == 1


def test_a_reply_that_is_deleted_in_a_long_thread_is_looked_for(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """The count tells that one is missing: the thread is read from its beginning."""
    site.most = 5
    collecting.settings |= {"page_size": 5, "recheck_threads": 0}
    parent = site.post("C1", "question", at=OLD)
    replies = [
        site.post("C1", f"answer {number}", at=f"16400001{number:02}.000100", thread=parent)
        for number in range(10, 22)
    ]
    collecting.collect()
    site.delete("C1", replies[3])
    site.post("C1", "new", at="1650000000.000100", thread=parent)
    collecting.collect()
    assert collecting.deleted() == ["answer 13"]
    assert len(collecting.messages()) == 13


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_reply_written_while_a_thread_is_read_is_stored_by_the_next_run(
    site: SlackTeamSite, collecting: CollectingSlack, at: int
) -> None:
    site.most = 2
    parent = site.post("C1", "question", at=OLD)
    for number in range(5):
        site.post("C1", f"answer {number}", at=f"164000000{number + 1}.000100", thread=parent)
    asked = 0

    def meanwhile(asked_for: object, usual: object) -> object:
        nonlocal asked
        asked += 1
        if asked == at:
            site.post("C1", "meanwhile", thread=parent)
        return usual

    site.server.script.always("/api/conversations.replies", meanwhile)  # type: ignore[arg-type]
    collecting.collect()
    collecting.collect()
    assert collecting.messages().count("meanwhile") == 1
    assert len(collecting.messages()) == 7
