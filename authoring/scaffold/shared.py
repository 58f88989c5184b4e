"""What a new room adds to files that all rooms share; text to text, the rest stays as it is."""

import re

OWNERS = ".github/CODEOWNERS"
VARIABLES = ".env.example"
README = "README.md"
OWNERS_HEAD = """\
# Who is asked to review what. The last line that matches a path decides; teams are those of the
# organisation that hosts this repository.
"""
_DOCS_LINE = re.compile(r"^- \[.*\]\(docs/(\w+)\.md\)", re.MULTILINE)


def with_variables(text: str, snippet: str) -> str:
    """`.env.example` with the room's variables at its end."""
    return f"{text.rstrip()}\n{snippet}" if snippet else text


def with_owner(text: str | None, line: str) -> str:
    """CODEOWNERS with the room's line at its end; a new one where there is none."""
    return f"{(text or OWNERS_HEAD).rstrip()}\n{line}"


def with_docs_line(text: str, line: str, rooms: list[str]) -> str:
    """The README with the room's page behind those of the other rooms, else at the end."""
    lines = text.rstrip().splitlines(keepends=True)
    found = [place for place, line in enumerate(lines) if _page(line) in rooms]
    at = found[-1] + 1 if found else len(lines)
    return "".join([*lines[:at], line, *lines[at:]]) if found else f"{text.rstrip()}\n{line}"


def _page(line: str) -> str | None:
    found = _DOCS_LINE.match(line)
    return found[1] if found else None
