"""Backup of a running database and restore, the same file for both databases.

So a backup of a SQLite file restored into PostgreSQL is the way from the one to the other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

from sqlalchemy import (
    Insert,
    Select,
    Table,
    bindparam,
    column,
    delete,
    insert,
    select,
    table,
    tuple_,
)

import caldavd
from caldavd.store import archive, schema
from caldavd.store.archive import FORMAT, BackupError, Manifest, Part, TableWriter
from caldavd.store.connect import connect
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import (
    calendar_object,
    collection,
    invitation,
    message,
    metadata,
    personal,
    principal,
    property_,
)

_TABLES: Final = tuple(metadata.sorted_tables)
_PAGE: Final = 1_000
_PAGE_OF_TEXTS: Final = 32
"""How many rows are in memory at once; a calendar object can have megabytes."""
_WITH_TEXTS: Final = (calendar_object.name, message.name, personal.name, property_.name)


def _pages(of: Table) -> tuple[Select[Any], Select[Any]]:
    """The first page of a table in the order of its primary key, and the page after a key."""
    key = list(of.primary_key)
    first = select(of).order_by(*key).limit(bindparam("limit"))
    after = tuple_(*(bindparam(part.name, type_=part.type) for part in key))
    return first, first.where(tuple_(*key) > after)


_READ: Final = {source.name: _pages(source) for source in _TABLES}


async def backup(location: Path | str, file: Path, now: int) -> Manifest:
    """Writes one state of a database to a new file, while others write to the database.

    Raises BackupError, WrongSchema, Unavailable.
    """
    await asyncio.to_thread(schema.require_current, location)
    database = await connect(location, pool_size=1)
    try:
        return await database.read(lambda tx: _write(tx, file, now))
    finally:
        await database.close()


def verify(file: Path) -> Manifest:
    """What a backup holds, all of it read and compared with its digests. Raises BackupError."""
    return archive.verify(file)


async def restore(location: Path | str, file: Path, *, force: bool = False) -> Manifest:
    """Puts a backup into a database without data; `force` lets it replace what is there.

    All or nothing, in one transaction, also while servers run on the database. Sync tokens and
    cached logins of earlier are void afterwards. A backup of an older schema needs a new database,
    and is upgraded there. Raises BackupError, WrongSchema, Unavailable.
    """
    manifest = await asyncio.to_thread(verify, file)
    await asyncio.to_thread(_prepare, location, manifest)
    database = await connect(location, pool_size=1)
    try:
        await database.write(lambda tx: _replace(tx, file, force=force))
    finally:
        await database.close()
    await asyncio.to_thread(schema.upgrade, location)
    return manifest


def _prepare(location: Path | str, manifest: Manifest) -> None:
    """Gives the database the schema of the backup."""
    if manifest.schema not in schema.versions():
        raise BackupError(
            f"the backup has schema {manifest.schema}, this program knows none after "
            f"{schema.head()}: restore it with caldavd {manifest.program}"
        )
    present = schema.current(location)
    if present is None:
        schema.upgrade(location, to=manifest.schema)
    elif present != manifest.schema:
        raise BackupError(
            f"the backup has schema {manifest.schema} and the database {present}: "
            "restore it into a new, empty database"
        )


async def _write(tx: ReadTx, file: Path, now: int) -> Manifest:
    with archive.new(file) as target:
        parts = [await _write_table(tx, target, source) for source in _TABLES]
        manifest = Manifest(FORMAT, caldavd.__version__, schema.head(), now, tuple(parts))
        archive.finish(target, manifest)
    return manifest


async def _write_table(tx: ReadTx, target: ZipFile, source: Table) -> Part:
    limit = _PAGE_OF_TEXTS if source.name in _WITH_TEXTS else _PAGE
    first, following = _READ[source.name]
    names = source.c.keys()
    key = [(names.index(part.name), part.name) for part in source.primary_key]
    writer = TableWriter(target, source.name, names)
    rows = await tx.all(first, limit=limit)
    while rows:
        await tx.offload(writer.write, rows)
        last = rows[-1]
        rows = await tx.all(following, limit=limit, **{name: last[n] for n, name in key})
    return writer.close()


async def _replace(tx: WriteTx, file: Path, *, force: bool) -> None:
    with archive.opened(file) as (source, manifest):
        # Not those of tables.py: the backup may be of an older schema.
        tables = [table(part.table, *map(column, part.columns)) for part in manifest.parts]
        for held in reversed(tables):
            if force:
                await tx.run(delete(held))
            elif await tx.one(select(held).limit(1)) is not None:
                raise BackupError("the database holds data: restore into a new one, or use --force")
        for into, part in zip(tables, manifest.parts, strict=True):
            await _fill(tx, insert(into), archive.rows(source, part), part)


async def _fill(tx: WriteTx, statement: Insert, rows: Iterator[list[Any]], part: Part) -> None:
    limit = _PAGE_OF_TEXTS if part.table in _WITH_TEXTS else _PAGE
    for batch in archive.batches(rows, limit):
        await tx.many(statement, _values(part, batch))


def _values(part: Part, rows: Sequence[Sequence[Any]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        yield _renewed(part.table, dict(zip(part.columns, row, strict=True)))


def _renewed(table: str, values: dict[str, Any]) -> dict[str, Any]:
    """Voids what clients and servers remember of the time before the restore."""
    if table == collection.name:
        return {**values, "incarnation": secrets.randbits(48), "floor": values["revision"]}
    if table == invitation.name:
        return {**values, "incarnation": secrets.randbits(48)}
    if table == principal.name:
        return {**values, "auth_revision": values["auth_revision"] + 1 + secrets.randbits(31)}
    return values
