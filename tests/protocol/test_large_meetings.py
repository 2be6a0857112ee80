"""Meetings of many: everybody gets them, and no answer is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

import pytest

from caldavd.dav.server import Server
from caldavd.model import Stored
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.deliver import TOGETHER_S, TOLD_IN_S
from caldavd.store import objects, principals, scheduling, tasks
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.workers.deliver import BATCH, LEASE_S, Deliverer
from tests.protocol.client import Client
from tests.protocol.meetings import answering, meeting, partstats
from tests.protocol.meetings import scheduling as with_scheduling
from tests.protocol.rooms import BEFORE
from tests.unit.builders import CRLF

MINE = "/dav/calendars/ann/calendar/m.ics"
PEOPLE = tuple(f"u{number}" for number in range(2 * BATCH + 20))


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = BEFORE

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def scheduled(server: Server, clock: Clock) -> Server:
    async def fill(tx: WriteTx) -> None:
        for name in PEOPLE:
            new = NewAccount(name, name, (f"{name}@example.org",))
            await accounts.create(tx, new, None, Defaults(), BEFORE)

    await server.db.write(fill)
    return with_scheduling(replace(server, clock=clock))[0]


async def copies(server: Server) -> dict[str, str]:
    """The text that each of the many has of the meeting."""

    async def look(tx: ReadTx) -> dict[str, str]:
        found: dict[str, Stored] = {}
        for name in PEOPLE:
            who = await principals.by_name(tx, name)
            assert who is not None
            for one in await scheduling.of_uid(tx, who.id, "m"):
                found[name] = one
        texts = await objects.contents(tx, [one.id for one in found.values()])
        return {name: texts[one.id] for name, one in found.items()}

    return await server.db.read(look, snapshot=True)


async def waiting(server: Server) -> dict[str, int]:
    found = await server.db.read(tasks.counts, snapshot=False)
    return {kind: number for (kind, _), number in found.items()}


def said(text: str) -> dict[str, str]:
    return {name: answer for name, answer in partstats(text).items() if name != "ann"}


async def test_a_meeting_of_many_reaches_every_calendar(scheduled: Server, clock: Clock):
    ann = Client(scheduled, "ann")
    assert (await ann.put(MINE, meeting(*PEOPLE))).status == 201

    assert sorted(await copies(scheduled)) == sorted(PEOPLE)
    clock.now += 60
    assert (await ann.put(MINE, meeting(*PEOPLE, start="20260907T120000Z"))).status == 204
    assert {"DTSTART:20260907T120000Z" in text for text in (await copies(scheduled)).values()} == {
        True
    }
    assert await waiting(scheduled) == {}
    clock.now += 60
    assert (await ann("DELETE", MINE)).status == 204
    assert {"STATUS:CANCELLED" in text for text in (await copies(scheduled)).values()} == {True}


async def test_what_is_somebodys_own_stays_in_a_meeting_of_many(scheduled: Server, clock: Clock):
    ann, one = Client(scheduled, "ann"), Client(scheduled, PEOPLE[3])
    await ann.put(MINE, meeting(*PEOPLE))
    listed = await one.propfind(f"{one.home}calendar/", "D:getetag", depth="1")
    url = listed.hrefs[1]
    alarm = CRLF.join(("BEGIN:VALARM", "ACTION:AUDIO", "TRIGGER:-PT5M", "END:VALARM", "END:VEVENT"))
    mine = (await one("GET", url)).text.replace("END:VEVENT", alarm)
    assert (await one.put(url, mine)).status == 204
    clock.now += 60

    await ann.put(MINE, meeting(*PEOPLE, start="20260907T120000Z"))

    with_alarm = [name for name, text in (await copies(scheduled)).items() if "VALARM" in text]
    assert with_alarm == [PEOPLE[3]]


async def test_of_many_answers_at_once_none_is_lost(scheduled: Server, clock: Clock):
    ann = Client(scheduled, "ann")
    await ann.put(MINE, meeting(*PEOPLE))
    clock.now += 60
    answers = {name: ("ACCEPTED", "DECLINED")[place % 2] for place, name in enumerate(PEOPLE)}

    async def answer(name: str, text: str) -> int:
        client = Client(scheduled, name)
        listed = await client.propfind(f"{client.home}calendar/", "D:getetag", depth="1")
        return (await client.put(listed.hrefs[1], answering(text, name, answers[name]))).status

    had = await copies(scheduled)
    assert {await one for one in asyncio.as_completed(map(answer, had, had.values()))} == {204}

    assert said((await ann("GET", MINE)).text) == answers
    assert await waiting(scheduled) == {"refresh": 1}
    clock.now += TOGETHER_S + len(PEOPLE) // TOLD_IN_S
    await scheduled.settle()
    assert await waiting(scheduled) == {}
    assert [said(text) for text in (await copies(scheduled)).values()] == [answers] * len(PEOPLE)


async def test_who_delivers_for_a_process_that_ended_does_it_once_more(
    scheduled: Server, clock: Clock
):
    ann = Client(replace(scheduled, settle=_nothing), "ann")
    await ann.put(MINE, meeting(*PEOPLE))
    claim = partial(tasks.claim, kind=tasks.ITIP, now=clock.now, lease_s=LEASE_S, limit=BATCH)
    taken = await scheduled.db.write(claim)
    await scheduled.settle()
    assert len(await copies(scheduled)) == len(PEOPLE) - len(taken)
    clock.now += LEASE_S

    await asyncio.gather(
        *(Deliverer(scheduled.db, scheduled.rules, clock).work() for _ in range(2))
    )

    assert sorted(await copies(scheduled)) == sorted(PEOPLE)
    assert await waiting(scheduled) == {}


async def _nothing() -> None:
    return None
