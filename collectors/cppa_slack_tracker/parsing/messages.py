"""Messages, as Slack's histories and threads hold them.

https://docs.slack.dev/reference/events/message, …/reference/objects/file-object
"""

from collections.abc import Iterable, Sequence

from collectors.cppa_slack_tracker.parsing.fields import (
    Item,
    id_of,
    items_of,
    mapping,
    number_of,
    optional_id,
    part_of,
    rejected_item,
    required_text,
    text_of,
    time_of,
    timestamp_of,
)
from collectors.cppa_slack_tracker.parsing.mrkdwn import plain, text_of_blocks
from collectors.cppa_slack_tracker.parsing.privacy import Privacy
from collectors.cppa_slack_tracker.parsing.records import File, Message, Page, Reaction, Rejected
from services.errors import RecordRejected

# Kept elsewhere, or different for each way in which a message is read and each reader.
_NOT_OF_THE_MESSAGE = frozenset(
    [
        "reactions",
        "files",
        "reply_count",
        "parent_user_id",
        "is_locked",
        "reply_users",
        "reply_users_count",
        "latest_reply",
        "replies",
        "root",
        "subscribed",
        "last_read",
        "unread_count",
        "user_profile",
        "is_starred",
    ]
)
_DELETED_FILES = frozenset({"tombstone", "hidden_by_limit"})


def read_page(
    items: Sequence[object],
    *,
    cursor: str | None,
    has_more: bool,
    is_limited: bool,
    privacy: Privacy,
) -> Page:
    """Each message alone: one that cannot be understood costs no other."""
    read = [_read_or_reject(item, privacy) for item in items]
    messages = tuple(one for one in read if isinstance(one, Message))
    rejected = tuple(one for one in read if isinstance(one, Rejected))
    return Page(messages, rejected, cursor, has_more, is_limited)


def read_message(value: object, privacy: Privacy) -> Message:
    """A message.

    Raises:
        RecordRejected: it is none.
    """
    item = mapping(privacy.clean(value))
    required_text(item, "ts")
    files = [mapping(file) for file in items_of(item, "files")]
    return Message(
        ts=timestamp_of(item, "ts") or "",
        thread_ts=timestamp_of(item, "thread_ts"),
        subtype=text_of(item, "subtype"),
        user=optional_id(item, "user"),
        bot_id=text_of(item, "bot_id"),
        author_name=text_of(item, "username") or text_of(part_of(item, "bot_profile"), "name"),
        text=_text(item),
        edited_ts=timestamp_of(part_of(item, "edited"), "ts"),
        reply_count=number_of(item, "reply_count") or 0,
        latest_reply=timestamp_of(item, "latest_reply"),
        reactions=tuple(sorted(map(_reaction, items_of(item, "reactions")))),
        files=tuple(_file(privacy.clean_file(dict(file))) for file in files),
        payload={name: item[name] for name in item if name not in _NOT_OF_THE_MESSAGE},
    )


def _read_or_reject(value: object, privacy: Privacy) -> Message | Rejected:
    try:
        return read_message(value, privacy)
    except RecordRejected as error:
        return rejected_item(privacy.clean(value), str(error), _key(value))


def _key(value: object) -> str | None:
    try:
        return timestamp_of(mapping(value), "ts")
    except RecordRejected:
        return None


def _text(item: Item) -> str:
    """What was written, or else what its blocks say; then what is attached to it."""
    written = text_of(item, "text")
    said = plain(written) if written else text_of_blocks(items_of(item, "blocks"))
    attached = (_attached(part) for part in items_of(item, "attachments") if isinstance(part, dict))
    return "\n".join(filter(None, _distinct([said, *attached])))


def _attached(part: Item) -> str:
    """An attachment, the form that bots used before blocks; its fallback says all in one."""
    names = ("pretext", "title", "text")
    said = [plain(part[name]) for name in names if isinstance(part.get(name), str)]
    blocks = part.get("blocks")
    said += [text_of_blocks(blocks)] if isinstance(blocks, list) else []
    fallback = part.get("fallback")
    whole = "\n".join(filter(None, said))
    return whole or (plain(fallback) if isinstance(fallback, str) else "")


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))


def _reaction(value: object) -> Reaction:
    item = mapping(value)
    users = tuple(user for user in items_of(item, "users") if isinstance(user, str))
    count = number_of(item, "count")
    return Reaction(
        required_text(item, "name"), len(users) if count is None else count, tuple(sorted(users))
    )


def _file(item: Item) -> File:
    mode = text_of(item, "mode")
    return File(
        file_id=id_of(item, "id"),
        name=text_of(item, "name"),
        title=text_of(item, "title"),
        mimetype=text_of(item, "mimetype"),
        filetype=text_of(item, "filetype"),
        size=number_of(item, "size"),
        user=text_of(item, "user"),
        url=text_of(item, "url_private"),
        permalink=text_of(item, "permalink"),
        uploaded_at=time_of(item, "created"),
        is_deleted=mode in _DELETED_FILES,
    )
