"""What is asked before a room is made."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["bare", "http", "git", "files"]
KINDS: tuple[Kind, ...] = get_args(Kind)
OWNER = "data platform"
LONGEST_TEXT = 50
# Title and owner stand in docstrings, Markdown and CODEOWNERS: nothing that could end one of these.
_PLAIN = re.compile(r"[^\W_][\w .,&+()/-]*")


@dataclass(frozen=True, slots=True)
class Answers:
    """A room to be; `revision` is that of its migration, which comes after `down_revision`."""

    slug: str
    kind: Kind
    title: str
    owner: str
    revision: str
    down_revision: str


def title_of(slug: str) -> str:
    """What people call a collector that nobody has given a title."""
    return slug.replace("_", " ").capitalize()


def text_problems(title: str, owner: str) -> list[str]:
    """Everything that is wrong with the two texts, in words."""
    texts = {"title": title, "owner": owner.removeprefix("@")}
    return [
        f"{name} {text!r} is not plain words of at most {LONGEST_TEXT} characters in one line"
        for name, text in texts.items()
        if not _PLAIN.fullmatch(text) or len(text) > LONGEST_TEXT
    ]
