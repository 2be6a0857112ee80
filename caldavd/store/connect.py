"""Opens the database that a URL or a file names."""

from __future__ import annotations

from pathlib import Path

from caldavd.store.engine import Database
from caldavd.store.postgresql import PostgresqlDatabase
from caldavd.store.sqlite import SqliteDatabase


async def connect(
    location: Path | str, *, pool_size: int = 8, synchronous: str = "full"
) -> Database:
    """A SQLite file where `location` is a Path, PostgreSQL where it is a URL.

    The schema must be current: `schema.upgrade` sees to that first. Raises Unavailable.
    """
    if isinstance(location, Path):
        return SqliteDatabase(location, synchronous=synchronous)
    return await PostgresqlDatabase.connect(location, pool_size)
