"""Migrations: they make what tables.py says, from nothing and from every released version."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine

from caldavd.store import schema
from caldavd.store.engine import Unavailable, WrongSchema
from caldavd.store.schema import Upgraded
from caldavd.store.tables import metadata
from tests import stored_databases

only_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
POSTGRESQL_CATALOGUE = """
SELECT table_name, column_name, data_type || ' null ' || is_nullable || coalesce(column_default, '')
  FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'public'::regnamespace
"""


def query(location: Path | str, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, run outside our own code."""
    if isinstance(location, Path):
        with closing(sqlite3.connect(location)) as connection:
            return connection.execute(sql).fetchall()

    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(location)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()

    return asyncio.run(run())


def described(location: Path | str) -> set[tuple[Any, ...]]:
    """Every table, column, index and constraint except Alembic's own, as the database has it."""
    if isinstance(location, Path):
        found = {
            row for name, sql in query(location, TABLES) for row in _table(location, name, sql)
        }
    else:
        found = set(query(location, POSTGRESQL_CATALOGUE))
    return {row for row in found if row[0] != "alembic_version"}


def _table(file: Path, name: str, sql: str) -> list[tuple[Any, ...]]:
    indexes = query(file, f"PRAGMA index_list('{name}')")
    return [
        (name, "options", sql[sql.rindex(")") :].strip(") \n")),
        *((name, "constraint", found) for found in re.findall(r"CONSTRAINT (\w+)", sql)),
        *((name, *column[1:]) for column in query(file, f"PRAGMA table_info('{name}')")),
        *((name, *key[2:]) for key in query(file, f"PRAGMA foreign_key_list('{name}')")),
        *((name, *index[1:], *_index(file, index[1])) for index in indexes),
    ]


def _index(file: Path, name: str) -> tuple[Any, ...]:
    columns = tuple(row[2:] for row in query(file, f"PRAGMA index_xinfo('{name}')"))
    sql = query(file, f"SELECT max(sql) FROM sqlite_master WHERE name = '{name}'")[0][0]
    return columns, (sql or "").partition(" WHERE ")[2]


def create_all(location: Path | str) -> None:
    """Makes the tables from tables.py, without a migration."""
    if isinstance(location, Path):
        engine = create_engine(f"sqlite:///{location}")
        metadata.create_all(engine)
        engine.dispose()
        return

    async def run() -> None:
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(location)
        )
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await engine.dispose()

    asyncio.run(run())


@pytest.fixture
def later(tmp_path: Path) -> Callable[[str], Path]:
    """Makes migrations with one more version, 9999, whose upgrade is the given statement."""

    def make(statement: str) -> Path:
        scripts = tmp_path / "schema"
        shutil.copytree(Path(__file__).parents[1] / "schema", scripts)
        (scripts / "versions" / "9999_later.py").write_text(
            f"from alembic import op\nrevision = '9999'\ndown_revision = {schema.head()!r}\n"
            f"def upgrade():\n    op.execute('CREATE TABLE later (id BIGINT)')\n    {statement}\n"
        )
        return scripts

    return make


@pytest.fixture
def expected(location: Path | str) -> set[tuple[Any, ...]]:
    """What a database of the present version looks like."""
    return described(location)


def test_migrations_make_what_the_tables_say(
    location: Path | str, blank_location: Path | str
) -> None:
    create_all(blank_location)

    assert described(location) == described(blank_location)


def test_a_difference_in_a_partial_index_would_be_seen(
    location: Path | str, blank_location: Path | str
) -> None:
    schema.upgrade(blank_location)
    run(blank_location, "DROP INDEX ix_change_removed")
    run(blank_location, "CREATE INDEX ix_change_removed ON change (changed_at) WHERE deleted = 0")

    assert described(location) != described(blank_location)


def test_every_version_has_a_stored_database() -> None:
    assert stored_databases.stored_versions() == list(schema.versions()), (
        "run `python -m tests.stored_databases` once, and commit what it wrote"
    )


