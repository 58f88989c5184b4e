"""Comments at pull requests that people name in Slack: only where allowed, and each once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from collectors.cppa_slack_tracker.client.comments import commenter
from collectors.cppa_slack_tracker.client.speaking import answerer
from collectors.cppa_slack_tracker.collector.requests import is_kept
from collectors.cppa_slack_tracker.parsing.events import Event
from collectors.cppa_slack_tracker.parsing.saying import ANSWERS, COMMENTS
from collectors.cppa_slack_tracker.services.events import store_event
from collectors.cppa_slack_tracker.settings import BotSettings
from collectors.outbox.collector import Outbox, StillWaiting
from conformance.replay.faults import status
from conformance.replay.messages import Answer, Asked, json_answer
from conformance.replay.server import ReplayServer, replaying
from services.errors import (
    AccessDenied,
    CollectorError,
    ConfigError,
    SourceTimedOut,
    SourceUnavailable,
)
from services.outbox.draining import Outlet, Window
from services.runs.result import CollectResult
from services.runs.run import Run
from services.runs.services import Source, start_run
from tests.support.collecting_slack import CollectingSlack
from tests.support.pull_requests import GITHUB_TOKEN, PullRequests
from tests.support.slack_site import TEAM, SlackTeamSite

LINK = "https://github.com/boostorg/asio/pull/7"
ASIO = "boostorg/asio#7"
POST = "/api/chat.postMessage"
COMMENTS_PATH = "/repos/boostorg/asio/issues/7/comments"
HOUR = timedelta(hours=1)


@dataclass
class Asking:
    """People who write in Slack, and an outbox that answers them by the same clock."""

    collecting: CollectingSlack
    pulls: PullRequests
    server: ReplayServer
    settings: dict[str, Any] = field(default_factory=dict)
    told: int = 0

    @property
    def bot(self) -> BotSettings:
        usual = {"channels": "pr-bot", "repositories": "boostorg/*", "users": "U2"}
        usual |= {"github_url": self.server.url, "comment": "Discussed in Slack."}
        token = SecretStr(GITHUB_TOKEN)
        return BotSettings.model_construct(**({"github_token": token} | usual | self.settings))

    def write(self, said: str, channel: str = "C1", event_id: str = "", **fields: Any) -> str:
        """Somebody writes, and the listener has heard it."""
        ts = self.collecting.site.post(channel, said) if channel == "C1" else "1710072000.000100"
        self.told += 1
        payload = {"type": "message", "channel": channel, "text": said, "ts": ts, "user": "U1"}
        event = Event(
            TEAM,
            event_id or f"Ev{self.told}",
            "message",
            payload | {"channel_type": "channel"} | fields,
        )
        with self.collecting.database.transaction() as session:
            store_event(session, event)
        return ts

    def hear(self, kind: str, **payload: Any) -> None:
        """Something else has happened."""
        self.told += 1
        event = Event(TEAM, f"Ev{self.told}", kind, {"type": kind, **payload})
        with self.collecting.database.transaction() as session:
            store_event(session, event)

    def drain(self) -> CollectResult:
        """A run that follows the events, and nothing else."""
        self.collecting.bot = self.bot
        return self.collecting.collect(events_only=True)

    def send(self) -> None:
        """A run of the outbox."""
        around, bot = self.collecting.around, self.bot
        window = Window(bot.comments_an_hour, HOUR)
        speak = answerer(self.collecting.slack_settings(), around)
        outlets = [
            Outlet(COMMENTS, commenter(bot, around), 1, 60_000, window),
            Outlet(ANSWERS, speak, 20, 60_000),
        ]
        source = Source("outbox", "outbox")
        with self.collecting.database.transaction() as session:
            now = self.collecting.now
            run_id = start_run(session, source, parameters={}, flow_run_id=None, now=now)
        run = Run(source, self.collecting.database, run_id, self.collecting.heard)
        Outbox(outlets, lambda: self.collecting.now).collect(run)

    def ask(self, said: str, **fields: Any) -> None:
        """Write, drain, send."""
        self.write(said, **fields)
        self.drain()
        self.send()

    @property
    def answers(self) -> list[str]:
        """Texts that the bot has said."""
        return [one["text"] for one in self.collecting.site.said if "text" in one]

    @property
    def emoji(self) -> list[str]:
        """That the bot has added."""
        return [one["name"] for one in self.collecting.site.said if "name" in one]

    def waiting(self) -> list[str]:
        """Kinds of what waits."""
        query = "select kind from outbox where status = 'waiting' order by id"
        return [kind for (kind,) in self.collecting.rows(query)]


@pytest.fixture
def asking(collecting: CollectingSlack) -> Iterator[Asking]:
    """One pull request, one channel for the bot."""
    pulls = PullRequests()
    pulls.open(ASIO)
    with replaying(pulls) as server:
        collecting.site.channel("C1", "pr-bot")
        collecting.collect()
        yield Asking(collecting, pulls, server)


def test_a_link_in_the_bots_channel_gets_a_comment_and_its_writer_an_answer(asking: Asking) -> None:
    ts = asking.write(f"please look: <{LINK}|asio> and <{LINK}/files>")
    asking.drain()
    asking.send()
    (comment,) = asking.pulls.comments[ASIO]
    assert comment.startswith("Discussed in Slack.\n\n<!-- boost-data-collector ")
    assert asking.answers == [f"Commented on <{LINK}|{ASIO}>."]
    assert asking.emoji == ["eyes", "white_check_mark"]
    assert {one.get("thread_ts") or one["timestamp"] for one in asking.collecting.site.said} == {ts}
    assert set(asking.server.traffic.tokens) == {GITHUB_TOKEN}


def test_several_links_are_several_comments(asking: Asking) -> None:
    asking.pulls.open("boostorg/json#12")
    asking.ask(
        f"{LINK} https://github.com/boostorg/json/pull/12 https://github.com/BoostOrg/Asio/pull/7"
    )
    assert [len(one) for one in asking.pulls.comments.values()] == [1, 1]


def test_without_a_list_of_repositories_nothing_is_written(asking: Asking) -> None:
    asking.settings["repositories"] = ""
    with pytest.raises(ConfigError, match="BOT_REPOSITORIES is not set: no repository"):
        asking.collecting.bot = asking.bot
        asking.collecting.collector().validate_config()
    asking.ask(LINK)
    assert (asking.waiting(), asking.pulls.comments[ASIO], asking.answers) == ([], [], [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"channels": "", "users": ""}, "neither CPPA_SLACK_TRACKER_BOT_CHANNELS nor"),
        ({"github_token": None}, "BOT_GITHUB_TOKEN is not set"),
    ],
)
def test_half_a_setup_is_told(asking: Asking, given: dict[str, Any], problem: str) -> None:
    asking.settings |= given
    assert any(problem in one for one in asking.bot.problems())


def test_a_repository_that_is_not_on_the_list_gets_none_and_its_asker_is_told(
    asking: Asking,
) -> None:
    asking.ask("https://github.com/other/asio/pull/7")
    (answer,) = asking.answers
    assert answer.startswith("<https://github.com/other/asio/pull/7|other/asio#7> gets no comment:")
    assert answer.endswith(" other/asio is not on the list of repositories.")
    assert asking.server.traffic.requests == []


def test_repositories_are_compared_in_any_case(asking: Asking) -> None:
    asking.settings["repositories"] = "BOOSTORG/ASIO"
    asking.ask("https://github.com/boostorg/Asio/pull/7")
    assert len(asking.pulls.comments[ASIO]) == 1


def test_other_channels_are_not_heard(asking: Asking) -> None:
    asking.collecting.site.channel("C2", "general")
    asking.collecting.collect()
    asking.ask(LINK, channel="C2")
    assert (asking.waiting(), asking.collecting.site.said) == ([], [])


def test_a_channel_may_be_allowed_for_one_team_alone(asking: Asking) -> None:
    asking.settings["channels"] = "T0002:pr-bot"
    asking.ask(LINK)
    assert asking.collecting.site.said == []
    asking.settings["channels"] = f"{TEAM}:pr-*"
    asking.ask(LINK)
    assert len(asking.pulls.comments[ASIO]) == 1


def test_a_message_without_a_link_gets_no_hint(asking: Asking) -> None:
    asking.hear("reaction_added", item={"channel": "C1", "ts": "1700000000.000100"})
    asking.ask("lunch?")
    asking.ask("https://github.com/boostorg/asio/issues/7 https://example.org/pull/7")
    assert (asking.waiting(), asking.collecting.site.said) == ([], [])


def test_programs_are_not_answered_the_bot_itself_least_of_all(asking: Asking) -> None:
    asking.ask(LINK, bot_id="B1")
    asking.ask(LINK, subtype="bot_message")
    asking.ask(LINK, subtype="message_changed", message={"ts": "1700000000.000100"})
    assert asking.collecting.site.said == []


def test_what_cannot_be_understood_asks_for_nothing(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    asking.ask(LINK, user=7)
    assert "asks for nothing: user is int" in caplog.text
    assert asking.collecting.site.said == []


def test_direct_messages_are_kept_only_of_those_who_may_and_only_requests(asking: Asking) -> None:
    def kept(bot: BotSettings, **fields: Any) -> bool:
        payload = {"channel": "D1", "channel_type": "im", "ts": "1700000000.000100", "text": LINK}
        return is_kept(bot, TEAM, Event(TEAM, "Ev1", "message", payload | {"user": "U2"} | fields))

    bot = asking.bot
    assert kept(bot)
    assert not kept(bot, user="U1")
    assert not kept(bot, text="how are you?")
    assert not kept(bot, channel_type="mpim")
    assert not kept(bot, user=7)
    assert not kept(BotSettings.model_construct())
    assert not is_kept(bot, TEAM, Event(TEAM, "Ev1", "reaction_added", {"channel": "D1"}))
    assert not is_kept(bot, TEAM, Event("T0002", "Ev1", "message", {"channel": "C1"}))
    assert is_kept(bot, TEAM, Event(TEAM, "Ev1", "message", {"channel": "C1"}))


def test_a_direct_message_is_answered_to_those_who_may_ask(asking: Asking) -> None:
    asking.collecting.site.channel("D1", is_im=True)
    ts = asking.collecting.site.post("D1", LINK, at="1710072000.000100", user="U2")
    asking.ask(LINK, channel="D1", ts=ts, user="U2", channel_type="im")
    assert (len(asking.pulls.comments[ASIO]), len(asking.answers)) == (1, 1)
    assert asking.collecting.rows("select 1 from {channel} where channel_id = 'D1'") == []


def test_a_duplicate_delivery_gets_one_comment(asking: Asking) -> None:
    """Of the same event, and of the same message under another id of an event."""
    ts = asking.write(LINK, event_id="Ev1")
    asking.drain()
    asking.write(LINK, event_id="Ev1", ts=ts)
    asking.write(LINK, event_id="Ev2", ts=ts)
    asking.drain()
    asking.send()
    asking.send()
    assert (len(asking.pulls.comments[ASIO]), len(asking.answers)) == (1, 1)


def test_a_dry_run_notes_and_sends_nothing(asking: Asking) -> None:
    asking.write(LINK)
    asking.collecting.bot = asking.bot
    result = asking.collecting.rehearse(events_only=True)
    assert result.tables["outbox"].inserted == 2
    assert (asking.waiting(), asking.collecting.site.said) == ([], [])


def test_comments_are_at_most_so_many_in_any_hour(asking: Asking) -> None:
    """The window rolls: the sixth waits for the first to be an hour old, and no run fails for it."""
    asking.settings["comments_an_hour"] = 2
    for number in range(1, 6):
        asking.pulls.open(f"boostorg/json#{number}")
        asking.write(f"https://github.com/boostorg/json/pull/{number}")
    asking.drain()
    counts = []
    for _ in range(4):
        asking.send()
        counts.append(sum(len(one) for one in asking.pulls.comments.values()))
        asking.collecting.now += timedelta(minutes=31)
    assert counts == [2, 2, 4, 4]
    asking.send()
    assert sum(len(one) for one in asking.pulls.comments.values()) == 5


def test_a_comment_whose_answer_is_lost_is_not_written_twice(asking: Asking) -> None:
    """Others' comments, on a page before it, do not hide it."""
    asking.pulls.comments[ASIO] += ["first", "second", "third"]
    asking.pulls.lost = 1
    asking.write(LINK)
    asking.drain()
    with pytest.raises(SourceTimedOut):
        asking.send()
    with pytest.raises(StillWaiting):
        asking.send()
    asking.collecting.now += timedelta(minutes=1)
    asking.send()
    assert (len(asking.pulls.comments[ASIO]), len(asking.answers)) == (4, 1)
    assert asking.pulls.since[0].startswith("2024-03-09T12")


