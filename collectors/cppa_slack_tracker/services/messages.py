"""Messages as they are now: what a page holds, and what it holds no more."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, any_, bindparam, not_, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from collectors.cppa_slack_tracker import models
from collectors.cppa_slack_tracker.parsing.history import NOW, Stretch
from collectors.cppa_slack_tracker.parsing.records import File, Message, Page, when
from collectors.cppa_slack_tracker.services import threads
from collectors.cppa_slack_tracker.services.channels import (
    KnownChannel,
    store_membership_messages,
)
from collectors.cppa_slack_tracker.services.teams import Tables
from collectors.cppa_slack_tracker.services.texts import Place, document_of, refresh_documents
from services.upsert import Written, bulk_upsert, stored_values

KEY = ("channel_id", "ts")
COLUMNS = (
    *KEY,
    "thread_ts",
    "posted_at",
    "user_id",
    "bot_id",
    "author_name",
    "subtype",
    "text",
    "edited_at",
    "is_in_channel",
    "permalink",
    "reactions",
    "file_ids",
    "payload",
    "deleted_at",
)
FILE_COLUMNS = (
    "team_id",
    "file_id",
    "name",
    "title",
    "mimetype",
    "filetype",
    "size",
    "user",
    "url",
    "permalink",
    "uploaded_at",
    "is_deleted",
)
State = tuple[bytes, str | None]
"""Of a stored message: hash of its content, and the thread it is in."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A page of a channel, or of one of its threads, and how much of that it covers whole.

    `users` are our numbers of its authors, by Slack's ids.
    """

    place: Place
    page: Page
    covers: Stretch
    users: Mapping[str, int]
    thread: str | None = None


def store_delivery(session: Session, delivery: Delivery, now: datetime) -> Tables:
    """Bring messages to what the page says; what it covers and does not hold is marked deleted."""
    channel = delivery.place.channel
    messages = _distinct(delivery.page.messages)
    before = _states(session, channel, messages)
    tables: Tables = {"file": _store_files(session, delivery.place.team, messages)}
    rows = (_row(delivery, message, now) for message in messages if _is_told(message, before))
    tables["message"] = bulk_upsert(session, models.Message, COLUMNS, rows, key=KEY)
    gone = _mark_deleted(session, delivery, now) + _bury(session, channel, messages, now)
    tables["message"] += Written(updated=len(gone))
    tables["membership_change"] = store_membership_messages(session, channel.number, messages)
    tables["thread"] = threads.note_threads(
        session, channel.number, messages, [ts for ts, _ in gone]
    )
    after = _states(session, channel, messages)
    changed = _changed(before, after) | {document_of(ts, thread) for ts, thread in gone}
    tables["document"] = refresh_documents(session, delivery.place, changed, now)
    return tables


def delete_thread(session: Session, place: Place, thread_ts: str, now: datetime) -> Tables:
    """Mark all of a thread deleted: Slack does not know it any more."""
    is_its = (models.Message.thread_ts == thread_ts,)
    gone = _mark(session, place.channel, is_its, now)
    documents = refresh_documents(session, place, {document_of(*one) for one in gone}, now)
    return {"message": Written(updated=len(gone)), "document": documents}


def _distinct(messages: Iterable[Message]) -> list[Message]:
    return list({message.ts: message for message in messages}.values())


def _states(
    session: Session, channel: KnownChannel, messages: Sequence[Message]
) -> dict[str, State]:
    keys = ((channel.number, message.ts) for message in messages)
    wanted = ("content_hash", "thread_ts")
    found = stored_values(session, models.Message, KEY, keys, wanted)
    return {str(ts): state for (_, ts), state in found}


def _is_told(message: Message, before: Mapping[str, State]) -> bool:
    """What is left of a deleted message does not replace what is known of it."""
    return not (message.is_tombstone and message.ts in before)


def _changed(before: Mapping[str, State], after: Mapping[str, State]) -> set[str]:
    """The documents that messages are part of now, or were, of those that are not as they were."""
    changed = [ts for ts, state in after.items() if before.get(ts) != state]
    threads_now = {document_of(ts, after[ts][1]) for ts in changed}
    return threads_now | {document_of(ts, before[ts][1]) for ts in changed if ts in before}


def _row(delivery: Delivery, message: Message, now: datetime) -> tuple[object, ...]:
    return (
        delivery.place.channel.number,
        message.ts,
        message.thread_ts,
        message.posted_at,
        delivery.users.get(message.user or ""),
        message.bot_id,
        message.author_name,
        message.subtype,
        message.text,
        when(message.edited_ts) if message.edited_ts else None,
        message.is_in_channel,
        delivery.place.permalink(message.ts, message.thread_ts),
        [asdict(reaction) for reaction in message.reactions],
        [file.file_id for file in message.files],
        message.payload,
        now if message.is_tombstone else None,
    )


def _store_files(session: Session, team: int, messages: Iterable[Message]) -> Written:
    rows = (_file_row(team, file) for message in messages for file in message.files)
    return bulk_upsert(session, models.File, FILE_COLUMNS, rows, key=FILE_COLUMNS[:2])


def _file_row(team: int, file: File) -> tuple[Any, ...]:
    return (
        team,
        file.file_id,
        file.name,
        file.title,
        file.mimetype,
        file.filetype,
        file.size,
        file.user,
        file.url,
        file.permalink,
        file.uploaded_at,
        file.is_deleted,
    )


def _mark_deleted(
    session: Session, delivery: Delivery, now: datetime
) -> list[tuple[str, str | None]]:
    """What the page should hold and does not; nothing, where it cannot be told what it holds."""
    if delivery.page.is_doubtful:
        return []
    message, covers = models.Message, delivery.covers
    present = bindparam("present", sorted(delivery.page.timestamps), type_=ARRAY(Text))
    is_missing = [message.ts > covers.above, not_(message.ts == any_(present))]
    if covers.below != NOW:
        is_missing.append(message.ts < covers.below)
    if delivery.thread is None:
        is_missing.append(message.is_in_channel.is_(True))
    else:
        is_missing += [message.thread_ts == delivery.thread, message.ts != delivery.thread]
    return _mark(session, delivery.place.channel, is_missing, now)


def _bury(
    session: Session, channel: KnownChannel, messages: Iterable[Message], now: datetime
) -> list[tuple[str, str | None]]:
    """Of a message with replies Slack leaves a place when it is deleted."""
    places = [message.ts for message in messages if message.is_tombstone]
    return _mark(session, channel, [models.Message.ts.in_(places)], now) if places else []


def _mark(
    session: Session,
    channel: KnownChannel,
    conditions: Iterable[ColumnElement[bool]],
    now: datetime,
) -> list[tuple[str, str | None]]:
    """Their hash goes, so that the same content, when it comes back, is a change."""
    message = models.Message
    marked = session.execute(
        update(message)
        .where(message.channel_id == channel.number, message.deleted_at.is_(None), *conditions)
        .values(deleted_at=now, content_hash=b"")
        .returning(message.ts, message.thread_ts)
    )
    return [(ts, thread) for ts, thread in marked.tuples()]
