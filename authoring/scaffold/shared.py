"""What a new room adds to files that all rooms share; text to text, the rest stays as it is."""

OWNERS = ".github/CODEOWNERS"
VARIABLES = ".env.example"
OWNERS_HEAD = """\
# Who is asked to review what. The last line that matches a path decides; teams are those of the
# organisation that hosts this repository.
"""


def with_variables(text: str, snippet: str) -> str:
    """`.env.example` with the room's variables at its end."""
    return f"{text.rstrip()}\n{snippet}" if snippet else text


def with_owner(text: str | None, line: str) -> str:
    """CODEOWNERS with the room's line at its end; a new one where there is none."""
    return f"{(text or OWNERS_HEAD).rstrip()}\n{line}"
