"""Notes of a huddle, a canvas as Slack gives it (HTML) → a page of Markdown."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import html

_USER = re.compile(r"@?\b([UW][A-Z0-9]{1,20})\b")
_HEADINGS = {f"h{level}": "#" * (level + 1) for level in range(1, 7)}
_BLOCKS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "pre", "blockquote", "tr"]
_SPACE = re.compile(r"[^\S\n]+")


@dataclass(frozen=True, slots=True)
class Notes:
    """What a canvas holds; `text` is empty as long as nothing has been written."""

    file_id: str
    title: str
    permalink: str
    created_at: datetime | None
    text: str

    def page(self, channel: str, names: Mapping[str, str]) -> str:
        """As Markdown; `names` are people's, by Slack's ids."""
        when = f"{self.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if self.created_at else ""
        facts = [f"- Channel: #{channel}", when and f"- Written: {when}", self._link()]
        head = [f"# {self.title or 'Huddle notes'}", "", *filter(None, facts), ""]
        return with_names("\n".join([*head, self.text, ""]), names)

    def _link(self) -> str:
        return self.permalink and f"- Canvas: <{self.permalink}>"


def page_path(payload: Mapping[str, str]) -> str:
    """Where the page of a huddle lies: by Slack's ids, which survive renaming, and by its time (UTC)."""
    at = datetime.fromtimestamp(float(payload["ts"]), UTC)
    folder = f"slack_huddles/{payload['team']}/{payload['channel']}"
    return f"{folder}/{at:%Y-%m-%dT%H%M%S}_{payload['file_id']}.md"


def with_names(text: str, names: Mapping[str, str]) -> str:
    """Ids of users that are known are replaced by their names."""
    return _USER.sub(lambda found: names.get(found[1], found[0]), text)


def markdown_of(page: str) -> str:
    """Headings, paragraphs, lists and code of a page, without what it is decorated with."""
    if not page.strip():
        return ""
    root = html.document_fromstring(page)
    for unread in list(root.iter("script", "style", "head")):
        unread.clear()
    return "\n\n".join(_blocks(root)).strip()


def _blocks(root: html.HtmlElement) -> Iterator[str]:
    """The innermost blocks, in order; a list's items stand together as Markdown wants them."""
    items: list[str] = []
    for element in root.iter(*_BLOCKS):
        if element.tag != "li" and _is_within_or_around(element):
            continue
        said = _said(element)
        if element.tag == "li":
            items += [said] if said else []
            continue
        if items:
            yield "\n".join(items)
            items = []
        if said:
            yield said
    if items:
        yield "\n".join(items)


def _is_within_or_around(element: html.HtmlElement) -> bool:
    """An item says all of its own text; what holds blocks leaves it to them."""
    has_blocks = next(element.iterdescendants(*_BLOCKS), None) is not None
    return has_blocks or next(element.iterancestors("li"), None) is not None


def _said(element: html.HtmlElement) -> str:
    if element.tag == "pre":
        return f"```\n{element.text_content().strip()}\n```"
    text = _SPACE.sub(" ", _own_text(element)).strip()
    match element.tag:
        case "li" if text:
            depth = sum(1 for _ in element.iterancestors("ul", "ol"))
            return f"{'  ' * max(0, depth - 1)}- {text}"
        case tag if text and tag in _HEADINGS:
            return f"{_HEADINGS[tag]} {text}"
    return text


def _own_text(element: html.HtmlElement) -> str:
    """Without that of lists within, whose items speak for themselves."""
    parts = [element.text or ""]
    for child in element:
        if child.tag not in {"ul", "ol"}:
            parts.append("\n" if child.tag == "br" else _own_text(child))
        parts.append(child.tail or "")
    return "".join(parts).replace("\xa0", " ")
