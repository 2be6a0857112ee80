"""Core expressions to driver text: compiled once per dialect, then only values change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.asyncpg import dialect as AsyncpgDialect
from sqlalchemy.dialects.sqlite import dialect as SqliteDialect
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import Boolean, Text, TypeEngine


class In(ColumnElement[bool]):
    """`column IN (all values of one list parameter)`: one statement text for any length."""

    inherit_cache = False
    type = Boolean()

    def __init__(self, column: ColumnElement[Any], parameter: str) -> None:
        self.column = column
        self.parameter = parameter
        self.item: TypeEngine[Any] = BigInteger() if _integral(column) else Text()

    def self_group(self, against: object = None) -> In:
        """Itself: the operator binds as it should, and must not become `... = 1` on SQLite."""
        return self


def _integral(column: ColumnElement[Any]) -> bool:
    return column.type.python_type is int


@compiles(In, "sqlite")
def _in_sqlite(element: In, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(bindparam(element.parameter, type_=JsonList()), **options)
    return f"{column} IN (SELECT value FROM json_each({values}))"


@compiles(In, "postgresql")
def _in_postgresql(element: In, compiler: SQLCompiler, **options: Any) -> str:
    column = compiler.process(element.column, **options)
    values = compiler.process(bindparam(element.parameter, type_=ARRAY(element.item)), **options)
    return f"{column} = ANY({values})"


class JsonList(Text):
    """Marks a parameter whose list goes to SQLite as one JSON text."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement's text and how to lay out its parameters."""

    sql: str
    order: tuple[str, ...]
    constants: Mapping[str, Any]
    lists: frozenset[str]

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """The values in the order of the placeholders. Raises KeyError for a missing one."""
        if self.constants:
            values = {**self.constants, **values}
        if not self.lists:
            return list(map(values.__getitem__, self.order))
        return [
            json.dumps(list(values[name])) if name in self.lists else values[name]
            for name in self.order
        ]


class Statements:
    """The compiled texts of one dialect, by statement."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._compiled: dict[Executable, Compiled] = {}

    def get(self, statement: Executable) -> Compiled:
        """The compiled form, made at the first use of this very statement object."""
        found = self._compiled.get(statement)
        if found is None:
            found = self._compiled[statement] = self._compile(statement)
        return found

    def _compile(self, statement: Executable) -> Compiled:
        compiled = statement.compile(dialect=self._dialect)  # type: ignore[attr-defined]
        order = tuple(compiled.positiontup or ())
        constants = {
            name: bind.value for bind, name in compiled.bind_names.items() if not bind.required
        }
        lists = frozenset(
            bind.key for bind in compiled.binds.values() if isinstance(bind.type, JsonList)
        )
        return Compiled(compiled.string, order, constants, lists)


def sqlite() -> Statements:
    """For the sqlite3 driver."""
    return Statements(SqliteDialect(paramstyle="qmark"))


def postgresql() -> Statements:
    """For asyncpg."""
    return Statements(AsyncpgDialect())  # type: ignore[no-untyped-call]
