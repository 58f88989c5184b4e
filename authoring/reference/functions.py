"""The page of service functions: the only code that writes tables, read without importing it."""

import ast
from collections.abc import Iterator
from pathlib import Path

from authoring.reference.markdown import code, document, table

FORMS = (
    "services/*/services.py",
    "services/*/services/*.py",
    "collectors/*/services.py",
    "collectors/*/services/*.py",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions_page(root: Path) -> str:
    """One section for each `services.py`, and one for what they are built on."""
    shared = [root / "services" / "upsert.py", root / "services" / "database.py"]
    written = [path for form in FORMS for path in root.glob(form)]
    sections = [_section(root, path) for path in [*shared, *sorted(written)]]
    return document("# Service functions", *sections)


def _section(root: Path, path: Path) -> str:
    module = ast.parse(path.read_text(encoding="utf-8"))
    rows = [
        (code(function.name), code(_signature(function)), _summary(function))
        for function in public_functions(module)
    ]
    place = path.parent if path.name == "__init__.py" else path.with_suffix("")
    name = ".".join(place.relative_to(root).parts)
    return document(
        f"## {name}",
        ast.get_docstring(module) or "",
        table(["function", "takes and returns", "what it does"], rows),
    )


def public_functions(module: ast.Module) -> Iterator[Function]:
    """Those at the top level whose names have no leading underscore."""
    for node in module.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node


def _signature(function: Function) -> str:
    returned = ast.unparse(function.returns) if function.returns else "None"
    return f"({ast.unparse(function.args)}) → {returned}"


def _summary(function: Function) -> str:
    return (ast.get_docstring(function) or "").partition("\n\n")[0]
