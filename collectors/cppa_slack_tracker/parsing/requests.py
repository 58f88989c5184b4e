"""What people ask of us in Slack: a comment at a pull request, notes of a huddle kept."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from collectors.cppa_slack_tracker.parsing.fields import (
    Item,
    id_of,
    part_of,
    text_of,
    timestamp_of,
)
from collectors.cppa_slack_tracker.parsing.selection import matches, patterns

# https://docs.github.com/rest/pulls: names as GitHub allows them, whatever follows the number.
_PULL = re.compile(
    r"https://github\.com/(?P<owner>[A-Za-z0-9][A-Za-z0-9-]{0,38})/(?P<name>[\w.-]{1,100})/pull/"
    r"(?P<number>[1-9]\d{0,8})(?!\d)",
    re.ASCII,
)
# A huddle's notes are a canvas, which is a file.
_CANVAS = re.compile(r"/(F[A-Z0-9]{10,})/?(?:[?#].*)?$")
_NOTES = "view ai notes"
# What people write themselves; all else is Slack's or a program's, our own answers among them.
_WRITTEN = frozenset({None, "file_share", "me_message", "thread_broadcast"})


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request; GitHub takes names in any case for the same."""

    owner: str
    name: str
    number: int

    @property
    def repository(self) -> str:
        """As `owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def key(self) -> str:
        """The same for every way to write it."""
        return f"{self.repository}#{self.number}".lower()


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody names pull requests; `thread` is where an answer belongs."""

    channel: str
    ts: str
    thread: str
    user: str
    is_direct: bool
    pulls: tuple[PullRequest, ...]


@dataclass(frozen=True, slots=True)
class Huddle:
    """The message that shows the notes of a huddle: the canvas `file_id`."""

    channel: str
    ts: str
    file_id: str


@dataclass(frozen=True, slots=True)
class AllowList:
    """Patterns; `T0123:name` holds for that team only. An empty list allows nothing."""

    wanted: tuple[str, ...]

    @classmethod
    def of(cls, listed: str) -> "AllowList":
        """From a list with commas."""
        return cls(tuple(part.lower() for part in patterns(listed)))

    def allows(self, team: str, *names: str) -> bool:
        """Whether one of these names of the team is on it."""
        known = [name.lower() for name in names if name]
        known += [f"{team}:{name}".lower() for name in known]
        return matches(known, self.wanted)


def pulls_in(text: str) -> tuple[PullRequest, ...]:
    """The pull requests that a text names, each once, in order."""
    found = [
        PullRequest(one["owner"], one["name"], int(one["number"])) for one in _PULL.finditer(text)
    ]
    return tuple({pull.key: pull for pull in reversed(found)}.values())[::-1]


def read_request(payload: Item) -> Request | None:
    """The request that a message is; None of one that names nothing, and of what no person wrote.

    Raises:
        RecordRejected: it is no message.
    """
    if text_of(payload, "subtype") not in _WRITTEN or payload.get("bot_id"):
        return None
    pulls = pulls_in(text_of(payload, "text") or "")
    ts = timestamp_of(payload, "ts")
    if not (pulls and ts):
        return None
    return Request(
        channel=id_of(payload, "channel"),
        ts=ts,
        thread=timestamp_of(payload, "thread_ts") or ts,
        user=id_of(payload, "user"),
        is_direct=text_of(payload, "channel_type") == "im",
        pulls=pulls,
    )


def read_huddle(payload: Item) -> Huddle | None:
    """The notes that a message shows, new or changed; None where it shows none.

    Raises:
        RecordRejected: it is no message.
    """
    is_change = text_of(payload, "subtype") == "message_changed"
    message = part_of(payload, "message") if is_change else payload
    context = part_of(message, "ai_context")
    summary = context.get("summary") or message.get("summary")
    is_huddle = isinstance(summary, dict) and summary.get("type") == "huddle"
    if context.get("type") != "summary" or not is_huddle:
        return None
    file_id = next(_canvases(message.get("blocks")), None)
    ts = timestamp_of(message, "ts")
    return Huddle(id_of(payload, "channel"), ts, file_id) if file_id and ts else None


def _canvases(value: Any) -> Iterator[str]:
    """Ids of the canvases that links labelled as notes lead to."""
    if isinstance(value, list):
        for one in value:
            yield from _canvases(one)
    elif isinstance(value, dict):
        link, label = value.get("url"), _label(value)
        if isinstance(link, str) and label == _NOTES and (found := _CANVAS.search(link)):
            yield found[1]
        yield from _canvases([one for one in value.values() if isinstance(one, list | dict)])


def _label(block: Mapping[str, Any]) -> str:
    """A link's text is a text, a button's an object with one."""
    said = block.get("text")
    said = said.get("text") if isinstance(said, dict) else said
    return said.strip().lower() if isinstance(said, str) else ""
