"""An issue or a pull request as a page of Markdown: what it is, then what was said, in order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import yaml

# Of the lines that a comment stands at, the last ones tell which they are.
_HUNK_LINES = 4


@dataclass(frozen=True, slots=True)
class Saying:
    """Something that was said; `thread` is when the first of its thread was, to keep it together."""

    thread: tuple[datetime, int]
    at: datetime
    github_id: int
    login: str | None
    what: str
    url: str
    body: str
    hunk: str = ""

    @property
    def place(self) -> tuple[object, ...]:
        """Where it stands among the others."""
        return (*self.thread, self.at, self.github_id)


def conversation_page(
    facts: Mapping[str, Any], title: str, body: str, sayings: Iterable[Saying]
) -> str:
    """Front matter, title, text, and what was said; the same for the same, byte by byte."""
    parts = [f"# #{facts['number']} {' '.join(title.split())}", *_text(body)]
    for saying in sorted(sayings, key=lambda one: one.place):
        parts += [
            "---",
            f"**{_name(saying.login)}** {saying.what}, [{_time(saying.at)}]({saying.url})",
        ]
        parts += [*_diff(saying.hunk), *_text(saying.body)]
    return _page(facts, parts)


def repository_page(facts: Mapping[str, Any], description: str | None) -> str:
    """What a folder is of."""
    return _page(facts, [f"# {facts['repository']}", *_text(description or "")])


def _page(facts: Mapping[str, Any], parts: Iterable[str]) -> str:
    known = {name: _plain(value) for name, value in facts.items() if value not in (None, [], "")}
    front = yaml.safe_dump(known, sort_keys=False, allow_unicode=True, width=1000)
    return f"---\n{front}---\n\n" + "\n\n".join(parts) + "\n"


def _plain(value: object) -> object:
    return _time(value) if isinstance(value, datetime) else value


def _text(body: str) -> list[str]:
    """Line ends as GitHub's forms send them become ours."""
    text = body.replace("\r\n", "\n").strip("\n")
    return [text] if text.strip() else []


def _diff(hunk: str) -> list[str]:
    """Behind as many backticks as no line of it begins with."""
    lines = hunk.splitlines()[-_HUNK_LINES:]
    if not lines:
        return []
    fence = "`" * max(3, *(len(line) - len(line.lstrip("`")) + 1 for line in lines))
    return ["\n".join([f"{fence}diff", *lines, fence])]


def _name(login: str | None) -> str:
    """GitHub shows whoever is gone as @ghost."""
    return f"@{login or 'ghost'}"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
