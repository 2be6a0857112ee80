"""Several users' busy time in one question, as the service answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest
from sqlalchemy.sql.base import Executable

from caldavd.dav.server import Server
from caldavd.errors import NUMBER_OF_MATCHES, Refused
from caldavd.ical.freebusy import BusyPeriod
from caldavd.ical.periods import Busy
from caldavd.model import Collection, Window
from caldavd.service import freebusy
from caldavd.service.freebusy import TRANSP, any_calendar
from caldavd.service.labels import element
from caldavd.store import collections, principals, properties
from caldavd.store.engine import ReadTx, Row, WriteTx
from tests.protocol.client import Client
from tests.protocol.conftest import add_user
from tests.unit.builders import event

T = TypeVar("T")

NINE = int(datetime(2026, 1, 5, 9, tzinfo=UTC).timestamp())
HOUR = 3600
WINDOW = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))
IN_2090 = Window(datetime(2090, 1, 5, tzinfo=UTC), datetime(2090, 1, 6, tzinfo=UTC))
BUSY = [BusyPeriod(NINE, NINE + HOUR, Busy.BUSY)]


@dataclass
class Counting:
    """A transaction that notes how many statements it ran."""

    tx: ReadTx
    statements: list[Executable] = field(default_factory=list)

    async def one(self, statement: Executable, **values: Any) -> Row | None:
        self.statements.append(statement)
        return await self.tx.one(statement, **values)

    async def all(self, statement: Executable, **values: Any) -> Sequence[Row]:
        self.statements.append(statement)
        return await self.tx.all(statement, **values)

    async def offload(self, work: Callable[..., T], *arguments: Any) -> T:
        return await self.tx.offload(work, *arguments)


async def id_of(server: Server, name: str) -> int:
    async def login(tx: ReadTx) -> principals.Login | None:
        return await principals.login(tx, name)

    found = await server.db.read(login)
    assert found is not None
    return found.actor.id


async def of_users(
    server: Server,
    *names: str,
    window: Window = WINDOW,
    limit: int = 100,
    may_see: Callable[[Collection], bool] = any_calendar,
) -> tuple[list[list[BusyPeriod]], int]:
    """The periods of each user, and how many statements it took."""
    ids = [await id_of(server, name) for name in names]

    async def ask(tx: ReadTx) -> tuple[list[list[BusyPeriod]], int]:
        counting = Counting(tx)
        found = await freebusy.of_users(counting, ids, window, limit, may_see)
        assert list(found) == ids
        return [found[id_] for id_ in ids], len(counting.statements)

    return await server.db.read(ask)


async def set_transparency(server: Server, name: str, reader_id: int, value: str) -> None:
    """As if a reader had set it, on the calendar `main` of a user."""
    owner_id = await id_of(server, name)
    prefixed = f'<c:{value} xmlns:c="urn:ietf:params:xml:ns:caldav"/>'
    text = element(TRANSP, "-").replace("-</", f"{prefixed}</")

    async def set_(tx: WriteTx) -> None:
        found = await collections.by_name(tx, owner_id, "main")
        assert found is not None
        await properties.set_(tx, owner_id, found.id, reader_id, TRANSP, text)

    await server.db.write(set_)


@pytest.fixture
async def busy_bob(bob: Client) -> Client:
    """Bob, with an event at nine every day."""
    assert (await bob("MKCALENDAR", bob.home + "main/")).status == 201
    assert (await bob.put(bob.home + "main/a.ics", event(rrule="FREQ=DAILY"))).status == 201
    return bob


@pytest.mark.rfc("4791 7.10")
async def test_each_user_has_their_own_periods(server: Server, ann: Client, busy_bob: Client):
    await ann.put(ann.home + "calendar/a.ics", event(lines=["STATUS:TENTATIVE"]))
    await add_user(server.db, "eve", "Eve Example")

    found, _ = await of_users(server, "ann", "bob", "eve")

    assert found == [[BusyPeriod(NINE, NINE + HOUR, Busy.TENTATIVE)], BUSY, []]


@pytest.mark.parametrize(("window", "most"), [(WINDOW, 4), (IN_2090, 5)])
async def test_many_users_take_as_many_statements_as_one(
    server: Server, busy_bob: Client, window: Window, most: int
):
    names = [f"user{number}" for number in range(5)]
    for name in names:
        await add_user(server.db, name, name)
        user = Client(server, name)
        await user.put(user.home + "calendar/a.ics", event(rrule="FREQ=DAILY"))
        await user("MKCALENDAR", user.home + "second/")

    one, few = await of_users(server, "bob", window=window)
    all_, many = await of_users(server, "bob", *names, window=window)

    assert [len(periods) for periods in (*one, *all_)] == [1] * 7
    assert (few, many) == (most, most)


@pytest.mark.rfc("6638 9.1")
async def test_a_calendar_is_transparent_if_its_owner_says_so_whatever_others_say(
    server: Server, busy_bob: Client
):
    bob_id, other_id = await id_of(server, "bob"), await id_of(server, "ann")
    found = []
    for reader_id, value in (
        (other_id, "transparent"),
        (properties.EVERYONE, "transparent"),
        (bob_id, "opaque"),
        (bob_id, "transparent"),
    ):
        await set_transparency(server, "bob", reader_id, value)
        found += (await of_users(server, "bob"))[0]

    assert found == [BUSY, [], BUSY, []]


@pytest.mark.rfc("4791 6.1.1")
async def test_a_calendar_that_the_asker_may_not_see_counts_for_nothing(
    server: Server, ann: Client, busy_bob: Client
):
    await ann.put(ann.home + "calendar/a.ics", event())
    bob_id = await id_of(server, "bob")

    found, _ = await of_users(server, "ann", "bob", may_see=lambda one: one.owner_id != bob_id)

    assert found == [BUSY, []]


async def test_instances_of_all_users_together_are_bounded(server: Server, busy_bob: Client):
    with pytest.raises(Refused) as caught:
        await of_users(server, "bob", limit=0)

    assert caught.value.condition == NUMBER_OF_MATCHES