def test_an_answer_whose_receipt_is_lost_is_not_said_twice(asking: Asking) -> None:
    def lost(_: Asked, __: Answer) -> Answer:
        return json_answer({"ok": False, "error": "internal_error"})

    asking.collecting.site.server.script.on(POST, lost)
    asking.write(LINK)
    asking.drain()
    with pytest.raises(SourceUnavailable):
        asking.send()
    asking.collecting.now += timedelta(minutes=1)
    asking.send()
    assert (len(asking.pulls.comments[ASIO]), len(asking.answers)) == (1, 1)


@pytest.mark.parametrize("code", ["too_many_reactions", "missing_scope"])
def test_an_emoji_that_fails_is_no_failure_of_the_comment(
    asking: Asking, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    refusal = json_answer({"ok": False, "error": code})
    asking.collecting.site.server.script.always("/api/reactions.add", lambda _, __: refusal)
    asking.ask(LINK)
    assert asking.answers == [f"Commented on <{LINK}|{ASIO}>."]
    assert asking.waiting() == []
    assert "no :eyes:" in caplog.text


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        ({"known": {}}, "GitHub knows no such pull request"),
        ({"known": {ASIO: {"locked": True}}}, "its conversation is locked"),
        ({"refusal": 422}, "GitHub refuses it (status 422)"),
    ],
)
def test_a_pull_request_that_takes_none_is_told_and_not_tried_again(
    asking: Asking, prepare: dict[str, Any], reason: str
) -> None:
    for name, value in prepare.items():
        setattr(asking.pulls, name, value)
    asking.ask(LINK)
    assert asking.answers == [f"<{LINK}|{ASIO}> gets no comment: {reason}."]
    assert (asking.waiting(), asking.pulls.comments[ASIO]) == ([], [])


