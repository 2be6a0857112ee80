"""What appears at a URL while a request for it waits: its sender may not overwrite it therefore."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pytest

from caldavd.store.engine import Database, ReadTx, WriteTx
from tests.protocol.client import Client
from tests.protocol.people import ace, grant, href
from tests.unit.builders import event

T = TypeVar("T")

SOON_S = 10
LONG_S = 0.3
"""For the other request to be resolved, and to wait for the lock."""

ON_POSTGRESQL = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)
"""SQLite has one writer: nobody overtakes anybody."""


@dataclass(frozen=True)
class SlowToCommit:
    """Keeps its locks for a while after it has done its work."""

    db: Database
    written: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def dialect(self) -> str:
        return self.db.dialect

    async def read(self, work: Callable[[ReadTx], Awaitable[T]], *, snapshot: bool = True) -> T:
        return await self.db.read(work, snapshot=snapshot)

    async def write(self, work: Callable[[WriteTx], Awaitable[T]]) -> T:
        async def slowly(tx: WriteTx) -> T:
            done = await work(tx)
            self.written.set()
            await asyncio.sleep(LONG_S)
            return done

        return await self.db.write(slowly)

    async def close(self) -> None:
        await self.db.close()


@ON_POSTGRESQL
@pytest.mark.rfc("3744 3.5")
@pytest.mark.parametrize("method", ["PUT", "COPY", "MOVE"])
async def test_who_may_only_add_objects_overwrites_none_that_was_faster(
    ann: Client, bob: Client, calendar: str, method: str
):
    await grant(ann, calendar, ace(href("bob"), "D:bind"))
    source, there = f"{bob.home}calendar/b.ics", calendar + "x.ics"
    await bob.put(source, event(uid="b"))
    slow = SlowToCommit(ann.server.db)
    faster = asyncio.create_task(
        Client(replace(ann.server, db=slow), "ann").put(there, event(uid="b", summary="Ann's"))
    )
    await asyncio.wait_for(slow.written.wait(), SOON_S)

    if method == "PUT":
        answer = await bob.put(there, event(uid="b", summary="Bob's"))
    else:
        answer = await bob(method, source, Destination=there)

    assert ((await faster).status, answer.condition) == (201, "{DAV:}need-privileges")
    assert "Ann's" in (await ann("GET", there)).text


@ON_POSTGRESQL
@pytest.mark.rfc("3744 3.5")
async def test_who_may_only_add_calendars_overwrites_none_that_was_faster(ann: Client, bob: Client):
    await grant(ann, ann.home, ace(href("bob"), "D:bind"))
    slow = SlowToCommit(ann.server.db)
    faster = asyncio.create_task(
        Client(replace(ann.server, db=slow), "ann")("MKCALENDAR", f"{ann.home}new/")
    )
    await asyncio.wait_for(slow.written.wait(), SOON_S)

    answer = await bob("COPY", f"{bob.home}calendar/", Destination=f"{ann.home}new/")

    assert ((await faster).status, answer.condition) == (201, "{DAV:}need-privileges")
