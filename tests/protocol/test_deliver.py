"""What two processes deliver at once, or one too late: nothing is lost, nothing comes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from caldavd.dav.server import Server
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.service.deliver import REFRESH
from caldavd.service.letter import Letter
from caldavd.service.routes import Rules
from caldavd.store import ids, queue, tasks
from caldavd.store.connect import connect
from caldavd.store.engine import Database, WriteTx
from caldavd.store.tasks import ITIP, Message, State, Task
from caldavd.workers.deliver import LEASE_S, Deliverer
from tests.protocol.client import Client
from tests.protocol.meetings import TIMES, held, mailto, meeting, partstats
from tests.protocol.people import principal
from tests.unit.builders import calendar, vevent

RULES: Final = Rules(domain="example.org")
NOW: Final = 1_800_000_000
PEOPLE: Final = 200
MINE: Final = "/dav/calendars/ann/calendar/m.ics"
ANSWERS: Final = ("ACCEPTED", "DECLINED", "TENTATIVE")


class Slow(Deliverer):
    """A process that has claimed what is due, and does not begin."""

    async def claimed(self, now: int) -> list[tuple[Task, Message]]:
        claim = partial(tasks.claim, kind=ITIP, now=now, lease_s=LEASE_S, limit=9)
        found = await self._db.write(claim)
        wanted = [one.message_id for one in found if one.message_id is not None]
        known = await self._db.read(partial(tasks.messages, ids_=wanted))
        return [(one, known[one.message_id or 0]) for one in found]

    async def begin(self, claimed: list[tuple[Task, Message]]) -> None:
        for of, message in claimed:
            await self._one(of, Letter(message))


def unsettled(server: Server) -> Server:
    """The server, which leaves deliveries to those who run them."""
    return replace(server, clock=lambda: NOW, scheduling=True, rules=RULES)


@pytest.fixture
def slow(db: Database) -> Slow:
    return Slow(db, RULES, lambda: NOW)


@pytest.mark.rfc("5546 2.1.5")
async def test_a_cancellation_does_not_overtake_the_invitation(server: Server, slow: Slow):
    ann, bob = Client(unsettled(server), "ann"), Client(server, "bob")
    await ann.put(MINE, meeting("bob"))
    invitation = await slow.claimed(NOW)
    await ann("DELETE", MINE)

    await Deliverer(server.db, RULES, lambda: NOW).work()
    await slow.begin(invitation)

    assert ["STATUS:CANCELLED" in text for text in (await held(bob)).values()] == [True]
    assert await server.db.read(tasks.counts) == {}


async def test_what_another_did_since_is_not_done_again(server: Server, slow: Slow):
    ann, bob = Client(unsettled(server), "ann"), Client(server, "bob")
    await ann.put(MINE, meeting("bob"))
    invitation = await slow.claimed(NOW)
    await Deliverer(server.db, RULES, lambda: NOW + LEASE_S).work()
    (place,) = await held(bob)
    await bob("DELETE", place, Schedule_Reply="F")

    await slow.begin(invitation)

    assert await held(bob) == {}


@pytest.mark.rfc("6638 4.2")
async def test_of_many_answers_that_two_processes_deliver_at_once_none_is_lost(
    server: Server, location: Path | str
):
    names = [f"user{number}" for number in range(PEOPLE)]
    await server.db.write(partial(_accounts, names=names))
    ann = Client(unsettled(server), "ann")
    await ann.put(MINE, meeting(*names))
    organizer = await principal(server, "ann")
    said = {name: ANSWERS[number % 3] for number, name in enumerate(names)}
    await server.db.write(partial(_answered, owner_id=organizer.id, said=said))
    others = [await connect(location, pool_size=2, synchronous="off") for _ in range(2)]

    workers = (Deliverer(one, RULES, lambda: NOW) for one in others)
    await asyncio.gather(*(worker.work() for worker in workers))
    for one in others:
        await one.close()

    assert partstats((await ann("GET", MINE)).text) == {"ann": "ACCEPTED", **said}
    assert await server.db.read(tasks.counts) == {(REFRESH, State.WAITING): 1}


async def test_what_can_never_be_delivered_is_kept_and_holds_up_nothing(
    server: Server, slow: Slow, caplog: pytest.LogCaptureFixture
):
    ann, bob = Client(unsettled(server), "ann"), Client(server, "bob")
    owner = await principal(server, "bob")
    bad = calendar(vevent(uid="m", lines=["ORGANIZER:mailto:a@x.y", "ORGANIZER:mailto:b@x.y"]))
    message = Message(ids.new(), "m", "REQUEST", mailto("ann"), bad, NOW)

    async def leave(tx: WriteTx) -> None:
        await tasks.add_message(tx, message)
        await tasks.add(tx, [tasks.new(ITIP, owner.id, NOW, message.id, mailto("bob"))])

    await server.db.write(leave)
    await slow.claimed(NOW)
    await ann.put(MINE, meeting("bob"))

    await Deliverer(server.db, RULES, lambda: NOW).work()

    assert len(await held(bob)) == 1
    left = await server.db.read(partial(queue.queued, dead=True, limit=9))
    assert [(one.uid, one.error) for one in left] == [
        ("m", "its components have different ORGANIZERs: send what RFC 5546 asks for")
    ]
    logged = [one for one in caplog.records if one.name == "caldavd.workers.deliver"]
    assert [(one.message, one.exc_info) for one in logged] == [("not deliverable", None)]


async def _accounts(tx: WriteTx, names: list[str]) -> None:
    for name in names:
        new = NewAccount(name, name, (f"{name}@example.org",))
        await accounts.create(tx, new, None, Defaults(), NOW)


async def _answered(tx: WriteTx, owner_id: int, said: dict[str, str]) -> None:
    """Leaves what everybody answers to be delivered."""
    for name, partstat in said.items():
        lines = [
            f"ORGANIZER:{mailto('ann')}",
            f"ATTENDEE;PARTSTAT={partstat}:{mailto(name)}",
        ]
        text = calendar(vevent(uid="m", lines=lines, **TIMES), lines=["METHOD:REPLY"])
        message = Message(ids.new(), "m", "REPLY", mailto(name), text, NOW)
        await tasks.add_message(tx, message)
        await tasks.add(tx, [tasks.new(ITIP, owner_id, NOW, message.id, mailto("ann"))])
