"""Fixtures of all tests: databases, on both engines."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from caldavd.store import schema
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from tests import databases
from tests.databases import Postgres

BACKENDS = ("sqlite", "postgresql")

# What a change must pass draws the same cases each time; the long profile draws others.
LONG = os.environ.get("CALDAVD_HYPOTHESIS_PROFILE") == "long"
settings.register_profile("caldavd", derandomize=not LONG, print_blob=True)
settings.load_profile("caldavd")


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process owns what all workers of the run share."""
    if not hasattr(config, "workerinput"):
        directory = databases.begin_run()
        config.add_cleanup(lambda: databases.end_run(directory))


@pytest.fixture(autouse=True)
def quiet_afterwards() -> Iterator[None]:
    """Takes away what a command that a test ran set up for its log: its stream is closed by now."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in root.handlers[:]:
        if type(handler) is logging.StreamHandler:
            root.removeHandler(handler)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite3"
    schema.upgrade(path)
    return path


@pytest.fixture(scope="session")
def postgres() -> Postgres:
    """The PostgreSQL server of this run."""
    return Postgres.of_this_run()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Either engine's name: a test that uses this, or what follows, runs on both."""
    return str(request.param)


@pytest.fixture
def location(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path | str]:
    """A migrated, empty database of its own, for `connect`, or for several processes at once."""
    if backend == "sqlite":
        path = tmp_path / "caldavd.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield path
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.borrow()
    yield url
    postgres.give_back(url)


@pytest.fixture
def blank_location(
    backend: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Path | str]:
    """Where a database without any table is, or will be."""
    if backend == "sqlite":
        yield tmp_path / "blank.sqlite3"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.create(migrated=False)
    yield url
    postgres.drop(url)


@pytest.fixture
async def db(location: Path | str) -> AsyncIterator[Database]:
    """An open Database on `location`."""
    database = await connect(location, pool_size=8, synchronous="off")
    yield database
    await database.close()
