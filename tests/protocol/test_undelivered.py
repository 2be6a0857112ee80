"""Messages within the server that nobody tries any more, and that are tried again (RFC 6638)."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import update

from caldavd.dav.server import Server
from caldavd.store import queue
from caldavd.store.engine import WriteTx
from caldavd.store.tables import message
from caldavd.workers.deliver import MAX_ATTEMPTS, Deliverer
from tests.protocol.client import Client
from tests.protocol.meetings import (
    answering,
    held,
    meeting,
    only,
    partstats,
    scheduling,
    statuses,
    unfolded,
)

MINE = "/dav/calendars/ann/calendar/m.ics"
NOW = 1_900_000_000
HOUR_S = 3_600


@pytest.fixture
def later(server: Server) -> Server:
    """A server that delivers nothing by itself."""

    async def settle() -> None:
        pass

    return replace(scheduling(server)[0], settle=settle)


async def deliver(server: Server, now: int = NOW) -> None:
    await Deliverer(server.db, server.rules, lambda: now).work()


async def spoil(server: Server, text: str = "") -> None:
    """Gives all messages another text, such as one that nobody can read."""

    async def work(tx: WriteTx) -> None:
        await tx.run(update(message).values(text=text))

    await server.db.write(work)


async def die(server: Server) -> None:
    """Tries what cannot be delivered until nobody tries any more."""
    for attempt in range(MAX_ATTEMPTS):
        await deliver(server, NOW + attempt * HOUR_S)


async def retry(server: Server) -> int:
    found = await server.db.write(partial(queue.retry_all, now=NOW))
    await deliver(server, NOW)
    return found


async def sent(server: Server) -> str:
    """The text of the one message that waits."""

    async def work(tx: WriteTx) -> str:
        rows = await tx.all(message.select())
        ((_, _, _, _, text, _),) = rows
        return str(text)

    return await server.db.write(work)


@pytest.mark.rfc("6638 3.2.9")
async def test_who_could_not_be_told_is_marked_until_they_are(later: Server) -> None:
    ann, bob = Client(later, "ann"), Client(later, "bob")
    await ann.put(MINE, meeting("bob"))
    text = await sent(later)
    before = await ann("GET", MINE)
    await spoil(later)

    await die(later)
    dead = await ann("GET", MINE)
    await spoil(later, text)
    retried = await retry(later)

    after = await ann("GET", MINE)
    assert [statuses(one.text) for one in (before, dead, after)] == [
        {"bob": "1.2"},
        {"bob": "5.1"},
        {"bob": "1.2"},
    ]
    assert before.headers["Schedule-Tag"] == dead.headers["Schedule-Tag"]
    assert before.headers["Schedule-Tag"] == after.headers["Schedule-Tag"]
    assert before.etag != dead.etag
    assert (retried, len(await held(bob))) == (1, 1)


@pytest.mark.rfc("6638 3.2.9")
async def test_an_answer_that_could_not_be_delivered_is_marked(later: Server) -> None:
    ann, bob = Client(later, "ann"), Client(later, "bob")
    await ann.put(MINE, meeting("bob"))
    await deliver(later)
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))
    await spoil(later)

    await die(later)

    organizer = next(
        line
        for line in unfolded((await bob("GET", place)).text).splitlines()
        if line.startswith("ORGANIZER")
    )
    assert "SCHEDULE-STATUS=5.1" in organizer
    assert partstats((await ann("GET", MINE)).text)["bob"] == "NEEDS-ACTION"


async def test_what_is_tried_again_marks_nobody(later: Server) -> None:
    ann = Client(later, "ann")
    await ann.put(MINE, meeting("bob"))
    before = await ann("GET", MINE)
    await spoil(later)

    for attempt in range(MAX_ATTEMPTS - 1):
        await deliver(later, NOW + attempt * HOUR_S)

    assert (await ann("GET", MINE)).etag == before.etag


async def test_a_meeting_that_is_gone_is_marked_by_nobody(later: Server) -> None:
    ann, bob = Client(later, "ann"), Client(later, "bob")
    await ann.put(MINE, meeting("bob"))
    await ann("DELETE", MINE)
    await spoil(later)

    await die(later)

    assert ((await ann("GET", MINE)).status, await held(bob)) == (404, {})
