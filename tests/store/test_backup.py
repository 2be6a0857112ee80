"""Backup and restore: one file for both databases, one state of the database in it."""

from __future__ import annotations

import asyncio
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from caldavd.store import archive, backup, schema
from caldavd.store.archive import BackupError, Manifest, Part, TableWriter
from caldavd.store.connect import connect
from caldavd.store.engine import Database, ReadTx, WriteTx, WrongSchema
from caldavd.store.tables import calendar_object, collection, metadata, principal, setting
from tests import sample
from tests.databases import Postgres

NOW = sample.NOW
Rows = dict[str, list[tuple[Any, ...]]]


async def contents(tx: ReadTx) -> Rows:
    """Every row of every table."""
    return {
        table.name: sorted((tuple(row) for row in await tx.all(select(table))), key=repr)
        for table in metadata.sorted_tables
    }


async def contents_at(location: Path | str) -> Rows:
    database = await connect(location)
    try:
        return await database.read(contents)
    finally:
        await database.close()


def lasting(rows: Rows) -> Rows:
    """The rows without what a restore renews."""
    renewed = {
        "collection": ("incarnation", "floor"),
        "invitation": ("incarnation",),
        "principal": ("auth_revision",),
    }
    return {
        name: [
            tuple(
                value
                for column, value in zip(metadata.tables[name].c.keys(), row, strict=True)
                if column not in renewed.get(name, ())
            )
            for row in found
        ]
        for name, found in rows.items()
    }


async def add_settings(db: Database, first: int, last: int) -> None:
    async def work(tx: WriteTx) -> None:
        rows = [{"name": f"{n:05}", "value": "x" * (n % 50)} for n in range(first, last)]
        await tx.many(setting.insert(), rows)

    await db.write(work)


