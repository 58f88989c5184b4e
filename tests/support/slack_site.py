"""A Slack team on loopback: what its Web API says of users, channels, messages and threads.

Only what the real one answers is imitated, in the form that slack_sdk reads:
https://docs.slack.dev/reference/methods.
"""

import json
import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from conformance.replay.messages import Answer, Asked, json_answer
from conformance.replay.server import ReplayServer, replaying

NOW = datetime(2024, 3, 10, 12, tzinfo=UTC)
BASE = 1_700_000_000
TEAM = "T0001"
TOKEN = "xoxb-1111-2222-loopback"
Item = dict[str, Any]
Params = Mapping[str, str]


def ts_at(time: datetime) -> str:
    """The timestamp of a time."""
    return f"{int(time.timestamp())}.{time.microsecond:06}"


@dataclass
class Channel:
    """A channel: its messages by timestamp, and the order of those outside and inside threads."""

    info: Item
    members: list[str] = field(default_factory=lambda: ["U1", "U2"])
    messages: dict[str, Item] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    threads: dict[str, list[str]] = field(default_factory=dict)
    refusal: str = ""

    @property
    def id(self) -> str:
        """Slack's id."""
        return str(self.info["id"])

    def listed(self) -> Item:
        """As `conversations.list` says it."""
        return {**self.info, "num_members": len(self.members)}

    def shown(self, ts: str) -> Item:
        """A message as Slack shows it, with what it says of the thread that the message begins."""
        message = self.messages[ts]
        replies = self.threads.get(ts)
        if not replies:
            return message
        users = sorted({self.messages[reply].get("user", "") for reply in replies})
        told = {"thread_ts": ts, "reply_count": len(replies), "latest_reply": replies[-1]}
        return {**message, **told, "reply_users": users, "reply_users_count": len(users)}


