"""The list of decisions, from the pages themselves."""

from pathlib import Path

from authoring.reference.markdown import document

FOLDER = Path("docs/adr")


def decisions_page(root: Path) -> str:
    """A line for each page, in the order of their numbers."""
    pages = sorted((root / FOLDER).glob("[0-9]*.md"))
    return document(
        "# Decisions",
        "Each page: what was decided, why, and what would make us decide again.",
        "\n".join(f"{int(page.name[:4])}. [{_title(page)}]({page.name})" for page in pages),
    )


def _title(page: Path) -> str:
    heading, _, _ = page.read_text(encoding="utf-8").partition("\n")
    return heading.removeprefix("# ")
