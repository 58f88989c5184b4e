"""The page of environment variables, from `.env.example`, which a test holds against the settings."""

from collections.abc import Iterator
from pathlib import Path

from authoring.reference.markdown import code, document, table


def settings_page(root: Path) -> str:
    """One line for each variable, in the order of `.env.example`."""
    text = (root / ".env.example").read_text(encoding="utf-8")
    rows = [(code(name), code(default), meaning) for name, default, meaning in variables(text)]
    return document(
        "# Environment variables",
        "From the environment, then from `.env`; a secret also from a file or a block: see [security]"
        "(../../SECURITY.md). A blank value counts as not set.",
        table(["variable", "default", "meaning"], rows),
    )


def variables(text: str) -> Iterator[tuple[str, str, str]]:
    """Name, default and comment of each; variables below one comment share it."""
    comment: list[str] = []
    assigned = False
    for line in text.splitlines():
        if line.startswith("#"):
            comment = [*([] if assigned else comment), line.removeprefix("#").strip()]
            assigned = False
        elif "=" in line:
            name, _, default = line.partition("=")
            assigned = True
            yield name, default, " ".join(comment)
        else:
            comment = []
