"""What the tables are and mean, as their models say; knows the models imported so far."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql

from services.database import Base

NUMBER = "Its number, given by the database."
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """A column; `refers_to` is the table and column of its foreign key, else empty."""

    name: str
    type: str
    comment: str
    is_key: bool
    is_optional: bool
    refers_to: str


@dataclass(frozen=True, slots=True)
class TableFacts:
    """A table and the package that writes it."""

    name: str
    owner: str
    comment: str
    columns: tuple[ColumnFacts, ...]


def describe_tables() -> list[TableFacts]:
    """Every table, by owner, then by name."""
    owners = {mapper.local_table: mapper.class_.__module__ for mapper in Base.registry.mappers}
    found = [
        _table(table, owners[table].partition(".models")[0])
        for table in Base.metadata.tables.values()
    ]
    return sorted(found, key=lambda table: (table.owner, table.name))


def _table(table: Table, owner: str) -> TableFacts:
    columns = tuple(_column(column) for column in table.columns)
    return TableFacts(table.name, owner, table.comment or "", columns)


def _column(column: Column[Any]) -> ColumnFacts:
    return ColumnFacts(
        name=column.name,
        type=column.type.compile(_DIALECT).lower(),
        comment=column.comment or (NUMBER if column.primary_key and column.name == "id" else ""),
        is_key=column.primary_key,
        is_optional=bool(column.nullable),
        refers_to=next((key.target_fullname for key in column.foreign_keys), ""),
    )
