"""After any history, a client that only synchronises holds what a full listing shows."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.dav.server import Server
from caldavd.errors import Failed
from caldavd.service import named
from caldavd.store.connect import connect
from caldavd.store.engine import Database, WriteTx
from tests.protocol.client import Client, NamesAsPasswords, proppatch
from tests.protocol.conftest import add_user
from tests.protocol.mirror import Mirror
from tests.unit.builders import event

CALENDARS = ("x", "y", "z")
OBJECTS = ("a", "b", "c")
EXAMPLES = 60

calendar = st.sampled_from(CALENDARS)
name = st.sampled_from(OBJECTS)
step = st.one_of(
    st.tuples(st.just("put"), calendar, name, st.integers(0, 3)),
    st.tuples(st.just("delete"), calendar, name),
    st.tuples(st.sampled_from(("MOVE", "COPY")), calendar, name, calendar, name),
    st.tuples(st.just("label"), calendar, st.integers(0, 9)),
    st.tuples(st.just("make"), calendar),
    st.tuples(st.just("trash"), calendar),
    st.tuples(st.just("restore"), calendar),
    st.tuples(st.sampled_from(("MOVE", "COPY")), calendar, calendar),
    st.tuples(st.just("page"), calendar),
    st.tuples(st.just("home")),
)
histories = st.lists(step, min_size=1, max_size=30)
limits = st.one_of(st.none(), st.integers(1, 3))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def open_db(location: Path | str, runner: asyncio.Runner) -> Iterator[Database]:
    opened = runner.run(connect(location, pool_size=2, synchronous="off"))
    yield opened
    runner.run(opened.close())


@pytest.mark.rfc("6578 3.1")
def test_a_client_that_synchronises_equals_a_full_listing(
    open_db: Database, runner: asyncio.Runner
):
    numbers = itertools.count()

    @settings(max_examples=EXAMPLES, deadline=None, database=None)
    @given(histories, limits)
    def check(history: list[tuple[object, ...]], limit: int | None) -> None:
        runner.run(_play(open_db, f"user{next(numbers)}", history, limit))

    check()


async def _play(
    db: Database, user: str, history: list[tuple[object, ...]], limit: int | None
) -> None:
    await add_user(db, user, user)
    client = Client(Server(db, NamesAsPasswords(db)), user)
    for made in CALENDARS[:2]:
        await client("MKCALENDAR", f"{client.home}{made}/")
    home = Mirror(client, client.home)
    mirrors = {one: Mirror(client, f"{client.home}{one}/", limit) for one in CALENDARS}

    for step in history:
        await _carry_out(client, home, mirrors, step)

    for mirror in (home, *mirrors.values()):
        await mirror.catch_up()
        assert mirror.known == await _listing(client, mirror.path)


async def _carry_out(
    client: Client, home: Mirror, mirrors: dict[str, Mirror], step: tuple[object, ...]
) -> None:
    match step:
        case ("put", at, uid, version):
            text = event(uid=f"{uid}", summary=f"{version}")
            await client.put(f"{client.home}{at}/{uid}{version}.ics", text)
        case ("delete", at, uid):
            for version in range(4):
                await client("DELETE", f"{client.home}{at}/{uid}{version}.ics")
        case (("MOVE" | "COPY") as method, from_, uid, to, other):
            destination = f"{client.home}{to}/{other}0.ics"
            for version in range(4):
                path = f"{client.home}{from_}/{uid}{version}.ics"
                await client(str(method), path, Destination=destination)
        case (("MOVE" | "COPY") as method, from_, to):
            await client(str(method), f"{client.home}{from_}/", Destination=f"{client.home}{to}/")
        case _:
            await _carry_out_more(client, home, mirrors, step)


async def _carry_out_more(
    client: Client, home: Mirror, mirrors: dict[str, Mirror], step: tuple[object, ...]
) -> None:
    match step:
        case ("label", at, number):
            body = proppatch(set_=f"<D:displayname>{number}</D:displayname>")
            await client("PROPPATCH", f"{client.home}{at}/", body)
        case ("make", at):
            await client("MKCALENDAR", f"{client.home}{at}/")
        case ("trash", at):
            await client("DELETE", f"{client.home}{at}/")
        case ("restore", at):
            await _restore(client, str(at))
        case ("page", at):
            await mirrors[str(at)].read_page()
        case ("home",):
            await home.catch_up()


async def _restore(client: Client, calendar: str) -> None:
    async def work(tx: WriteTx) -> None:
        owner = await named.account(tx, str(client.name))
        await named.restore(tx, owner, calendar, 1_800_000_000)

    # Perhaps there is none of that name in the trash.
    with suppress(Failed):
        await client.server.db.write(work)


async def _listing(client: Client, path: str) -> dict[str, str]:
    """Entity tags by href, as a PROPFIND shows them; nothing where nothing is."""
    answer = await client.propfind(path, "D:getetag", depth="1")
    if answer.status == 404:
        return {}
    return {
        href: str(answer.props(href)["{DAV:}getetag"][1].text)
        for href in answer.hrefs
        if href != path
    }