@dataclass
class SlackTeamSite:
    """A team. `most` is how many messages a page holds at most, whatever is asked for.

    `limits` are calls a minute by method, counted by the clock `now`. What was written before
    `visible_since` is hidden, whole threads or all of them but their beginnings.
    """

    team_id: str = TEAM
    name: str = "Acme"
    users: dict[str, Item] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    most: int = 999
    visible_since: str = ""
    shows_hidden_beginnings: bool = False
    limits: dict[str, int] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: NOW
    server: ReplayServer = field(default_factory=ReplayServer)
    files: dict[str, Item] = field(default_factory=dict)
    said: list[Item] = field(default_factory=list)
    socket_url: str = ""
    join_refusal: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    _called: dict[str, datetime] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """Of its Web API."""
        return f"{self.server.url}/api/"

    # What people do

    def user(self, user_id: str, **fields: Any) -> None:
        """Somebody joins the team, or changes."""
        profile = {"display_name": user_id.lower(), "real_name": f"Real {user_id}"}
        profile |= {"email": f"{user_id.lower()}@example.org"} | fields.pop("profile", {})
        usual = {"id": user_id, "team_id": self.team_id, "name": user_id.lower(), "deleted": False}
        usual |= {"is_bot": False, "updated": BASE, "tz": "Europe/Berlin", "profile": profile}
        self.users[user_id] = usual | fields

    def channel(self, channel_id: str, name: str = "", **fields: Any) -> Channel:
        """A channel is opened, or changes."""
        usual = {"id": channel_id, "name": name or channel_id.lower(), "is_channel": True}
        usual |= {"is_private": False, "is_archived": False, "is_member": True, "created": BASE}
        usual |= {"creator": "U1", "topic": {"value": ""}, "purpose": {"value": ""}}
        known = self.channels.get(channel_id)
        if known is not None:
            known.info |= fields | ({"name": name} if name else {})
            return known
        self.channels[channel_id] = Channel(usual | fields)
        return self.channels[channel_id]

    def post(
        self,
        channel_id: str,
        text: str,
        *,
        at: datetime | str | None = None,
        user: str | None = "U1",
        thread: str | None = None,
        **fields: Any,
    ) -> str:
        """Somebody writes; the timestamp."""
        channel = self.channels[channel_id]
        time = at or self.now()
        ts = time if isinstance(time, str) else ts_at(time)
        while ts in channel.messages:
            ts = f"{int(ts[:10])}.{int(ts[11:]) + 1:06}"
        author = {"user": user} if user else {}
        reply = {"thread_ts": thread} if thread else {}
        channel.messages[ts] = {
            "type": "message",
            "ts": ts,
            "text": text,
            **author,
            **reply,
        } | fields
        if thread:
            insort(channel.threads.setdefault(thread, []), ts)
        if not thread or fields.get("subtype") == "thread_broadcast":
            insort(channel.order, ts)
        return ts

    def edit(self, channel_id: str, ts: str, text: str, **fields: Any) -> None:
        """Somebody edits."""
        message = self.channels[channel_id].messages[ts]
        edited = {"user": message.get("user", "U1"), "ts": ts_at(self.now())}
        self.channels[channel_id].messages[ts] = {
            **message,
            "text": text,
            "edited": edited,
        } | fields

    def react(self, channel_id: str, ts: str, name: str, *users: str) -> None:
        """Users react with an emoji; without users, nobody does any more."""
        message = self.channels[channel_id].messages[ts]
        others = [one for one in message.get("reactions", []) if one["name"] != name]
        mine = [{"name": name, "users": list(users), "count": len(users)}] if users else []
        self.channels[channel_id].messages[ts] = {**message, "reactions": [*others, *mine]}

    def delete(self, channel_id: str, ts: str) -> None:
        """Somebody deletes; of a message with replies its place stays."""
        channel = self.channels[channel_id]
        if channel.threads.get(ts):
            place = {
                "subtype": "tombstone",
                "text": "This message was deleted.",
                "user": "USLACKBOT",
            }
            channel.messages[ts] = {"type": "message", "ts": ts, "thread_ts": ts, **place}
            return
        message = channel.messages.pop(ts)
        thread = message.get("thread_ts", "")
        for order in (channel.order, channel.threads.get(thread, [])):
            if ts in order:
                order.remove(ts)

    def join(self, channel_id: str, user: str, at: datetime | str | None = None) -> str:
        """A user joins."""
        self.channels[channel_id].members.append(user)
        return self.post(
            channel_id, f"<@{user}> has joined", at=at, user=user, subtype="channel_join"
        )

    def leave(self, channel_id: str, user: str, at: datetime | str | None = None) -> str:
        """A user leaves."""
        self.channels[channel_id].members.remove(user)
        return self.post(
            channel_id, f"<@{user}> has left", at=at, user=user, subtype="channel_leave"
        )

    # What was asked

    def asked(self, method: str) -> int:
        """How often a method was called."""
        return self.server.traffic.count(f"/api/{method}")

    @property
    def calls(self) -> int:
        """How many calls there were."""
        return len(self.server.traffic.requests)

    def least_calls(self) -> int:
        """How many calls it takes to read all that there is, by the sizes of Slack's pages."""
        pages = 1 + _pages(len(self.users), 1000) + _pages(len(self.channels), 999)
        for channel in self.channels.values():
            pages += _pages(len(channel.order), self.most) + _pages(len(channel.members), 999)
            pages += sum(_pages(len(replies), self.most) for replies in channel.threads.values())
        return pages

    # What Slack answers

    def __call__(self, asked: Asked) -> Answer | None:
        """The answer to a call."""
        root, _, method = asked.path.rpartition("/")
        if asked.path in self.pages:
            content = self.pages[asked.path].encode()
            return Answer(200, {"content-type": "text/html; charset=utf-8"}, content)
        answer = _METHODS.get(method) if root == "/api" else None
        if answer is None:
            return None
        wait = self._seconds_to_wait(method)
        if wait > 0:
            refusal = {"ok": False, "error": "ratelimited"}
            return json_answer(refusal, 429, retry_after=str(math.ceil(wait)))
        self._called[method] = self.now()
        body = dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
        found = answer(self, {**asked.query, **body})
        return json_answer({"ok": "error" not in found, **found})

    def _seconds_to_wait(self, method: str) -> float:
        if method not in self.limits or method not in self._called:
            return 0.0
        free_at = self._called[method] + timedelta(seconds=60 / self.limits[method])
        return (free_at - self.now()).total_seconds()

    def auth_test(self, _: Params) -> Item:
        url = f"https://{self.name.lower()}.slack.com/"
        return {"team_id": self.team_id, "team": self.name, "url": url, "user_id": "UBOT"}

    def users_list(self, params: Params) -> Item:
        return _listed("members", list(self.users.values()), params, 1000)

    def users_info(self, params: Params) -> Item:
        user = self.users.get(params["user"])
        return {"user": user} if user else {"error": "user_not_found"}

    def conversations_list(self, params: Params) -> Item:
        kinds = params.get("types", "public_channel").split(",")
        found = [one.listed() for one in self.channels.values() if _kind(one.info) in kinds]
        return _listed("channels", found, params, 999)

    def conversations_members(self, params: Params) -> Item:
        channel = self.channels[params["channel"]]
        return _listed("members", list(channel.members), params, 999)

    def conversations_join(self, params: Params) -> Item:
        channel = self.channels[params["channel"]]
        if self.join_refusal:
            return {"error": self.join_refusal}
        channel.info["is_member"], channel.refusal = True, ""
        return {"channel": channel.listed()}

    def conversations_history(self, params: Params) -> Item:
        channel = self.channels.get(params["channel"])
        if channel is None or channel.refusal:
            return {"error": channel.refusal if channel else "channel_not_found"}
        low = max(params.get("oldest", ""), self.visible_since)
        first, last = bisect_right(channel.order, low), bisect_left(channel.order, _top(params))
        size = self._size(params)
        chosen = channel.order[max(first, last - size) : last]
        shown = [channel.shown(ts) for ts in reversed(chosen)]
        more = _more(chosen[0] if last - size > first else "")
        is_limited = bool(self.visible_since) and not more["has_more"]
        return {"messages": shown, **more, **({"is_limited": True} if is_limited else {})}

    def conversations_replies(self, params: Params) -> Item:
        channel, thread = self.channels[params["channel"]], params["ts"]
        is_hidden = thread < self.visible_since and not self.shows_hidden_beginnings
        if channel.refusal or thread not in channel.messages or is_hidden:
            return {"error": channel.refusal or "thread_not_found"}
        replies = channel.threads.get(thread, [])
        low = max(_cursor(params) or params.get("oldest", ""), self.visible_since)
        first, size = bisect_right(replies, low), self._size(params)
        chosen = replies[first : first + size]
        more = _more(chosen[-1] if first + size < len(replies) else "")
        shown = [channel.shown(ts) for ts in (thread, *chosen)]
        if not params.get("include_all_metadata"):
            shown = [{name: one[name] for name in one if name != "metadata"} for one in shown]
        return {"messages": shown, **more}

    def files_info(self, params: Params) -> Item:
        found = self.files.get(params["file"])
        return {"file": found} if found else {"error": "file_not_found"}

    def chat_post_message(self, params: Params) -> Item:
        """As anybody's message, and yet a bot's."""
        channel = self.channels.get(params["channel"])
        if channel is None or channel.refusal:
            return {"error": channel.refusal if channel else "channel_not_found"}
        self.said.append(dict(params))
        told = {"bot_id": "B1", "metadata": json.loads(params.get("metadata", "{}"))}
        thread = params.get("thread_ts")
        return {"ts": self.post(channel.id, params["text"], user="UBOT", thread=thread, **told)}

    def reactions_add(self, params: Params) -> Item:
        if dict(params) in self.said:
            return {"error": "already_reacted"}
        self.said.append(dict(params))
        return {}

    def apps_connections_open(self, _: Params) -> Item:
        return {"url": self.socket_url}

    def _size(self, params: Params) -> int:
        return min(int(params.get("limit", 100)), self.most)


