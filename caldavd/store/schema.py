"""Brings a database to the schema of this program, and says which schema it has.

The migrations are Alembic's, under schema/ in the checkout and caldavd/schema/ in the wheel.
Nothing here may be called on an event loop: use `asyncio.to_thread` there.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from caldavd.store import place
from caldavd.store.engine import Unavailable, WrongSchema
from caldavd.store.scripts import directory

T = TypeVar("T")

LOCK_TIMEOUT_S: Final = 120
"""How long a process waits for another one that upgrades the same database."""

_LOCK: Final = 0x63616C64_6D696772  # "cald" "migr": the advisory lock's number


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did: versions (None: there was no schema), and the copy it made before."""

    before: str | None
    after: str
    backup: Path | None


def head() -> str:
    """The version that this program needs."""
    return versions()[-1]


def versions(scripts: Path | None = None) -> tuple[str, ...]:
    """All versions that this program knows, oldest first."""
    known = ScriptDirectory.from_config(_config(scripts)).walk_revisions()
    return tuple(reversed([script.revision for script in known]))


def current(location: Path | str) -> str | None:
    """The version of a database, None where it has no schema yet. Raises Unavailable."""
    if isinstance(location, Path):
        return _on_sqlite(location, _version) if place.is_there(location) else None
    return _on_postgresql(location, _version)


def require_current(location: Path | str) -> None:
    """Raises WrongSchema unless the database has exactly the schema of this program."""
    version = current(location)
    known = versions()
    _refuse_newer(version, known)
    if version != known[-1]:
        raise WrongSchema(
            f"the database has schema {version or 'none'} and this program needs {known[-1]}: "
            "run `caldavd db upgrade`"
        )


def upgrade(
    location: Path | str, *, to: str | None = None, scripts: Path | None = None
) -> Upgraded:
    """Brings a database to the newest version, or to version `to`, in one transaction.

    Safe while other processes do the same: one works, the others wait. A missing SQLite file is
    made; one that has an older schema is copied beside itself first. `scripts` are other migrations
    than the program's. Raises WrongSchema, Unavailable.
    """
    if isinstance(location, Path):
        place.make(location)
        return _on_sqlite(location, lambda connection: _upgrade(connection, location, to, scripts))
    return _on_postgresql(location, lambda connection: _upgrade(connection, None, to, scripts))


def _upgrade(
    connection: Connection, file: Path | None, to: str | None, scripts: Path | None
) -> Upgraded:
    before = _version(connection)
    known = versions(scripts)
    wanted = to or known[-1]
    _refuse_newer(before, known)
    if before == wanted:
        return Upgraded(before, before, None)
    backup = _copy_aside(file, before) if file is not None and before is not None else None
    config = _config(scripts)
    config.attributes["connection"] = connection
    command.upgrade(config, wanted)
    return Upgraded(before, wanted, backup)


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(version: str | None, known: tuple[str, ...]) -> None:
    if version is not None and version not in known:
        raise WrongSchema(
            f"the database has schema {version}, this program knows none after {known[-1]}: "
            "install the caldavd that wrote it, or a newer one"
        )


def _config(scripts: Path | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts or directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _on_sqlite(path: Path, work: Callable[[Connection], T]) -> T:
    """Under BEGIN IMMEDIATE: a lock against other writers that readers do not feel."""
    engine = create_engine(
        "sqlite://",
        creator=lambda: sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None),
        poolclass=NullPool,
    )
    event.listen(engine, "begin", lambda begun: begun.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        with engine.begin() as connection:
            return work(connection)
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise Unavailable(f"{path}: {_cause(error)}") from error


def _on_postgresql(url: str, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        engine = create_async_engine(
            "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
        )
        async with engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(CAST(:number AS BIGINT))"), {"number": _LOCK}
            )
            return await connection.run_sync(work)

    try:
        return asyncio.run(run())
    except (asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError, OSError) as error:
        raise Unavailable(f"PostgreSQL: {_cause(error)}") from error


def _cause(error: BaseException) -> str:
    """The driver's own words, without SQLAlchemy's frame around them."""
    return str(getattr(error, "orig", None) or error).splitlines()[0]


def _copy_aside(file: Path, version: str) -> Path:
    """A consistent copy of `file`, beside it, named after its version."""
    target = file.with_name(f"{file.name}.schema-{version}")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    place.make(partial)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(partial)) as copy:
        source.backup(copy)
    partial.replace(target)
    return target
