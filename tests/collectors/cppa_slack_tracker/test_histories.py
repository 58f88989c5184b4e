"""Newest first, and yet no hole: pages, limits, deaths, and the budget of what is read again."""

import pytest

from conformance.replay.faults import status
from conformance.replay.messages import Answer, Asked, json_answer
from services.errors import AccessDenied, RateLimited, SourceUnavailable
from services.failures import classify_failure
from tests.support.collecting_slack import CollectingSlack
from tests.support.slack_site import SlackTeamSite, large_team, serving

HISTORY = "/api/conversations.history"


def filled(site: SlackTeamSite, count: int = 25, most: int = 5) -> list[str]:
    """Texts of a channel of several pages."""
    site.most = most
    for number in range(count):
        site.post("C1", f"message {number:03}", at=f"1700000{number:03}.000100")
    return [f"message {number:03}" for number in range(count)]


def test_a_429_storm_in_the_middle_of_paging_leaves_no_gap(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    wanted = filled(site)
    storm = status(429, retry_after="30")
    site.server.script.on(HISTORY, None, None, storm, storm, None)
    collecting.collect()
    assert collecting.messages() == wanted
    assert collecting.slept >= 60
    assert len(collecting.heard.waits) == 2


def test_a_storm_that_lasts_fails_the_run_and_the_next_one_fills_the_gap(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    wanted = filled(site)
    site.server.script.on(HISTORY, None, None, *[status(429, retry_after="3000")] * 9)
    with pytest.raises(RateLimited):
        collecting.collect()
    assert collecting.messages() == wanted[15:]
    site.server.script.on(HISTORY)
    site.post("C1", "meanwhile", at="1700000999.000100")
    collecting.collect()
    assert collecting.messages() == [*wanted, "meanwhile"]


def test_a_gap_is_filled_even_if_nothing_old_may_be_read_again(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """And what lies between is not read for it."""
    collecting.settings |= {"sweep_pages": 0, "rescan_days": 0}
    wanted = filled(site, 50)
    site.server.script.on(HISTORY, None, None, *[status(500)] * 9)
    with pytest.raises(SourceUnavailable):
        collecting.collect()
    site.server.script.on(HISTORY)
    more = [site.post("C1", f"new {number}") for number in range(3)]
    calls = collecting.calls_of().count("conversations.history")
    assert len(collecting.messages()) == len(wanted) + len(more)
    assert calls == 1 + 8


@pytest.mark.parametrize("page", range(1, 7))
def test_killed_at_any_page_the_next_run_ends_like_an_undisturbed_one(
    site: SlackTeamSite, collecting: CollectingSlack, page: int
) -> None:
    class Killed(BaseException):
        pass

    wanted = filled(site)
    reply = site.post("C1", "reply", thread="1700000003.000100", at="1700000500.000100")
    assert reply
    asked = 0

    def dying(seconds: float) -> None:
        raise Killed

    def fault(_: Asked, usual: Answer) -> Answer:
        nonlocal asked
        asked += 1
        return json_answer({"ok": False}, 429, retry_after="1") if asked == page else usual

    site.server.script.always(HISTORY, fault)
    collector = collecting.collector()
    collector._around = type(collector._around)(dying, lambda: collecting.now, lambda: 1.0)
    if page <= 5:
        with pytest.raises(Killed):
            collector.collect(collecting.run())
    collecting.collect()
    assert sorted(collecting.messages()) == sorted([*wanted, "reply"])


def test_one_call_a_minute_and_fifteen_messages_a_page_still_work(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Pages are followed by cursor, whatever their size; after two refusals calls keep distance."""
    wanted = filled(site, 100, most=15)
    site.limits = {"conversations.history": 1, "conversations.replies": 1}
    collecting.collect()
    assert collecting.messages() == wanted
    refused = site.asked("conversations.history") - 7
    assert refused == 2


def test_more_without_a_cursor_is_followed_by_timestamp(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    wanted = filled(site)

    def without_cursor(_: Asked, usual: Answer) -> Answer:
        return Answer(usual.status, usual.headers, usual.body.replace(b"next_cursor", b"unknown"))

    site.server.script.always(HISTORY, without_cursor)
    collecting.collect()
    assert collecting.messages() == wanted


def test_more_that_leads_nowhere_is_an_error(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    nowhere = json_answer({"ok": True, "messages": [], "has_more": True})
    site.server.script.always(HISTORY, lambda _, __: nowhere)
    with pytest.raises(SourceUnavailable, match="not where"):
        collecting.collect()


@pytest.mark.parametrize(
    ("code", "category"),
    [("invalid_auth", "auth"), ("missing_scope", "auth"), ("internal_error", "network")],
)
def test_not_ok_is_an_error_of_the_right_category(
    site: SlackTeamSite, collecting: CollectingSlack, code: str, category: str
) -> None:
    site.post("C1", "hello")
    refusal = json_answer({"ok": False, "error": code, "needed": "channels:history"})
    site.server.script.always(HISTORY, lambda _, __: refusal)
    with pytest.raises((AccessDenied, SourceUnavailable)) as raised:
        collecting.collect()
    assert classify_failure(raised.value) == category
    assert collecting.messages() == []


def test_a_channel_that_is_refused_for_an_unknown_reason_fails_the_run_after_the_others(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    site.channel("C0", "odd").refusal = "something_new"
    site.post("C1", "hello")
    with pytest.raises(Exception, match=r"not read: #odd: Slack refuses .*: something_new"):
        collecting.collect()
    assert collecting.messages() == ["hello"]


def test_what_is_stored_is_read_again_page_by_page_as_far_as_the_budget_goes(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    """Two pages a run: the next run goes on where this one stopped, and begins anew at the end."""
    collecting.settings |= {"sweep_pages": 2, "rescan_days": 0}
    site.channel("C2", "other")
    filled(site)
    site.post("C2", "other", at="1700000000.000100")
    collecting.collect()
    site.edit("C1", "1700000000.000100", "changed")
    runs = 0
    while "changed" not in collecting.messages():
        collecting.collect()
        runs += 1
    assert runs == 2
    assert collecting.rows("select value from collector_cursor where stream = 'sweep'")


def test_an_edit_of_the_last_days_is_seen_without_any_budget(
    site: SlackTeamSite, collecting: CollectingSlack
) -> None:
    collecting.settings |= {"sweep_pages": 0, "rescan_days": 3}
    site.most = 5
    for hours in range(40):
        site.post(
            "C1",
            f"{hours} hours ago",
            at=f"{int(collecting.now.timestamp()) - 3600 * hours}.000100",
        )
    collecting.collect()
    old = f"{int(collecting.now.timestamp()) - 3600 * 39}.000100"
    site.edit("C1", old, "changed")
    collecting.collect()
    assert "changed" in collecting.messages()


def test_a_team_takes_the_least_calls_and_a_second_run_those_of_what_changed(
    collecting: CollectingSlack,
) -> None:
    """`benchmarks/slack.py` is the same with 100,000 messages."""
    with serving(large_team(channels=10, messages=600, threads=40)) as site:
        large = CollectingSlack(collecting.database, site)
        large.settings["recheck_threads"] = 0
        large.collect()
        assert (site.calls, len(large.messages())) == (site.least_calls(), 600)
        for number in range(3):
            thread = sorted(site.channels["C0001"].threads)[number]
            site.post("C0001", "late answer", thread=thread)
        site.post("C0002", "news")
        calls = large.calls_of()
        assert len(calls) == 3 + len(site.channels) + 3
        assert len(large.messages()) == 604