_METHODS: Mapping[str, Callable[[SlackTeamSite, Params], Item]] = {
    "apps.connections.open": SlackTeamSite.apps_connections_open,
    "auth.test": SlackTeamSite.auth_test,
    "chat.postMessage": SlackTeamSite.chat_post_message,
    "conversations.history": SlackTeamSite.conversations_history,
    "conversations.join": SlackTeamSite.conversations_join,
    "conversations.list": SlackTeamSite.conversations_list,
    "conversations.members": SlackTeamSite.conversations_members,
    "conversations.replies": SlackTeamSite.conversations_replies,
    "files.info": SlackTeamSite.files_info,
    "reactions.add": SlackTeamSite.reactions_add,
    "users.info": SlackTeamSite.users_info,
    "users.list": SlackTeamSite.users_list,
}


@contextmanager
def serving(site: SlackTeamSite) -> Iterator[SlackTeamSite]:
    """The team answers until the block ends."""
    with replaying(site) as server:
        site.server = server
        yield site


def small_team() -> SlackTeamSite:
    """Two users, a bot, one channel without messages."""
    site = SlackTeamSite()
    for user in ("U1", "U2"):
        site.user(user)
    site.user("UBOT", is_bot=True)
    site.channel("C1", "general")
    return site


def _pages(items: int, size: int) -> int:
    return max(1, -(-items // size))


def _kind(info: Item) -> str:
    kinds = {"is_im": "im", "is_mpim": "mpim", "is_private": "private_channel"}
    return next((kind for name, kind in kinds.items() if info.get(name)), "public_channel")


def _cursor(params: Params) -> str:
    return params.get("cursor", "").removeprefix("next:")


def _top(params: Params) -> str:
    """Everything is below `~`."""
    return _cursor(params) or params.get("latest", "~")


def _more(cursor: str) -> Item:
    told = {"response_metadata": {"next_cursor": f"next:{cursor}"}} if cursor else {}
    return {"has_more": bool(cursor), **told}


def _listed(name: str, items: Sequence[Any], params: Params, most: int) -> Item:
    start, size = int(_cursor(params) or 0), min(int(params.get("limit", 100)), most)
    end = start + size
    cursor = f"next:{end}" if end < len(items) else ""
    return {name: items[start:end], "response_metadata": {"next_cursor": cursor}}


def large_team(channels: int, messages: int, threads: int, replies: int = 3) -> SlackTeamSite:
    """So many messages, those in threads among them, spread evenly; twenty users."""
    site = SlackTeamSite()
    for number in range(20):
        site.user(f"U{number}")
    for number in range(channels):
        site.channel(f"C{number:04}")
    first = messages - threads * replies
    for number in range(first):
        at = f"{BASE + 60 * number}.000100"
        text = f"message {number} of std::vector and friends"
        site.post(f"C{number % channels:04}", text, at=at, user=f"U{number % 20}")
    for number in range(threads * replies):
        parent = number // replies
        at = f"{BASE + 60 * parent + 1 + number % replies}.000200"
        thread = f"{BASE + 60 * parent}.000100"
        site.post(f"C{parent % channels:04}", f"answer {number}", at=at, thread=thread)
    return site
