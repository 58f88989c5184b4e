"""A team's Slack → frozen records, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from collectors.cppa_slack_tracker.client.calls import Caller, cursor_of
from collectors.cppa_slack_tracker.client.refusals import Refused
from collectors.cppa_slack_tracker.parsing.history import BEGINNING, NOW, Stretch
from collectors.cppa_slack_tracker.parsing.messages import read_page
from collectors.cppa_slack_tracker.parsing.people import read_channels, read_team, read_users
from collectors.cppa_slack_tracker.parsing.privacy import Privacy
from collectors.cppa_slack_tracker.parsing.records import Channel, Listed, Page, Team, User
from collectors.cppa_slack_tracker.settings import SlackSettings
from services.errors import SourceUnavailable
from services.http.settings import Surroundings

# The most that Slack gives of each in one answer, https://docs.slack.dev/reference/methods.
USERS_A_PAGE = 1000
CHANNELS_A_PAGE = 999
MEMBERS_A_PAGE = 999
Answer = Mapping[str, Any]


class SlackTeam:
    """Reads a team with one token. Methods raise as `Caller.read` does."""

    def __init__(self, settings: SlackSettings, token: str, around: Surroundings) -> None:
        self._settings = settings
        self._caller = Caller(settings, token, around)
        self._privacy = Privacy(
            without_emails=settings.redact_emails, without_file_urls=settings.redact_file_urls
        )

    @property
    def calls(self) -> int:
        """How many have been made."""
        return self._caller.calls

    def identify(self) -> Team:
        """Whose token it is."""
        return read_team(self._caller.read("auth.test"))

    def users(self) -> Iterator[Listed[User]]:
        """Everybody who is or was in the team, bots included."""
        for answer in self._caller.pages("users.list", limit=USERS_A_PAGE):
            listed = _items("users.list", answer, "members")
            yield read_users(listed, keep_email=not self._settings.redact_emails)

    def user(self, user_id: str) -> User | None:
        """Somebody that the list does not hold, e.g. of another team; None when Slack knows nobody."""
        try:
            answer = self._caller.read("users.info", user=user_id)
        except Refused:
            return None
        read = read_users([answer.get("user")], keep_email=not self._settings.redact_emails)
        return next(iter(read.items), None)

    def channels(self, kinds: str) -> Iterator[Listed[Channel]]:
        """Channels of these types, archived ones included."""
        pages = self._caller.pages(
            "conversations.list", types=kinds, exclude_archived="false", limit=CHANNELS_A_PAGE
        )
        for answer in pages:
            yield read_channels(_items("conversations.list", answer, "channels"))

    def members(self, channel_id: str) -> Iterator[str]:
        """Ids of who is in a channel."""
        pages = self._caller.pages(
            "conversations.members", channel=channel_id, limit=MEMBERS_A_PAGE
        )
        for answer in pages:
            listed = _items("conversations.members", answer, "members")
            yield from (one for one in listed if isinstance(one, str))

    def history(self, channel_id: str, stretch: Stretch, cursor: str | None = None) -> Page:
        """What a channel holds within the stretch, the newest first, or what follows the cursor."""
        answer = self._caller.read(
            "conversations.history",
            channel=channel_id,
            limit=self._settings.page_size,
            latest=None if stretch.below == NOW else stretch.below,
            oldest=None if stretch.above == BEGINNING else stretch.above,
            cursor=cursor,
        )
        return self._page("conversations.history", answer)

    def replies(
        self, channel_id: str, thread_ts: str, *, after: str = BEGINNING, cursor: str | None = None
    ) -> Page:
        """A thread from its beginning on, or after a reply; the oldest first, the first message always."""
        answer = self._caller.read(
            "conversations.replies",
            channel=channel_id,
            ts=thread_ts,
            limit=self._settings.page_size,
            oldest=None if after == BEGINNING else after,
            cursor=cursor,
        )
        return self._page("conversations.replies", answer)

    def join(self, channel_id: str) -> None:
        """Become a member of a public channel."""
        self._caller.change("conversations.join", may_be_repeated=True, channel=channel_id)

    def _page(self, method: str, answer: Answer) -> Page:
        """There is more where Slack says so, with or without a cursor; never because of the count."""
        cursor = cursor_of(answer)
        return read_page(
            _items(method, answer, "messages"),
            cursor=cursor,
            has_more=bool(cursor or answer.get("has_more")),
            is_limited=bool(answer.get("is_limited")),
            privacy=self._privacy,
        )


def _items(method: str, answer: Answer, name: str) -> Sequence[object]:
    items = answer.get(name)
    if not isinstance(items, list):
        raise SourceUnavailable(f"Slack's answer to {method} holds no {name}")
    return items