@pytest.mark.parametrize("version", schema.versions())
def test_a_stored_database_of_each_version_is_upgraded_with_its_data(
    version: str, blank_location: Path | str, expected: set[tuple[Any, ...]]
) -> None:
    stored_databases.load(blank_location, version)
    texts = "SELECT id, collection_id, name, uid, etag, content FROM calendar_object ORDER BY id"
    before = query(blank_location, texts)

    done = schema.upgrade(blank_location)

    assert (done.before, done.after) == (version, schema.head())
    assert described(blank_location) == expected
    assert (len(before) > 0, query(blank_location, texts)) == (True, before)


@pytest.mark.parametrize(
    ("line", "access"),
    [
        ("CLASS:PUBLIC", 0),
        ("class;X-P=1:confidential", 1),
        ("CLA\r\n SS:PRIV\r\n\tATE", 2),
        ("CLASS:X-MINE", 2),
        ("DESCRIPTION:CLASS:PRIVATE", 0),
    ],
)
def test_the_upgrade_closes_what_its_class_closes(
    blank_location: Path | str, line: str, access: int
) -> None:
    stored_databases.load(blank_location, "0004")
    text = (
        f"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:task\r\n{line}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    run(blank_location, f"UPDATE calendar_object SET content = '{text}' WHERE name = 'task.ics'")

    schema.upgrade(blank_location)

    closed = "SELECT DISTINCT access FROM calendar_object WHERE name = 'task.ics'"
    others = "SELECT DISTINCT access FROM calendar_object WHERE name <> 'task.ics'"
    seen = "SELECT count(*) FROM change WHERE name = 'task.ics' AND vanished IS NULL"
    assert query(blank_location, closed) == [(access,)]
    assert query(blank_location, others) == [(0,)]
    assert (query(blank_location, seen) == [(0,)]) == (access == 2)


def test_the_upgrade_makes_boxes_under_names_that_are_free(blank_location: Path | str) -> None:
    stored_databases.load(blank_location, "0007")
    ada = "(SELECT id FROM principal WHERE name = 'ada')"
    run(
        blank_location,
        f"UPDATE collection SET name = 'inbox' WHERE name = 'default' AND owner_id = {ada}",
    )
    run(blank_location, "UPDATE invitation SET name = 'outbox' WHERE name IS NOT NULL")
    mounted = query(
        blank_location,
        "SELECT name FROM principal WHERE id IN"
        " (SELECT owner_id FROM invitation WHERE name = 'outbox')",
    )

    schema.upgrade(blank_location)

    boxes = query(
        blank_location,
        "SELECT principal.name, collection.kind, collection.name FROM collection"
        " JOIN principal ON principal.id = collection.owner_id"
        " WHERE collection.kind IN ('inbox', 'outbox') ORDER BY 1, 2",
    )
    open_to = query(
        blank_location,
        "SELECT grantee, privileges FROM ace WHERE resource_id IN"
        " (SELECT id FROM collection WHERE kind IN ('inbox', 'outbox'))",
    )
    assert mounted == [("bob",)]
    assert boxes == [
        ("ada", "inbox", "inbox-2"),
        ("ada", "outbox", "outbox"),
        ("bob", "inbox", "inbox"),
        ("bob", "outbox", "outbox-2"),
    ]
    assert open_to == [(2, 0b111 << 10)] * 2


def test_the_upgrade_lets_rooms_wait_for_who_manages_them(blank_location: Path | str) -> None:
    stored_databases.load(blank_location, "0009")
    bob = query(blank_location, "SELECT id FROM principal WHERE name = 'bob'")[0][0]
    run(blank_location, "UPDATE principal SET kind = 'resource' WHERE name = 'bob'")

    schema.upgrade(blank_location)

    assert query(blank_location, "SELECT * FROM room") == [(bob, 0, "", "", "manual", 0, 0, 0, 0)]


@pytest.mark.parametrize("version", schema.versions())
def test_an_upgrade_counts_what_each_collection_holds(
    version: str, blank_location: Path | str
) -> None:
    stored_databases.load(blank_location, version)
    counted = (
        "SELECT collection.id, coalesce(sum(calendar_object.size_bytes), 0) FROM collection"
        " LEFT JOIN calendar_object ON calendar_object.collection_id = collection.id"
        " GROUP BY collection.id ORDER BY collection.id"
    )
    kept = "SELECT id, size_bytes FROM collection ORDER BY id"

    schema.upgrade(blank_location)

    found = query(blank_location, kept)
    assert found == query(blank_location, counted)
    assert any(size for _, size in found)


def test_a_blank_location_has_no_version_and_is_brought_to_the_head(
    blank_location: Path | str,
) -> None:
    before = schema.current(blank_location)
    first = schema.upgrade(blank_location)
    second = schema.upgrade(blank_location)

    head = schema.head()
    assert before is None
    assert (first, second) == (Upgraded(None, head, None), Upgraded(head, head, None))
    assert schema.current(blank_location) == head
    schema.require_current(blank_location)


def test_processes_that_start_together_upgrade_once(blank_location: Path | str) -> None:
    program = (
        "import sys, pathlib; from caldavd.store import schema; where = sys.argv[1]; "
        "print(schema.upgrade(where if '://' in where else pathlib.Path(where)).before)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(blank_location)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)

    assert said == sorted(["None", schema.head(), schema.head()])


def test_a_newer_database_is_refused_in_one_line(
    blank_location: Path | str, later: Callable[[str], Path]
) -> None:
    schema.upgrade(blank_location, scripts=later("pass"))

    for refused in (schema.upgrade, schema.require_current):
        with pytest.raises(WrongSchema) as raised:
            refused(blank_location)

        assert "9999" in str(raised.value)
        assert "\n" not in str(raised.value)


def test_a_database_that_is_too_old_to_serve_is_told_what_to_do(
    blank_location: Path | str,
) -> None:
    with pytest.raises(WrongSchema, match="caldavd db upgrade"):
        schema.require_current(blank_location)


def test_a_migration_that_fails_changes_nothing(
    blank_location: Path | str, later: Callable[[str], Path]
) -> None:
    schema.upgrade(blank_location)
    before = described(blank_location)

    with pytest.raises(Unavailable):
        schema.upgrade(blank_location, scripts=later("op.execute('SELECT nonsense')"))

    assert (schema.current(blank_location), described(blank_location)) == (schema.head(), before)


@only_sqlite
def test_a_file_is_copied_before_it_is_upgraded(
    blank_location: Path, later: Callable[[str], Path]
) -> None:
    schema.upgrade(blank_location)
    run(blank_location, "INSERT INTO setting VALUES ('a', 'b')")

    done = schema.upgrade(blank_location, scripts=later("pass"))

    copy = blank_location.with_name(f"blank.sqlite3.schema-{schema.head()}")
    assert done == Upgraded(schema.head(), "9999", copy)
    assert query(copy, "SELECT * FROM setting") == [("a", "b")]
    assert schema.current(copy) == schema.head()
    assert copy.stat().st_mode & 0o777 == 0o600


@only_sqlite
def test_the_database_is_made_for_its_owner_alone(blank_location: Path) -> None:
    schema.upgrade(blank_location)

    assert blank_location.stat().st_mode & 0o777 == 0o600


def test_what_is_no_database_is_unavailable(backend: str, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database " * 100)
    nowhere: dict[str, Path | str] = {
        "sqlite": tmp_path / "text",
        "postgresql": f"postgresql://ada@/nobody?host={tmp_path}",
    }

    with pytest.raises(Unavailable):
        schema.upgrade(nowhere[backend])


def run(location: Path | str, sql: str) -> None:
    """Executes a statement that returns nothing."""
    if isinstance(location, Path):
        with closing(sqlite3.connect(location)) as connection, connection:
            connection.execute(sql)
        return
    query(location, sql)
