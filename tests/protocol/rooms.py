"""Rooms as operators make them, and servers that deliver what is put at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Any

from caldavd.dav.server import Server
from caldavd.model import PrincipalKind
from caldavd.service import rooms
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.rooms import Changes
from caldavd.store.engine import WriteTx
from tests.protocol.client import Client
from tests.protocol.meetings import scheduling

BEFORE = 1_788_220_800  # 2026-09-01T00:00:00Z, some days before the meetings of the tests


def ticking(server: Server, begins: int = BEFORE) -> Server:
    """A server that delivers what is put, and whose clock goes on a second with each look."""
    seconds: Iterator[int] = count(begins)
    return scheduling(replace(server, clock=lambda: next(seconds)))[0]


async def make_room(server: Server, name: str = "lab", kind: str = "room", **said: Any) -> Client:
    """A room of which that is said, and a client with which it looks into its calendar."""
    new = NewAccount(name, name.title(), (f"{name}@example.org",), PrincipalKind(kind))

    async def make(tx: WriteTx) -> None:
        await rooms.add(tx, new, Changes(**said), Defaults(), BEFORE)

    await server.db.write(make)
    return Client(server, name)


async def set_room(server: Server, name: str, **said: Any) -> None:
    """Says something else of a room."""

    async def work(tx: WriteTx) -> None:
        await rooms.change(tx, await rooms.named_room(tx, name), Changes(**said))

    await server.db.write(work)
