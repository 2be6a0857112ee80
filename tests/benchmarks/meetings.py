"""What it costs to ask people to meetings: to see when they are free, to invite, to deliver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from itertools import count, cycle
from typing import Final

from sqlalchemy import func, select

from caldavd.store import tasks
from caldavd.store.connect import connect
from caldavd.store.engine import Database, ReadTx
from caldavd.store.tables import calendar_object
from tests.benchmarks import items, processes, servers, webdav
from tests.benchmarks.client import Answer, Exchange, Wrong, verify
from tests.benchmarks.figures import Row
from tests.benchmarks.fill import fill_users
from tests.benchmarks.measure import Place
from tests.benchmarks.subject import nothing

FEW: Final = 10
ROUNDS: Final = 5
"""Changes of a meeting that are measured, after one that warms up."""
EACH: Final = 200
"""Objects of each user's calendar at most."""
PATIENCE_S: Final = 120
_LOOK_S: Final = 0.02
_OUTBOX: Final = f"/dav/calendars/{servers.USER}/outbox/"
_ORGANIZER: Final = f"mailto:{servers.USER}@localhost"


async def free_busy(users: int, place: Place, seconds: float, row: Row) -> None:
    """POST to the outbox: when that many users are free in two weeks (RFC 6638 §5)."""
    await fill_users(place.server.location, users, place.subject.items[:EACH])
    exchanges = [_ask(place, users, *weeks) for weeks in items.ranges(2)]
    for exchange in exchanges:
        await _answered(place, exchange)
    async with _spent(place, row):
        ends = time.perf_counter() + seconds
        for exchange in cycle(exchanges):
            await _timed(place, exchange, row)
            if time.perf_counter() > ends:
                break


async def invite(people: int, place: Place, seconds: float, row: Row) -> None:
    """PUT of a meeting that takes place at another time, by its organizer, until the answer."""
    await fill_users(place.server.location, people, ())
    db = await connect(place.server.location, pool_size=1)
    try:
        changes = _changes(place, people)
        await _answered(place, next(changes))
        await _delivered(db)
        ends = time.perf_counter() + seconds
        while row.ours.requests < ROUNDS or time.perf_counter() < ends:
            async with _spent(place, row):
                await _timed(place, next(changes), row)
            await _delivered(db)
    finally:
        await db.close()


async def deliver(people: int, place: Place, row: Row) -> None:
    """The same until everybody has it; a request is one person's."""
    row.title = f"the same, until {people:,} have it"
    await fill_users(place.server.location, people, ())
    db = await connect(place.server.location, pool_size=1)
    uid = f"told{people}"
    try:
        for number in range(ROUNDS + 1):
            exchange = _put(place, uid, people, number)
            if number == 0:
                await _answered(place, exchange)
                await _delivered(db)
                continue
            async with _spent(place, row):
                began = time.perf_counter()
                await _answered(place, exchange)
                await _delivered(db)
                row.ours.latencies_s.append(time.perf_counter() - began)
            row.ours.requests += people
            if (found := await db.read(partial(_held, uid, number), snapshot=False)) != people + 1:
                raise Wrong(f"{found} of {people + 1} calendars have the meeting as it is now")
    finally:
        await db.close()


def _changes(place: Place, people: int) -> Iterator[Exchange]:
    uid = f"invite{people}"
    return (_put(place, uid, people, number) for number in count())


def _put(place: Place, uid: str, people: int, number: int) -> Exchange:
    """The meeting in its n-th version, which is at another time than the one before."""
    path = f"{servers.CALENDAR}{uid}.ics"
    content = _meeting(uid, people, number)
    request = place.subject.asker.request("PUT", path, content, Content_Type=webdav.ICALENDAR)
    return Exchange(request, 204 if number else 201, nothing)


def _meeting(uid: str, people: int, number: int) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN"]
    lines += ["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", f"SEQUENCE:{number}"]
    lines += [f"DTSTART:{_starts(number)}", "DURATION:PT30M", "SUMMARY:All of us"]
    lines += [f"ORGANIZER:{_ORGANIZER}", f"ATTENDEE;PARTSTAT=ACCEPTED:{_ORGANIZER}"]
    lines += [
        f"ATTENDEE;CN=User {one};CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:{_address(one)}"
        for one in range(people)
    ]
    return items.folded([*lines, "END:VEVENT", "END:VCALENDAR"])


def _starts(number: int) -> str:
    return f"202601{1 + number // 24 % 28:02}T{number % 24:02}0000Z"


def _address(number: int) -> str:
    return f"mailto:user{number}@localhost"


def _ask(place: Place, users: int, start: date, end: date) -> Exchange:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN"]
    lines += ["METHOD:REQUEST", "BEGIN:VFREEBUSY", "UID:ask", "DTSTAMP:20260101T000000Z"]
    lines += [f"DTSTART:{start:%Y%m%d}T000000Z", f"DTEND:{end:%Y%m%d}T000000Z"]
    lines += [f"ORGANIZER:{_ORGANIZER}", *(f"ATTENDEE:{_address(one)}" for one in range(users))]
    content = items.folded([*lines, "END:VFREEBUSY", "END:VCALENDAR"])
    request = place.subject.asker.request("POST", _OUTBOX, content, Content_Type=webdav.ICALENDAR)

    def check(answer: Answer) -> None:
        if answer.body.count(b"<C:request-status>2.0;") != users:
            raise Wrong(f"not all of {users} users are told of")

    return Exchange(request, 200, check)


async def _timed(place: Place, exchange: Exchange, row: Row) -> None:
    began = time.perf_counter()
    answer = await place.subject.asker.client.ask(exchange.request)
    row.ours.latencies_s.append(time.perf_counter() - began)
    row.ours.requests += 1
    verify(exchange, answer)


async def _answered(place: Place, exchange: Exchange) -> None:
    await place.subject.asker.ask(exchange)


async def _delivered(db: Database) -> None:
    """Waits until nothing is left to be delivered. Raises Wrong."""
    ends = time.perf_counter() + PATIENCE_S
    while await db.read(tasks.counts, snapshot=False):
        if time.perf_counter() > ends:
            raise Wrong(f"not all was delivered in {PATIENCE_S} s")
        await asyncio.sleep(_LOOK_S)


async def _held(uid: str, number: int, tx: ReadTx) -> int:
    """How many calendars have a meeting in its n-th version."""
    query = select(func.count()).where(
        calendar_object.c.uid == uid,
        calendar_object.c.schedule_tag.is_not(None),
        calendar_object.c.content.contains(f"DTSTART:{_starts(number)}"),
    )
    found = await tx.one(query)
    return 0 if found is None else int(found[0])


@asynccontextmanager
async def _spent(place: Place, row: Row) -> AsyncIterator[None]:
    """Adds what the server and the database used meanwhile."""
    pid = place.server.process.pid
    used, database, began = processes.cpu_s(pid), place.database_cpu_s(), time.perf_counter()
    yield
    row.ours.elapsed_s += time.perf_counter() - began
    row.ours.cpu_s += processes.cpu_s(pid) - used
    row.ours.database_cpu_s += place.database_cpu_s() - database
