"""A running server on each database, and python-caldav for it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import caldav
import pytest

from tests.client.asks import urls
from tests.client.served import PASSWORD, USER, Served, environment, serving
from tests.conftest import BACKENDS
from tests.databases import Postgres


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is marked with features runs once under the name of each."""
    marked = [name for mark in metafunc.definition.iter_markers("feature") for name in mark.args]
    if marked:
        metafunc.fixturenames.append("feature")
        metafunc.parametrize("feature", marked)


@pytest.fixture(scope="module", params=BACKENDS)
def shared_location(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path | str]:
    """A migrated, empty database for all tests of a module."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "caldavd.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield path
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    url = postgres.borrow()
    yield url
    postgres.give_back(url)


@pytest.fixture(scope="module")
def shared(
    shared_location: Path | str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A server for all tests of a module."""
    with serving(tmp_path_factory.mktemp("served"), environment(shared_location)) as served:
        yield served


@pytest.fixture(scope="module")
def base(shared: Served) -> str:
    """The URL of the server, as its owner would type it."""
    return f"http://127.0.0.1:{shared.port}/"


@pytest.fixture(scope="module")
def client(base: str) -> Iterator[caldav.DAVClient]:
    """python-caldav, told the address, the name and the password, and nothing else."""
    with caldav.DAVClient(base, username=USER, password=PASSWORD) as dav:
        yield dav


@pytest.fixture(scope="module")
def principal(client: caldav.DAVClient) -> caldav.Principal:
    return client.principal()


@pytest.fixture
def calendar(principal: caldav.Principal) -> Iterator[caldav.Calendar]:
    """A new calendar that was made without saying what for."""
    made = principal.make_calendar(name="Features", cal_id=str(uuid4()))
    yield made
    if str(made.url) in urls(principal):
        made.delete()
