"""The tables of one owner as a diagram in Mermaid, which GitHub draws and the site turns into SVG.

https://mermaid.js.org/syntax/entityRelationshipDiagram.html
"""

import re
from collections.abc import Iterator, Sequence

from services.tables import ColumnFacts, TableFacts


def diagram(tables: Sequence[TableFacts]) -> str:
    """Each table with its columns; tables of other owners that they refer to by name only."""
    lines = [line for table in tables for line in (*_table(table), *_references(table))]
    return "\n".join(["```mermaid", "erDiagram", *lines, "```"])


def _table(table: TableFacts) -> Iterator[str]:
    yield f"    {table.name} {{"
    for column in table.columns:
        yield f"        {_type(column.type)} {column.name}{_marks(column)}"
    yield "    }"


def _references(table: TableFacts) -> Iterator[str]:
    """One row there for many here; none where the column may be empty."""
    for column in table.columns:
        if column.refers_to:
            one = "|o" if column.is_optional else "||"
            other = column.refers_to.rpartition(".")[0]
            yield f"    {other} {one}--o{{ {table.name} : {column.name}"


def _marks(column: ColumnFacts) -> str:
    keys = [mark for mark, there in (("PK", column.is_key), ("FK", column.refers_to)) if there]
    return f" {', '.join(keys)}" if keys else ""


def _type(text: str) -> str:
    """As one word: Mermaid takes no other."""
    short = text.replace("timestamp with time zone", "timestamptz").replace("[]", "_array")
    return re.sub(r"\W+", "_", short).strip("_")
