"""The page of tables: what each column means, as the database's own comments say."""

import pkgutil
from importlib import import_module
from itertools import groupby
from pathlib import Path

from authoring.reference.diagrams import diagram
from authoring.reference.markdown import code, document, table
from services.tables import ColumnFacts, TableFacts, describe_tables


def tables_page(root: Path) -> str:
    """One section for each table, by the owner that writes it."""
    _import_models(root)
    tables = describe_tables()
    parts = [
        _owner(owner, list(owned)) for owner, owned in groupby(tables, lambda found: found.owner)
    ]
    return document(
        "# Tables", "Times are with time zone, in UTC. Each table has one writer.", *parts
    )


def _owner(owner: str, tables: list[TableFacts]) -> str:
    return document(f"## {owner}", diagram(tables), *map(_section, tables))


def _import_models(root: Path) -> None:
    """A model is known once its module was imported."""
    for package in ("services", "collectors"):
        for module in pkgutil.walk_packages([str(root / package)], f"{package}."):
            if module.name.endswith(".models"):
                import_module(module.name)


def _section(found: TableFacts) -> str:
    rows = [
        (code(column.name), column.type, _key(column), column.comment) for column in found.columns
    ]
    return document(
        f"### {found.name}", found.comment, table(["column", "type", "", "meaning"], rows)
    )


def _key(column: ColumnFacts) -> str:
    words = ["key"] if column.is_key else []
    words += [f"→ {column.refers_to}"] if column.refers_to else []
    words += ["may be empty"] if column.is_optional else []
    return ", ".join(words)
