"""Slack's markup → plain text, in which code is still code.

Only what stands between `<` and `>` is markup, and of that only what names somebody or an address:
Slack escapes what people write, code as well, but bots may send a plain `vector<int>`. https://docs.slack.dev/messaging/formatting-message-text
"""

import html
import re
from collections.abc import Iterable
from typing import Any

_MARK = re.compile(r"<([@#][A-Z0-9][^<>]*|!\w[^<>]*|(?:[a-z]+://|mailto:|tel:)[^<>]+)>")
_SIGILS = {"@": "@", "#": "#"}


def plain(text: str) -> str:
    """`<@U1>` is @U1, `<#C1|name>` is #name, `<url|label>` is label (url), `&lt;` is <."""
    return html.unescape(_MARK.sub(_unmarked, text))


def _unmarked(mark: re.Match[str]) -> str:
    target, _, label = mark[1].partition("|")
    first = target[0]
    if first in _SIGILS:
        return first + (label or target[1:])
    if first == "!":
        return label or f"@{target[1:].partition('^')[0]}"
    address = target.removeprefix("mailto:")
    return address if label in {"", target, address} else f"{label} ({address})"


def text_of_blocks(blocks: Iterable[Any]) -> str:
    """What blocks say: the only content of many messages of bots."""
    return "\n".join(filter(None, map(_said, blocks)))


def _said(value: Any) -> str:
    """The texts within, in the order written; elements of one line together."""
    if not isinstance(value, dict):
        return ""
    said = _said_alone(value)
    return _said_within(value) if said is None else said


def _said_alone(value: dict[str, Any]) -> str | None:
    """What an element says that holds no others; None of one that does."""
    said: str | None = None
    match value:
        case {"type": "user", "user_id": str(user)}:
            said = f"@{user}"
        case {"type": "channel", "channel_id": str(channel)}:
            said = f"#{channel}"
        case {"type": "emoji", "name": str(name)}:
            said = f":{name}:"
        case {"type": "link", "url": str(url)}:
            label = value.get("text")
            said = f"{label} ({url})" if isinstance(label, str) and label else url
        case {"type": "text" | "plain_text", "text": str(text)}:
            said = text
        case {"type": "mrkdwn", "text": str(text)}:
            said = plain(text)
    return said


def _said_within(value: dict[str, Any]) -> str:
    is_line = str(value.get("type", "")).startswith("rich_text_")
    parts = [value.get("title"), value.get("text"), *_listed(value.get("fields"))]
    parts += _listed(value.get("elements"))
    return ("" if is_line else "\n").join(filter(None, map(_said, parts)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
