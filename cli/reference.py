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
    """Write the reference pages of collectors, tables, service functions, settings and errors.

    Args:
        check: Write nothing; print the difference and exit with 1 when there is one.
        root: Another copy of the repository.
    """
    prepare_home(load_settings())
    from authoring.reference import render_pages  # noqa: PLC0415 - loads every flow

    changed = {path: text for path, text in render_pages(root).items() if _present(path) != text}
    if check:
        return _compare(changed, root)
    for path, text in changed.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        console.print(f"{path.relative_to(root)} is written", markup=False)
    console.print(f"pages changed: {len(changed)}")
    return 0


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
