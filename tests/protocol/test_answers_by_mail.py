"""Answers that attendees with an account here give by mail or by a link, on both databases."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest

from caldavd.dav.server import Server
from caldavd.itip import ticket
from caldavd.itip.ticket import Ticket
from caldavd.service.mail_in import Fate, Rules
from caldavd.store import keys, principals, tasks
from caldavd.store.engine import Database, WriteTx
from caldavd.workers import mail_in
from caldavd.workers.deliver import Deliverer
from caldavd.workers.mail_in import Means
from tests.protocol.client import Client
from tests.protocol.conftest import add_user
from tests.protocol.meetings import (
    SOON_S,
    TIMES,
    answering,
    mailto,
    meeting,
    messages,
    only,
    partstats,
    scheduling,
)
from tests.unit.builders import calendar, vevent
from tests.unit.itip.test_incoming_mail import calendar_part, multipart, whole

FORM = "application/x-www-form-urlencoded"
LATER_S = 60


@pytest.fixture
def at_work(server: Server) -> tuple[Server, Deliverer]:
    return scheduling(server)


@pytest.fixture
async def people(db: Database, at_work: tuple[Server, Deliverer]) -> list[Client]:
    """The organizer ann, and bob and cid, who are asked to a meeting and have not answered."""
    await add_user(db, "cid", "Cid Example")
    made = [Client(at_work[0], name) for name in ("ann", "bob", "cid")]
    await made[0].put(f"{made[0].home}calendar/m.ics", meeting("bob", "cid"))
    return made


async def mailed(at_work: tuple[Server, Deliverer], who: str, partstat: str) -> None:
    """Takes in a mail with somebody's answer, given a minute from now."""
    server, deliverer = at_work
    said = (f"ORGANIZER:{mailto('ann')}", f"ATTENDEE;PARTSTAT={partstat}:{mailto(who)}")
    stamp = f"{datetime.fromtimestamp(server.clock() + LATER_S, UTC):%Y%m%dT%H%M%SZ}"
    part = vevent(uid="m", lines=said, **TIMES)
    part = re.sub(r"DTSTAMP:\w+", f"DTSTAMP:{stamp}", part)
    content = multipart("alternative", calendar_part(calendar(part, lines=["METHOD:REPLY"])))
    body = whole(content, sender=f"From: {who}@example.org")
    received = await mail_in.take(Means(server.db, server.clock, Rules()), body, ())
    assert received.fate is Fate.DELIVERED
    await deliverer.settle(SOON_S)


async def copies(people: list[Client]) -> list[dict[str, str]]:
    return [partstats((await only(one))[1]) for one in people]


@pytest.mark.rfc("6047 2.2.2")
@pytest.mark.parametrize("before", ["NEEDS-ACTION", "ACCEPTED"])
async def test_an_answer_by_mail_is_in_all_copies_and_in_the_own_one(
    at_work: tuple[Server, Deliverer], people: list[Client], before: str
) -> None:
    bob = people[1]
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", before))

    await mailed(at_work, "bob", "DECLINED")

    says = {"ann": "ACCEPTED", "bob": "DECLINED", "cid": "NEEDS-ACTION"}
    assert await copies(people) == [says] * 3
    assert len(await messages(bob)) == 1


async def test_an_answer_given_after_one_by_mail_counts(
    at_work: tuple[Server, Deliverer], people: list[Client]
) -> None:
    await mailed(at_work, "bob", "DECLINED")

    place, text = await only(people[1])
    await people[1].put(place, answering(text, "bob", "TENTATIVE"))

    assert [one["bob"] for one in await copies(people)] == ["TENTATIVE"] * 3


async def test_an_answer_in_the_own_calendar_comes_back_in_no_message(
    at_work: tuple[Server, Deliverer], people: list[Client]
) -> None:
    bob = people[1]
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))

    stored = await bob("GET", place)
    await at_work[1].settle(SOON_S)

    assert partstats(stored.text)["bob"] == "ACCEPTED"
    assert (await bob("GET", place)).headers["ETag"] == stored.headers["ETag"]
    assert await at_work[0].db.read(tasks.counts) == {}


async def test_an_answer_by_a_link_is_in_the_own_copy(
    at_work: tuple[Server, Deliverer], people: list[Client]
) -> None:
    server, _ = at_work

    async def link(tx: WriteTx) -> str:
        ann, key = (
            await principals.by_name(tx, "ann"),
            await keys.ensure(tx, keys.ANSWERS, bytes(32)),
        )
        assert ann is not None
        ends = server.clock() + LATER_S
        return ticket.sign(Ticket(ann.id, "m", mailto("bob"), 0, ends), key)

    path = f"/rsvp/{await server.db.write(link)}"
    stranger = Client(server, None)
    page = await stranger("GET", path)
    (seen,) = re.findall(r'name="seen" value="(\w+)"', page.text)
    body = urlencode({"answer": "declined", "seen": seen})

    sent = await stranger("POST", path, body, Content_Type=FORM)

    assert sent.status in (200, 303)
    assert [one["bob"] for one in await copies(people)] == ["DECLINED"] * 3
