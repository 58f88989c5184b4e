"""A page as a tree, and the text of its cells.

By libxml2, which keeps elements in the order they are written. A parser that follows HTML5 moves
what stands in an unclosed table to a place before it: there, a paper changes its mailing.
"""

import re
from collections.abc import Iterator

from lxml import etree

Element = etree._Element  # noqa: SLF001 - the public name of the type is in its stubs only
_MAILING = re.compile(r"mailing(\d.*)", re.IGNORECASE | re.DOTALL)
# What follows these would be left out of the tree.
_ENDS = re.compile(r"</(?:body|html)\s*>", re.IGNORECASE)
# A cell whose tag is missing: a word, or a link, right after the end of another or at a row's start.
_CELL_WITHOUT_TAG = re.compile(
    r"(?:</t[dh]\s*>|<tr\b[^<>]*>)\s*(?=[^\W_]|<a\s+href\b)", re.IGNORECASE
)
_SPACED = frozenset({"td", "th", "p", "div", "li", "tr"})
_CELLS = frozenset({"td", "th"})
LINE_BREAK = "\ue000"
"""Stands for <br> until spaces, line ends among them, have been collapsed."""


def decode_page(body: bytes) -> str:
    """Line by line UTF-8 or else Windows-1252, whatever the page says it is.

    The pages are edited by hand, by many, over many years: one line pasted in another encoding must
    not cost the names in all others.
    """
    return "".join(map(_decoded, body.splitlines(keepends=True)))


def is_cut(body: bytes) -> bool:
    """Whether the page begins as a whole one and does not end as one."""
    lower = body.lower()
    return b"<html" in lower and b"</html" not in lower


def parse_html(text: str) -> Element | None:
    """The root; None where there is nothing to parse."""
    written = _ENDS.sub("", text.replace("\0", "").replace(LINE_BREAK, ""))
    celled = _CELL_WITHOUT_TAG.sub(r"\g<0><td>", written)
    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(celled.encode("utf-8", "replace"), parser)


def mailing_mark(element: Element) -> str | None:
    """What follows `mailing` in the id or name of an element: the key of what begins here."""
    for name in ("id", "name"):
        value = element.get(name)
        if value and (found := _MAILING.fullmatch(value.strip())):
            return found[1].strip()
    return None


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def cells_of(row: Element) -> list[Element]:
    """The row's own cells."""
    return [child for child in row if child.tag in _CELLS]


def loose_cells(first: Element) -> list[Element]:
    """The cells from this one on of a row whose <tr> is missing; none when it is not the first."""
    before = first.getprevious()
    if before is not None and before.tag in _CELLS:
        return []
    cells = [first]
    while (following := cells[-1].getnext()) is not None and following.tag in _CELLS:
        cells.append(following)
    return cells


def links_of(cell: Element) -> Iterator[str]:
    """Targets of the cell's own links, not of those in a table inside."""
    inside = {link for table in cell.iter("table") for link in table.iter("a")}
    for link in cell.iter("a"):
        href = link.get("href")
        if href and link not in inside:
            yield href.strip()


def text_of(element: Element, *, notes: bool = True) -> str:
    """The text, one line for each <br>; without what is raised (<sup>) if `notes` is false.

    Ends where another mailing begins: a cell that nobody closed holds all the rest of the page.
    """
    if len(element) == 0:
        return " ".join((element.text or "").split())
    spaced = " ".join("".join(_pieces(element, notes)).split())
    return "\n".join(line.strip() for line in spaced.split(LINE_BREAK)).strip()


def _pieces(element: Element, notes: bool) -> Iterator[str]:
    raised = 0
    for event, node in etree.iterwalk(element, events=("start", "end")):
        is_note = node.tag == "sup" and not notes
        if event == "start":
            if node is not element and mailing_mark(node) is not None:
                return
            raised += is_note
            yield LINE_BREAK if node.tag == "br" else _shown(node.text, raised)
        else:
            raised -= is_note
            yield " " if node.tag in _SPACED else ""
            yield "" if node is element else _shown(node.tail, raised)


def _shown(text: str | None, raised: int) -> str:
    return "" if raised or text is None else text
