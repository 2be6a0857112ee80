"""Fresh databases for tests: empty and migrated, or without anything in them."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from caldavd.store import schema
from caldavd.store.tables import metadata
from tests import postgres_server

RUN_VARIABLE: Final = "CALDAVD_TEST_RUN"
"""The directory that all processes of one test run share, set by the controlling one."""

_DISCONNECT_OTHERS: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def begin_run() -> Path:
    """Makes the directory of this run. Its path is short: socket paths have 107 bytes."""
    directory = Path(tempfile.mkdtemp(prefix="caldavd-", dir="/tmp"))
    os.environ[RUN_VARIABLE] = str(directory)
    (directory / "pid").write_text(str(os.getpid()))
    return directory


def end_run(directory: Path) -> None:
    """Ends the server of this run, or drops its databases from the server that was given."""
    url_file = directory / "url"
    if url_file.exists() and os.environ.get(postgres_server.DSN_VARIABLE):
        _drop_leftovers(url_file.read_text(), _prefix(directory))
    postgres_server.stop(directory)
    shutil.rmtree(directory, ignore_errors=True)


@dataclass(slots=True)
class Postgres:
    """Databases on the server of this run."""

    url: str
    prefix: str
    worker: str
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _free: list[str] = field(default_factory=list)

    @classmethod
    def of_this_run(cls) -> Postgres:
        """Starts the server and makes the migrated template, unless another worker has."""
        directory = Path(os.environ[RUN_VARIABLE])
        prefix = _prefix(directory)
        url_file, template_file = directory / "url", directory / "template"
        with postgres_server.exclusive(directory / "lock"):
            if not url_file.exists():
                given = os.environ.get(postgres_server.DSN_VARIABLE)
                watched = int((directory / "pid").read_text())
                url_file.write_text(given or postgres_server.start(directory, watched))
            url = url_file.read_text()
            if not template_file.exists():
                _make_template(url, f"{prefix}_template")
                template_file.touch()
        return cls(url, prefix, os.environ.get("PYTEST_XDIST_WORKER", "main"))

    def create(self, *, migrated: bool) -> str:
        """The URL of a new database."""
        name = f"{self.prefix}_{self.worker}_{next(self._numbers)}"
        template = f"{self.prefix}_template" if migrated else "template0"
        _administer(self.url, [f'CREATE DATABASE "{name}" TEMPLATE "{template}"'])
        return _with_database(self.url, name)

    def drop(self, url: str) -> None:
        """Removes a database, whoever is still connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        _administer(self.url, [f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'])

    def borrow(self) -> str:
        """The URL of a migrated, empty database: one that was given back, else a new one."""
        return self._free.pop() if self._free else self.create(migrated=True)

    def give_back(self, url: str) -> None:
        """Empties a database for the next test: fifty times faster than to create one."""
        emptied = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]
        # In one go: as many statements of their own would take twice as long.
        _administer(url, [_DISCONNECT_OTHERS, f"DO $$BEGIN {'; '.join(emptied)}; END$$"])
        self._free.append(url)


def _make_template(url: str, name: str) -> None:
    _administer(url, [f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"'])
    schema.upgrade(_with_database(url, name))


def _prefix(directory: Path) -> str:
    return directory.name.lower().replace("-", "_")


def _drop_leftovers(url: str, prefix: str) -> None:
    names = _administer(
        url, [f"SELECT datname FROM pg_database WHERE starts_with(datname, '{prefix}')"]
    )
    _administer(url, [f'DROP DATABASE "{name}" WITH (FORCE)' for name in names])


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _administer(url: str, statements: list[str]) -> list[str]:
    """Runs statements and returns the first column of their rows.

    In a thread of its own, so that no event loop of a test is in the way.
    """

    async def run() -> list[str]:
        connection = await asyncpg.connect(url)
        try:
            return [row[0] for statement in statements for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(run())).result()
