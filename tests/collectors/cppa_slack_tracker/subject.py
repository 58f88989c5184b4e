"""A Slack team, made to order: what the conformance kit asks a room for."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance.replay.server import ReplayServer
from conformance.subject import Spoiling
from tests.support.slack_site import TOKEN, SlackTeamSite, serving

FIRST = 1_700_000_000
CHANNELS = 2
REPLIES = frozenset({11, 12})
"""Of each stretch of records these are replies to the one before them."""
STRETCH = 250
SMALL_PAGES, LARGE = 100, 1000
"""Messages on a page, and from how many on pages are as large as Slack's own."""


@dataclass
class Messages:
    """Messages by turns in two channels, some of them in threads."""

    site: SlackTeamSite = field(default_factory=lambda: SlackTeamSite(most=SMALL_PAGES))

    @property
    def environment(self) -> dict[str, str]:
        """The API's address, a token, little patience and no pacing."""
        return {
            "CPPA_SLACK_TRACKER_BASE_URL": self.site.base_url,
            "CPPA_SLACK_TRACKER_TOKENS": TOKEN,
            "CPPA_SLACK_TRACKER_PATIENCE_SECONDS": "0.5",
            "CPPA_SLACK_TRACKER_PACE": "1000000",
        }

    @property
    def impatience(self) -> dict[str, str]:
        """So long it waits for an answer of a source that gives none."""
        return {"CPPA_SLACK_TRACKER_READ_SECONDS": "1"}

    @property
    def parameters(self) -> dict[str, Any]:
        """The team."""
        return {"team": self.site.team_id}

    @property
    def server(self) -> ReplayServer:
        """Slack."""
        return self.site.server

    def fill(self, count: int) -> None:
        """The first messages, as they were at first."""
        self.site.users, self.site.channels = {}, {}
        self.site.most = SMALL_PAGES if count < LARGE else 999
        for number in range(3):
            self.site.user(f"U{number}")
        for number in range(CHANNELS):
            self.site.channel(f"C{number}")
        for number in range(count):
            self._post(number)

    def change(self, index: int) -> None:
        """It is edited, and edited again."""
        channel, ts = _place(index)
        said = self.site.channels[channel].messages[ts]["text"]
        self.site.edit(channel, ts, f"{said}, edited")

    def delete(self, index: int) -> None:
        """It is deleted."""
        self.site.delete(*_place(index))

    def spoil(self, index: int, how: Spoiling) -> None:
        """Its timestamp is what is missing, its text what is of a wrong type or holds strange characters."""
        channel, ts = _place(index)
        messages = self.site.channels[channel].messages
        message = messages[ts]
        match how:
            case "missing":
                messages[ts] = {name: value for name, value in message.items() if name != "ts"}
            case "wrong_type":
                messages[ts] = message | {"text": 7}
            case "extra":
                messages[ts] = message | {"colour": {"of": ["the", "message"]}}
            case "nul":
                messages[ts] = message | {"text": "before\0after"}
            case "surrogate":
                messages[ts] = message | {"text": "before\udc3dafter"}

    def _post(self, index: int) -> None:
        channel, ts = _place(index)
        thread = _thread(index)
        user = f"U{index % 3}"
        self.site.post(channel, f"message {index}", at=ts, user=user, thread=thread)


def _place(index: int) -> tuple[str, str]:
    """Replies are where their threads are."""
    first = _first(index)
    return f"C{first % CHANNELS}", f"{FIRST + 60 * index}.{index % 1_000_000:06}"


def _first(index: int) -> int:
    place = index % STRETCH
    return index - (place - min(REPLIES) + 1) if place in REPLIES else index


def _thread(index: int) -> str | None:
    first = _first(index)
    return None if first == index else _place(first)[1]


class Subject:
    """This room for the kit."""

    collector = "cppa_slack_tracker"

    @contextmanager
    def open(self, folder: Path) -> Iterator[Messages]:
        """A team without messages."""
        del folder
        world = Messages()
        with serving(world.site):
            yield world


SUBJECT = Subject()
