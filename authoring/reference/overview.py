"""What of the reference stands elsewhere: the table of collectors in the README, the list of pages."""

from pathlib import Path

from authoring.reference.collectors import runs_when
from authoring.reference.markdown import document, table
from deployments.schedule import read_schedule
from services.catalogue import list_collectors

README = "README.md"
START = "<!-- The table is written by `bdc reference render`. -->\n"
END = "<!-- End of the table. -->\n"
_PAGES = {
    "collectors": "what each collects, its parameters, when it runs",
    "commands": "`bdc` and all that it can be told",
    "settings": "environment variables",
    "tables": "every table and column, with a diagram for each owner",
    "services": "service functions: the only code that writes tables",
    "errors": "failure categories: why runs fail, and who acts",
    "events": "what runs, batches, releases and alerts tell Prefect",
    "metrics": "what `/metrics` answers",
    "imports": "which package knows which, and the rules",
}


def index_page(_: Path) -> str:
    """A line for each page."""
    lines = [f"- [{name.capitalize()}]({name}.md): {text}" for name, text in _PAGES.items()]
    return document(
        "# Reference",
        "Written from the code by `bdc reference render`; `make test` fails when the two differ.",
        "\n".join(lines),
    )


def readme(root: Path) -> str:
    """The README with its table of collectors as it is to be."""
    text = (root / README).read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{collectors_table(root)}\n{END}{after}"


def collectors_table(root: Path) -> str:
    """One line for each collector, with a link to its page, or else to its reference."""
    schedule = read_schedule(root / "deployments" / "schedule.yaml")
    rows = [
        (
            f"[`{entry.name}`]({_page(root, entry.name)})",
            entry.summary,
            runs_when(entry.name, schedule),
        )
        for entry in list_collectors(root / "collectors")
    ]
    return table(["collector", "what it collects", "runs (UTC)"], rows)


def _page(root: Path, name: str) -> str:
    place = f"docs/{name}.md"
    return place if (root / place).is_file() else f"docs/reference/collectors.md#{name}"