def test_a_token_that_github_refuses_holds_up_no_answers(asking: Asking) -> None:
    """The comment waits, the run fails, and what else there is to say is said."""
    asking.server.script.always("/repos/boostorg/asio/pulls/7", status(401))
    asking.write(LINK)
    asking.write("https://github.com/other/asio/pull/7")
    asking.drain()
    with pytest.raises(AccessDenied):
        asking.send()
    assert len(asking.answers) == 1
    assert asking.waiting() == [COMMENTS]


def test_an_answer_that_no_pull_request_is_is_an_error(asking: Asking) -> None:
    asking.server.script.always("/repos/boostorg/asio/pulls/7", lambda _, __: json_answer(["odd"]))
    asking.write(LINK)
    asking.drain()
    with pytest.raises(SourceUnavailable, match="is no object"):
        asking.send()


def test_an_answer_that_slack_never_takes_is_given_up(
    asking: Asking, caplog: pytest.LogCaptureFixture
) -> None:
    asking.write(LINK)
    asking.drain()
    asking.collecting.site.channels["C1"].refusal = "is_archived"
    asking.send()
    assert asking.waiting() == []
    assert "no answer to" in caplog.text


def test_a_team_without_a_token_is_told(asking: Asking) -> None:
    asking.write(LINK)
    asking.drain()
    asking.collecting.settings["tokens"] = SecretStr("T9=xoxb-9")
    with pytest.raises(ConfigError, match="holds no token for T0001"):
        asking.send()


def test_the_thread_is_read_to_its_end_before_anything_is_said_in_it(asking: Asking) -> None:
    site: SlackTeamSite = asking.collecting.site
    site.most = 2
    ts = asking.write(LINK)
    for number in range(5):
        site.post("C1", f"chat {number}", thread=ts)
    asking.drain()
    before = site.asked("conversations.replies")
    with pytest.raises(CollectorError):
        site.server.script.on(
            POST, *[lambda _, __: json_answer({"ok": False, "error": "fatal_error"})]
        )
        asking.send()
    assert site.asked("conversations.replies") - before == 3
    asking.collecting.now += timedelta(minutes=1)
    asking.send()
    assert len(asking.answers) == 1
