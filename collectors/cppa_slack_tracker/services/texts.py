"""One document for each thread, and one for each hour of what is said outside threads.

A document holds one team's, one channel's messages, and its key never changes while it grows: an
hour of the calendar, or the thread's beginning. It is written anew in the transaction that changes
any message of it.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.fields import stamp
from collectors.cppa_slack_tracker.parsing.records import NOTICES, TIMESTAMP, when
from collectors.cppa_slack_tracker.services.channels import KnownChannel
from collectors.cppa_slack_tracker.services.teams import names_of
from services.upsert import Written
from services.vectors.services import Fact, Text, delete_documents, put_documents

COLLECTOR = "cppa_slack_tracker"
HOUR = "%Y-%m-%dT%H"
TITLE_CHARACTERS = 80
_MENTION = re.compile(r"@([UW][A-Z0-9]+)\b")


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of a team; `team` is our number of it, `url` where people open it."""

    team: int
    team_id: str
    url: str
    channel: KnownChannel

    def permalink(self, ts: str, thread_ts: str | None) -> str:
        """Where people read a message, https://docs.slack.dev/reference/methods/chat.getPermalink."""
        channel = self.channel.channel_id
        address = f"{self.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
        is_reply = thread_ts not in {None, ts}
        return f"{address}?thread_ts={thread_ts}&cid={channel}" if is_reply else address

    def key(self, document: str) -> str:
        """Of one of its documents, among those of all teams."""
        return f"{self.team_id}:{self.channel.channel_id}:{document}"


@dataclass(frozen=True, slots=True)
class Line:
    """A message as part of a document."""

    document: str
    posted_at: datetime
    user: str | None
    author: str
    text: str = field(repr=False)
    permalink: str


def document_of(ts: str, thread_ts: str | None) -> str:
    """The document that a message is part of: its thread, or its hour."""
    return thread_ts or when(ts).strftime(HOUR)


def refresh_documents(
    session: Session, place: Place, documents: Collection[str], now: datetime
) -> Written:
    """Bring these documents of a channel to what the tables say; empty ones are deleted."""
    if not documents:
        return Written()
    texts = list(_texts(session, place, documents))
    gone = {place.key(document) for document in documents} - {text.key for text in texts}
    written = put_documents(session, COLLECTOR, texts)
    return written + delete_documents(session, COLLECTOR, gone, now)


def _texts(session: Session, place: Place, documents: Collection[str]) -> Iterator[Text]:
    lines = _lines(session, place, documents)
    for document, found in groupby(lines, key=lambda line: line.document):
        yield _text(session, place, document, list(found))


def _lines(session: Session, place: Place, documents: Collection[str]) -> Iterator[Line]:
    """Of these documents, in order."""
    message, user = models.Message, models.User
    columns = select(
        message.ts,
        message.thread_ts,
        message.posted_at,
        message.text,
        message.permalink,
        message.author_name,
        message.bot_id,
        user.user_id,
        user.display_name,
        user.real_name,
        user.name,
    )
    found = session.execute(
        columns.outerjoin(user, user.id == message.user_id)
        .where(message.channel_id == place.channel.number, message.deleted_at.is_(None))
        .where(or_(message.subtype.is_(None), message.subtype.not_in(NOTICES)))
        .where(or_(*_within(documents)))
        .order_by(message.thread_ts, message.ts)
    )
    for ts, thread, posted_at, said, permalink, called, bot, user_id, *names in found:
        author = next(filter(None, (*names, called, bot)), "somebody")
        yield Line(document_of(ts, thread), posted_at, user_id or bot, author, said, permalink)


def _within(documents: Collection[str]) -> Iterator[ColumnElement[bool]]:
    message = models.Message
    threads = [one for one in documents if TIMESTAMP.fullmatch(one)]
    yield message.thread_ts.in_(threads)
    hours = [_hour(one) for one in sorted(set(documents) - set(threads))]
    if hours:
        until = stamp(hours[-1] + timedelta(hours=1))
        is_between = (message.ts >= stamp(hours[0])) & (message.ts < until)
        is_of_them = func.date_trunc("hour", message.posted_at, "UTC").in_(hours)
        yield message.thread_ts.is_(None) & is_between & is_of_them


def _hour(document: str) -> datetime:
    return datetime.strptime(document, HOUR).replace(tzinfo=UTC)


def _text(session: Session, place: Place, document: str, lines: Sequence[Line]) -> Text:
    mentioned = {user for line in lines for user in _MENTION.findall(line.text)}
    names = names_of(session, place.team, mentioned) if mentioned else {}

    def named(text: str) -> str:
        return _MENTION.sub(lambda found: f"@{names.get(found[1], found[1])}", text)

    first = named(lines[0].text).strip().partition("\n")[0][:TITLE_CHARACTERS]
    return Text(
        key=place.key(document),
        title=f"#{place.channel.name}: {first}" if first else f"#{place.channel.name}",
        text="\n".join(f"{line.author}: {named(line.text)}" for line in lines),
        author=", ".join(dict.fromkeys(line.author for line in lines)),
        url=lines[0].permalink,
        published_on=lines[0].posted_at.date(),
        metadata=_facts(place, document, lines),
        namespace=f"slack-{place.team_id}",
        private=place.channel.kind != "public_channel",
    )


def _facts(place: Place, document: str, lines: Sequence[Line]) -> dict[str, Fact]:
    """What an index may filter by; ids, which survive renaming."""
    channel = place.channel
    return {
        "type": "slack",
        "team": place.team_id,
        "channel": channel.channel_id,
        "channel_name": channel.name,
        "document": "thread" if TIMESTAMP.fullmatch(document) else "hour",
        "participants": sorted({line.user for line in lines if line.user}),
        "messages": len(lines),
        "first_at": int(lines[0].posted_at.timestamp()),
        "last_at": int(lines[-1].posted_at.timestamp()),
    }
