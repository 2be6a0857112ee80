"""Logins as requests meet them: challenges, and what ends a login that was verified."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

import pytest
from multidict import CIMultiDict

from caldavd.auth.basic import Authenticator, AuthSettings
from caldavd.auth.failures import Slowing
from caldavd.auth.passwords import Cost, Hasher, hash_drawn
from caldavd.clock import now
from caldavd.dav.dispatch import handle
from caldavd.dav.message import Request
from caldavd.dav.server import Server
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store import ids, principals
from caldavd.store.engine import Database, WriteTx
from caldavd.store.principals import AppPassword
from tests.protocol.client import Answer, Client
from tests.unit.builders import event

COST = Cost(memory_kib=64, time_cost=1, parallelism=1)
PASSWORD = "correct horse"
PHONE = "abcde-fghjk-mnpqr-stuvw"
HOME = "/dav/calendars/ann/"
CHALLENGE = 'Basic realm="test", charset="UTF-8"'

Ending = Callable[[WriteTx, int], Awaitable[object]]


async def change_password(tx: WriteTx, ann: int) -> None:
    await principals.set_password(tx, ann, Hasher(COST).hash("another one"))


async def disable(tx: WriteTx, ann: int) -> None:
    await principals.set_disabled(tx, ann, now())


async def remove(tx: WriteTx, ann: int) -> None:
    await principals.remove(tx, ann)


@pytest.fixture
async def server(db: Database) -> Server:
    """A server with the account ann, who has a password and one for her phone."""

    async def make(tx: WriteTx) -> None:
        kept = Hasher(COST).hash(PASSWORD)
        ann = await accounts.create(tx, NewAccount("ann"), kept, Defaults(), now())
        phone = AppPassword(ids.new(), "phone", hash_drawn(PHONE), now(), None)
        await principals.add_app_password(tx, ann.id, phone)

    await db.write(make)
    slowing = Slowing(free_failures=2, delay_s=8, max_delay_s=8)
    auth = Authenticator(db, AuthSettings(COST, slowing), now, no_pause)
    return Server(db, auth, realm="test")


async def no_pause(seconds: float) -> None:
    """The tests of the authenticator look at its delays."""


async def ask(
    server: Server, password: str | None, method: str = "PROPFIND", path: str = HOME
) -> Answer:
    """One request by ann."""
    sent = {"Depth": "0"}
    if password is not None:
        pair = base64.b64encode(f"ann:{password}".encode()).decode()
        sent["Authorization"] = f"Basic {pair}"
    body = event() if method == "PUT" else ""
    return await Client(server, None)(method, path, body, **sent)


async def end(server: Server, how: Ending) -> None:
    async def work(tx: WriteTx) -> None:
        ann = await principals.by_name(tx, "ann")
        assert ann is not None
        await how(tx, ann.id)

    await server.db.write(work)


@pytest.mark.parametrize("password", [PASSWORD, PHONE])
async def test_the_right_password_is_let_in(password: str, server: Server) -> None:
    assert (await ask(server, password)).status == 207


@pytest.mark.rule("G1")
@pytest.mark.rfc("7617 2")
@pytest.mark.parametrize("password", [None, "wrong"])
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "PUT", "DELETE", "PROPFIND", "REPORT"])
@pytest.mark.parametrize("path", ["/", "/dav/", HOME, f"{HOME}calendar/x.ics", "/dav/nothing"])
async def test_anything_else_is_challenged_with_one_realm_everywhere(
    method: str, path: str, password: str | None, server: Server
) -> None:
    answer = await ask(server, password, method, path)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)


@pytest.mark.parametrize("ending", [change_password, disable, remove])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("OPTIONS", "/dav/"),
        ("PROPFIND", "/dav/"),
        ("PROPFIND", "/dav/principals/ann/"),
        ("PROPFIND", HOME),
        ("GET", f"{HOME}calendar/a.ics"),
        ("PUT", f"{HOME}calendar/b.ics"),
        ("DELETE", f"{HOME}calendar/a.ics"),
        ("MKCALENDAR", f"{HOME}more/"),
    ],
)
async def test_a_login_that_was_ended_is_refused_at_once(
    method: str, path: str, ending: Ending, server: Server
) -> None:
    assert (await ask(server, PASSWORD, "PUT", f"{HOME}calendar/a.ics")).status == 201

    await end(server, ending)

    answer = await ask(server, PASSWORD, method, path)
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, CHALLENGE)


async def test_revoking_an_app_password_ends_its_logins_and_no_others(server: Server) -> None:
    assert (await ask(server, PHONE)).status == 207
    assert (await ask(server, PASSWORD)).status == 207

    await end(server, lambda tx, ann: principals.revoke_app_password(tx, ann, "phone"))

    assert (await ask(server, PHONE)).status == 401
    assert (await ask(server, PASSWORD)).status == 207


async def test_changing_the_password_leaves_devices_their_own(server: Server) -> None:
    assert (await ask(server, PHONE)).status == 207

    await end(server, change_password)

    assert (await ask(server, PHONE)).status == 207
    assert (await ask(server, "another one")).status == 207


@pytest.mark.rule("G24")
@pytest.mark.rfc("6585 4")
async def test_an_address_that_guesses_gets_429_with_retry_after(server: Server) -> None:
    answers = [await guess(server, "192.0.2.1", f"guess {number}") for number in range(4)]

    assert [one.status for one in answers] == [401, 401, 401, 429]
    assert answers[-1].headers["Retry-After"] == "8"
    assert (await ask(server, PASSWORD)).status == 207


async def test_logins_from_this_machine_are_not_refused_as_they_may_be_everybodys(
    server: Server,
) -> None:
    answers = [await guess(server, "127.0.0.1", f"guess {number}") for number in range(10)]

    assert [one.status for one in answers] == [401] * 10
    assert (await ask(server, PASSWORD)).status == 207


async def guess(server: Server, peer: str, password: str) -> Answer:
    pair = base64.b64encode(f"ann:{password}".encode()).decode()
    headers = CIMultiDict({"Authorization": f"Basic {pair}"})
    return Answer(await handle(server, Request("GET", HOME, headers, b"", peer)))
