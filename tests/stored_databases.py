"""Databases of every schema version ever released, as SQL: fixtures/databases/<version>/.

`python -m tests.stored_databases` stores one of the present version. Do that once, with the commit
that adds the version, and never change it afterwards.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import create_mock_engine, select
from sqlalchemy.sql.ddl import DDLElement

from caldavd.store import schema
from caldavd.store.connect import connect
from caldavd.store.engine import ReadTx
from caldavd.store.tables import metadata
from tests import sample

FOLDER: Final = Path(__file__).parents[1] / "fixtures" / "databases"


def stored_versions() -> list[str]:
    """The versions that have a stored database."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "data.sql").exists())


def load(location: Path | str, version: str) -> None:
    """Makes the stored database of a version at a blank location."""
    dialect = "sqlite" if isinstance(location, Path) else "postgresql"
    tables = (FOLDER / version / f"{dialect}.sql").read_bytes().decode()
    script = tables + (FOLDER / version / "data.sql").read_bytes().decode()
    if isinstance(location, Path):
        with closing(sqlite3.connect(location)) as connection:
            connection.executescript(script)
        return
    asyncio.run(_execute(location, script))


async def _execute(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def store() -> None:
    """Writes the files of the present version."""
    version = schema.head()
    folder = FOLDER / version
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        location = Path(temporary) / "new.sqlite3"
        schema.upgrade(location)
        data = "".join(asyncio.run(_data(location)))
    for dialect in ("sqlite", "postgresql"):
        (folder / f"{dialect}.sql").write_bytes(_tables(dialect, version).encode())
    (folder / "data.sql").write_bytes(data.encode())


def _tables(dialect: str, version: str) -> str:
    """The DDL of tables.py; `tests/test_schema.py` holds that to be what migrations make."""
    statements = [
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL,"
        " CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))",
        f"INSERT INTO alembic_version VALUES ('{version}')",
    ]

    def collect(element: DDLElement, *_: Any, **__: Any) -> None:
        statements.append(str(element.compile(dialect=engine.dialect)).strip())

    driver = "+asyncpg" if dialect == "postgresql" else ""
    engine = create_mock_engine(f"{dialect}{driver}://", collect)
    metadata.create_all(engine, checkfirst=False)
    return "".join(f"{statement};\n" for statement in statements)


async def _data(location: Path) -> list[str]:
    database = await connect(location)
    await sample.fill(database)

    async def lines(tx: ReadTx) -> list[str]:
        return [
            line
            for table in metadata.sorted_tables
            for line in _inserts(table.name, await tx.all(select(table)))
        ]

    try:
        return await database.read(lines)
    finally:
        await database.close()


def _inserts(table: str, rows: Any) -> Iterator[str]:
    for row in rows:
        yield f"INSERT INTO {table} VALUES ({', '.join(_literal(value) for value in row)});\n"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    store()
