"""Which cell of a row says what, and what it says."""

from collections.abc import Mapping, Sequence

from collectors.wg21_paper_tracker.parsing.fields import (
    collapse,
    mailing_month,
    paper_id,
    read_date,
    read_subgroups,
)
from collectors.wg21_paper_tracker.parsing.html import Element, links_of, text_of
from collectors.wg21_paper_tracker.parsing.names import problem_of_names, read_authors
from collectors.wg21_paper_tracker.parsing.records import Details

_COLUMN_WORDS = (
    ("title", "title"),
    ("author", "authors"),
    ("previous", "previous_version"),
    ("mailing", "mailing_date"),
    ("group", "subgroups"),
    ("disposition", "disposition"),
    ("date", "document_date"),
)
_OLD_COLUMNS = {"title": 1, "authors": 2, "document_date": 3, "subgroups": 4}
_NEW_COLUMNS = {
    "title": 1,
    "authors": 2,
    "document_date": 3,
    "mailing_date": 4,
    "previous_version": 5,
    "subgroups": 6,
    "disposition": 7,
}


class Unreadable(Exception):
    """A row that is no paper for this reason, though it looks like one."""


def named_columns(cells: Sequence[Element]) -> dict[str, int]:
    """Where each column is, by its heading; empty for a row that holds no headings."""
    if any(True for _ in links_of(cells[0])):
        return {}
    named: dict[str, int] = {}
    for place, cell in enumerate(cells):
        heading = text_of(cell).lower()
        name = next((name for word, name in _COLUMN_WORDS if word in heading), None)
        if name:
            named.setdefault(name, place)
    is_heading = named.get("title", 0) > 0 and "authors" in named
    return named | {"": len(cells)} if is_heading else {}


def default_columns(cells: Sequence[Element]) -> Mapping[str, int]:
    """Where each column is in a table without headings."""
    return _NEW_COLUMNS if len(cells) >= len(_NEW_COLUMNS) + 1 else _OLD_COLUMNS


def require_heading(cells: Sequence[Element], *, links_to_papers: bool) -> None:
    """A row that spans columns is a heading, whatever it links to, unless it has other cells."""
    if links_to_papers and len(cells) > 1:
        raise Unreadable("has a cell that spans columns: nobody knows what stands where")


def require_one_row(cells: Sequence[Element], columns: Mapping[str, int] | None) -> None:
    """Refuse a row of more cells than its table has columns."""
    most = max((columns or {}).get("", 0), len(_NEW_COLUMNS) + 1)
    if len(cells) > most:
        raise Unreadable(f"has {len(cells)} cells where {most} are expected: rows run together")


def require_places(cells: Sequence[Element], columns: Mapping[str, int]) -> None:
    """Refuse a row that lacks a cell, unless it be the last: what follows stands in wrong columns."""
    if len(cells) >= columns.get("", 0):
        return
    for name, read in (("mailing_date", mailing_month), ("previous_version", paper_id)):
        found = _text(cells, columns, name)
        if found and read(found) is None:
            raise Unreadable(f"lacks a cell: {collapse(found)} is no {name.replace('_', ' ')}")


def require_names(authors: Sequence[str]) -> None:
    """Refuse a row with an author who can be nobody."""
    if problem := problem_of_names(authors):
        raise Unreadable(f"{problem}: cells run together")


def read_details(cells: Sequence[Element], columns: Mapping[str, int]) -> Details:
    """What the row says besides the paper's name; blank for columns that it does not have."""
    previous = paper_id(_text(cells, columns, "previous_version"))
    return Details(
        title=collapse(_text(cells, columns, "title")),
        authors=read_authors(_text(cells, columns, "authors", notes=False)),
        authors_text=collapse(_text(cells, columns, "authors").replace("\n", ", ")),
        document_date=read_date(_text(cells, columns, "document_date")),
        mailing_date=mailing_month(_text(cells, columns, "mailing_date")),
        previous_version=previous.text if previous else None,
        subgroups=read_subgroups(_text(cells, columns, "subgroups")),
        disposition=collapse(_text(cells, columns, "disposition")) or None,
    )


def _text(
    cells: Sequence[Element], columns: Mapping[str, int], name: str, *, notes: bool = True
) -> str:
    place = columns.get(name, len(cells))
    return text_of(cells[place], notes=notes) if place < len(cells) else ""
