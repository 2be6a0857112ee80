"""Opens the database that a URL or a file names."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from caldavd.store.engine import Database
from caldavd.store.sqlite import SqliteDatabase


async def connect(
    location: Path | str, *, pool_size: int = 8, synchronous: str = "full"
) -> Database:
    """A SQLite file where `location` is a Path, PostgreSQL where it is a URL.

    The schema must be current: `schema.upgrade` sees to that first. Raises Unavailable.
    """
    if isinstance(location, Path):
        return SqliteDatabase(location, synchronous=synchronous)
    # Nobody without PostgreSQL pays for its driver.
    driver = import_module("caldavd.store.postgresql")
    opened: Database = await driver.PostgresqlDatabase.connect(location, pool_size)
    return opened
