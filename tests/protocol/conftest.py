"""A server on each database, and its users."""

from __future__ import annotations

import pytest

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store.engine import Database, WriteTx
from tests.protocol.client import Client, NamesAsPasswords
from tests.unit.builders import event


async def add_user(db: Database, name: str, display_name: str) -> None:
    """An account name@example.org, or name itself, with its home, a calendar and a task list."""
    address = name if "@" in name else f"{name}@example.org"

    async def make(tx: WriteTx) -> None:
        new = NewAccount(name, display_name, (address,))
        await accounts.create(tx, new, None, Defaults(), now())

    await db.write(make)


@pytest.fixture
async def server(db: Database) -> Server:
    """A server with the accounts ann and bob, whose passwords are their names."""
    await add_user(db, "ann", "Ann Example")
    await add_user(db, "bob", "Bob Example")
    return Server(db, NamesAsPasswords(db))


@pytest.fixture
def ann(server: Server) -> Client:
    return Client(server, "ann")


@pytest.fixture
def bob(server: Server) -> Client:
    return Client(server, "bob")


@pytest.fixture
def nobody(server: Server) -> Client:
    """A client without credentials."""
    return Client(server, None)


@pytest.fixture
async def calendar(ann: Client) -> str:
    """The URL of an empty calendar of ann's that takes every component type."""
    path = f"{ann.home}main/"
    answer = await ann("MKCALENDAR", path)
    assert answer.status == 201
    return path


@pytest.fixture
async def stored(ann: Client, calendar: str) -> str:
    """The URL of the one object in ann's calendar."""
    path = calendar + "a.ics"
    assert (await ann.put(path, event(uid="a"))).status == 201
    return path
