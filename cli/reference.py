"""`bdc reference`: the pages that are written from the code."""

import difflib
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from cli.environment import prepare_home
from cli.output import console
from services.settings import load_settings

app = App(name="reference", help="Write docs/reference from the code.")
ROOT = Path(__file__).parent.parent
DIFFERS = 1


@app.command
def render(*, check: Annotated[bool, Parameter(negative="")] = False, root: Path = ROOT) -> int:
    """Write the reference pages of commands, collectors, tables, services, settings and errors.

    Example: `bdc reference render --check`

    Args:
        check: Write nothing; print the difference and exit with 1 when there is one.
        root: Another copy of the repository.
    """
    prepare_home(load_settings())
    from authoring.reference import FOLDER, HEADER, render_pages  # noqa: PLC0415 - loads every flow

    pages = {root / FOLDER / "commands.md": HEADER + commands_page(), **render_pages(root)}
    changed = {path: text for path, text in pages.items() if _present(path) != text}
    if check:
        return _compare(changed, root)
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        console.print(f"{path.relative_to(root)} is written", markup=False)
    console.print(f"pages changed: {len(changed)}")
    return 0


def commands_page() -> str:
    """What `--help` says of every command; paths of this machine relative to the repository."""
    from cli.main import app as bdc  # noqa: PLC0415 - it has this command among its own

    text = bdc.generate_docs(output_format="markdown").rstrip() + "\n"
    return text.replace(f"{ROOT}/", "").replace(str(ROOT), ".")


def _present(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _compare(changed: dict[Path, str], root: Path) -> int:
    for path, text in changed.items():
        name = str(path.relative_to(root))
        lines = difflib.unified_diff(
            _present(path).splitlines(), text.splitlines(), name, "rendered", lineterm=""
        )
        console.print("\n".join(lines), markup=False)
    if changed:
        console.print("run `bdc reference render` and commit what it writes", markup=False)
        return DIFFERS
    console.print("the reference pages say what the code says")
    return 0