@pytest.fixture
async def filled(db: Database) -> Database:
    """A database with something of everything, and more rows than fit a page."""
    await sample.fill(db)
    await add_settings(db, 0, 2_500)
    return db


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """Where a backup is restored to: nothing is there yet."""
    if request.param == "sqlite":
        yield tmp_path / "restored" / "caldavd.sqlite3"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create(migrated=False)
    yield url
    postgres.drop(url)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The name of a backup that is still to be made."""
    return tmp_path / "backups" / "caldavd.backup"


@pytest.fixture(autouse=True)
def backups(file: Path) -> Path:
    """The folder of backups."""
    file.parent.mkdir()
    return file.parent


async def test_a_backup_restored_into_either_database_holds_the_same(
    filled: Database, location: Path | str, target: Path | str, file: Path
) -> None:
    before = await filled.read(contents)

    made = await backup.backup(location, file, NOW)
    restored = await backup.restore(target, file)

    assert lasting(await contents_at(target)) == lasting(before)
    assert (made, restored) == (backup.verify(file), made)
    assert {part.table: part.rows for part in made.parts} == {
        name: len(rows) for name, rows in before.items()
    }
    assert (made.schema, made.created_at) == (schema.head(), NOW)


async def test_a_restore_voids_every_sync_token_and_cached_login(
    filled: Database, location: Path | str, target: Path | str, file: Path
) -> None:
    tokens = select(collection.c.id, collection.c.incarnation, collection.c.floor)
    logins = select(principal.c.id, principal.c.auth_revision)
    revisions = select(collection.c.id, collection.c.revision)
    await backup.backup(location, file, NOW)

    await backup.restore(target, file)

    old, new = [await rows_at(place, tokens) for place in (location, target)]
    assert not {row[1] for row in old} & {row[1] for row in new}
    assert {row[0]: row[2] for row in new} == dict(await rows_at(location, revisions))
    assert not set(await rows_at(location, logins)) & set(await rows_at(target, logins))


async def rows_at(location: Path | str, statement: Any) -> list[tuple[Any, ...]]:
    database = await connect(location)
    try:
        return [tuple(row) for row in await database.read(lambda tx: tx.all(statement))]
    finally:
        await database.close()


async def test_a_backup_is_one_state_while_others_write(
    db: Database, location: Path | str, target: Path | str, file: Path
) -> None:
    await add_settings(db, 0, 5_000)

    async def write_on() -> int:
        written = 5_000
        while not making.done():
            await add_settings(db, written, written + 1)
            written += 1
        return written

    making = asyncio.create_task(backup.backup(location, file, NOW))
    written = await write_on()
    await backup.restore(target, file)

    found = [row[0] for row in (await contents_at(target))["setting"]]
    assert found == [f"{n:05}" for n in range(len(found))]
    assert 5_000 <= len(found) <= written


async def test_a_backup_overwrites_nothing_and_leaves_nothing_half_done(
    location: Path | str, file: Path, backups: Path
) -> None:
    file.write_text("precious")

    with pytest.raises(BackupError, match="exists already"):
        await backup.backup(location, file, NOW)

    assert [(path.name, path.read_text()) for path in backups.iterdir()] == [
        (file.name, "precious")
    ]


async def test_a_backup_is_readable_by_its_owner_alone(location: Path | str, file: Path) -> None:
    await backup.backup(location, file, NOW)

    assert file.stat().st_mode & 0o777 == 0o600


async def test_a_database_without_a_schema_is_not_backed_up(
    blank_location: Path | str, file: Path, backups: Path
) -> None:
    with pytest.raises(WrongSchema):
        await backup.backup(blank_location, file, NOW)

    assert list(backups.iterdir()) == []


async def test_a_database_with_data_is_replaced_only_by_force(
    filled: Database, location: Path | str, file: Path
) -> None:
    before = await filled.read(contents)
    await backup.backup(location, file, NOW)
    await add_settings(filled, 9_000, 9_001)
    changed = await filled.read(contents)

    with pytest.raises(BackupError, match="holds data"):
        await backup.restore(location, file)

    assert await filled.read(contents) == changed
    await backup.restore(location, file, force=True)
    assert lasting(await filled.read(contents)) == lasting(before)


async def test_a_restore_that_fails_in_the_middle_changes_nothing(
    filled: Database, location: Path | str, file: Path
) -> None:
    await backup.backup(location, file, NOW)
    before = await filled.read(contents)
    with archive.opened(file) as (_, manifest):
        rewrite(file, replace_rows(manifest, calendar_object.name, [[None] * 15]))

    with pytest.raises(Exception, match=r"(?i)null"):
        await backup.restore(location, file, force=True)

    assert await filled.read(contents) == before


def replace_rows(
    manifest: Manifest, table: str, rows: list[list[Any]]
) -> Callable[[zipfile.ZipFile, zipfile.ZipFile], None]:
    """A rewriting that gives one table other rows, with the digest that they should have."""

    def work(old: zipfile.ZipFile, new: zipfile.ZipFile) -> None:
        parts = []
        for part in manifest.parts:
            writer = TableWriter(new, part.table, part.columns)
            writer.write(rows if part.table == table else list(archive.rows(old, part)))
            parts.append(writer.close())
        written = Manifest(
            manifest.format, manifest.program, manifest.schema, manifest.created_at, tuple(parts)
        )
        archive.finish(new, written)

    return work


def rewrite(file: Path, work: Callable[[zipfile.ZipFile, zipfile.ZipFile], None]) -> None:
    """Replaces a backup by what `work` makes of it."""
    old = shutil.move(file, file.with_suffix(".old"))
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(file, "w") as made:
        work(source, made)


def change_manifest(**values: Any) -> Callable[[zipfile.ZipFile, zipfile.ZipFile], None]:
    """A rewriting that sets members of the manifest."""

    def work(old: zipfile.ZipFile, new: zipfile.ZipFile) -> None:
        for name in old.namelist():
            text = old.read(name)
            if name == "manifest.json":
                text = json.dumps({**json.loads(text), **values}).encode()
            new.writestr(name, text)

    return work


async def test_a_backup_of_a_newer_schema_is_refused_with_the_program_that_made_it(
    location: Path | str, file: Path
) -> None:
    await backup.backup(location, file, NOW)
    rewrite(file, change_manifest(schema="9999", program="7.0"))

    with pytest.raises(BackupError, match=r"9999.*caldavd 7\.0"):
        await backup.restore(location, file)


class TestVerify:
    """A damaged file is told from a good one without a database."""

    @pytest.fixture
    async def made(self, sqlite_template: Path, tmp_path: Path, file: Path) -> Path:
        location = tmp_path / "source.sqlite3"
        shutil.copy(sqlite_template, location)
        database = await connect(location, synchronous="off")
        await sample.fill(database)
        await database.close()
        await backup.backup(location, file, NOW)
        return file

    def test_a_good_one_is_told_by_its_manifest(self, made: Path) -> None:
        counts = {part.table: part.rows for part in backup.verify(made).parts}

        assert (counts["principal"], counts["collection"], counts["calendar_object"]) == (4, 14, 16)

    def test_a_missing_one(self, tmp_path: Path) -> None:
        with pytest.raises(BackupError, match="does not exist"):
            backup.verify(tmp_path / "nothing")

    @pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
    def test_a_truncated_one(self, made: Path, share: float) -> None:
        whole = made.read_bytes()
        made.write_bytes(whole[: int(len(whole) * share)])

        with pytest.raises(BackupError, match="damaged"):
            backup.verify(made)

    def test_one_with_a_flipped_bit(self, made: Path) -> None:
        whole = bytearray(made.read_bytes())
        with zipfile.ZipFile(made) as opened:
            info = opened.getinfo("calendar_object.jsonl")
        whole[info.header_offset + len(info.FileHeader()) + info.compress_size // 2] ^= 1
        made.write_bytes(whole)

        with pytest.raises(BackupError, match="damaged"):
            backup.verify(made)

    def test_one_whose_rows_are_not_those_of_the_manifest(self, made: Path) -> None:
        with archive.opened(made) as (_, manifest):
            parts = [
                Part(part.table, part.columns, part.rows + 1, part.digest)
                for part in manifest.parts
            ]
        rewrite(made, change_manifest(parts=[vars_of(part) for part in parts]))

        with pytest.raises(BackupError, match="not as it was written"):
            backup.verify(made)

    def test_one_of_a_later_format(self, made: Path) -> None:
        rewrite(made, change_manifest(format=2))

        with pytest.raises(BackupError, match="format 2"):
            backup.verify(made)

    def test_another_zip(self, file: Path) -> None:
        with zipfile.ZipFile(file, "w") as other:
            other.writestr("readme.txt", "hello")

        with pytest.raises(BackupError, match="no backup"):
            backup.verify(file)


def vars_of(part: Part) -> dict[str, Any]:
    return {
        "table": part.table,
        "columns": part.columns,
        "rows": part.rows,
        "digest": part.digest,
    }
