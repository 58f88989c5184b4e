"""The few forms that reference pages are made of."""

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; nothing at all when it has no row."""
    lines = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    if not lines:
        return ""
    head = [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}"]
    return "\n".join([*head, *lines]) + "\n"


def cell(text: str) -> str:
    """One line that ends no cell."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Set as code; nothing stays nothing."""
    return f"`{text}`" if text else ""


def document(*parts: str) -> str:
    """Parts with one empty line between them; empty ones leave no trace."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip()) + "\n"
