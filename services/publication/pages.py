"""What is to lie where: pages in the folder of their owner, which moves when the owner is renamed.

Each folder says whose it is by the name of a file, `repository-ID.md`, so what to do follows from
what lies there, and from nothing that might be lost or be behind.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_MARKER = re.compile(r"(?P<folder>.+)/repository-(?P<owner>\d+)\.md")


@dataclass(frozen=True, slots=True)
class Page:
    """A file in the folder of its owner; without a text there is to be none.

    `not_at` are places in that folder where it may lie by mistake.
    """

    owner: int
    path: str
    text: str | None
    not_at: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do, in this order: move folders, remove files, write files."""

    moves: Sequence[tuple[str, str]] = ()
    removals: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)


def marker(owner: int) -> str:
    """The file that says whose a folder is, in that folder."""
    return f"repository-{owner}.md"


def plan(markers: Iterable[str], homes: Mapping[int, str], pages: Iterable[Page]) -> Plan:
    """Bring a tree that has these markers to hold these pages; `homes` are the owners' folders."""
    removals: list[str] = []
    files: dict[str, bytes] = {}
    for page in pages:
        home = homes[page.owner]
        removals += [f"{home}/{path}" for path in page.not_at]
        if page.text is None:
            removals.append(f"{home}/{page.path}")
        else:
            files[f"{home}/{page.path}"] = page.text.encode()
    return Plan(list(_moves(markers, homes)), removals, files)


def _moves(markers: Iterable[str], homes: Mapping[int, str]) -> Iterator[tuple[str, str]]:
    """A folder in whose place another one belongs steps aside: its own turn comes, now or later."""
    where = {
        int(found["owner"]): found["folder"] for found in map(_MARKER.fullmatch, markers) if found
    }
    for owner, home in homes.items():
        old = where.get(owner)
        if old == home:
            continue
        for other in [one for one, folder in where.items() if folder == home]:
            where[other] = f"{home}~{other}"
            yield home, where[other]
        if old is not None:
            where[owner] = home
            yield old, home
