"""Meetings in a calendar that comes back from the trash (RFC 6638 §3.2)."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

import pytest

from caldavd.dav.server import Server
from caldavd.service import named
from caldavd.service.invite_again import Became, invite_again
from caldavd.service.schedule import Sender
from caldavd.store.engine import WriteTx
from caldavd.workers.deliver import Deliverer
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

NOW = 1_900_000_000
SOON_S = 20


@pytest.fixture
def at_work(server: Server) -> tuple[Server, Deliverer]:
    return scheduling(server)


@pytest.fixture
async def ann(at_work: tuple[Server, Deliverer]) -> Client:
    client = Client(at_work[0], "ann")
    await client("MKCALENDAR", f"{client.home}work/")
    return client


@pytest.fixture
async def bob(at_work: tuple[Server, Deliverer]) -> Client:
    client = Client(at_work[0], "bob")
    await client("MKCALENDAR", f"{client.home}work/")
    return client


@pytest.fixture
def deliverer(at_work: tuple[Server, Deliverer]) -> Deliverer:
    """One that delivers when the calendar is back, which is later."""
    return Deliverer(at_work[0].db, at_work[0].rules, lambda: NOW)


async def deleted(client: Client) -> None:
    assert (await client("DELETE", f"{client.home}work/")).status == 204


async def restored(client: Client, deliverer: Deliverer) -> dict[Became, int]:
    """Takes the calendar `work` of somebody out of the trash, and delivers what follows."""
    rules = client.server.rules

    async def may(*_: object) -> None:
        pass

    async def work(tx: WriteTx) -> Counter[Became]:
        owner = await named.account(tx, str(client.name))
        back = await named.restore(tx, owner, "work", NOW)
        return await invite_again(tx, Sender(rules, may), owner, back, NOW)

    found = await client.server.db.write(work)
    await deliverer.settle(SOON_S)
    return dict(found)


async def attends(bob: Client, *, to: str = "work") -> str:
    """Has bob accept the meeting in his calendar `work`: its URL."""
    place, text = await only(bob)
    url = f"{bob.home}{to}/m.ics"
    moved = await bob("MOVE", place, Destination=f"http://cal.example.org{url}")
    assert moved.status == 201
    assert (await bob.put(url, answering(text, "bob", "ACCEPTED"))).status == 204
    return url


def sequence(text: str) -> int:
    found = re.search(r"^SEQUENCE:(\d+)", text, re.MULTILINE)
    return int(found[1]) if found else 0


async def test_who_was_invited_is_invited_again(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}work/m.ics"
    await ann.put(mine, meeting("bob", "nobody"))
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))
    await deleted(ann)
    _, between = await only(bob)

    counts = await restored(ann, deliverer)

    again, after = await only(bob)
    organized = (await ann("GET", mine)).text
    assert counts == {Became.INVITED: 1}
    assert ("STATUS:CANCELLED" in between, "STATUS:CANCELLED" in after) == (True, False)
    assert again == place
    assert sequence(after) > sequence(between)
    assert partstats(after) == partstats(organized)
    assert partstats(after)["bob"] == "NEEDS-ACTION"
    assert statuses(organized) == {"bob": "1.2", "nobody": "3.7"}


async def test_a_calendar_that_another_replaced_invites_again(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    await ann.put(f"{ann.home}work/m.ics", meeting("bob"))
    await ann("MKCALENDAR", f"{ann.home}newer/")
    await ann("MOVE", f"{ann.home}newer/", Destination=f"http://cal.example.org{ann.home}work/")
    _, between = await only(bob)

    counts = await restored(ann, deliverer)

    _, after = await only(bob)
    assert counts == {Became.INVITED: 1}
    assert ("STATUS:CANCELLED" in between, "STATUS:CANCELLED" in after) == (True, False)


async def test_who_is_invited_again_can_answer_again(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}work/m.ics"
    await ann.put(mine, meeting("bob"))
    await deleted(ann)
    await restored(ann, deliverer)

    place, text = await only(bob)
    later = replace(bob.server, clock=lambda: NOW + 60)
    await Client(later, "bob").put(place, answering(text, "bob", "TENTATIVE"))
    await Deliverer(later.db, later.rules, later.clock).settle(SOON_S)

    assert partstats((await ann("GET", mine)).text)["bob"] == "TENTATIVE"


async def test_a_meeting_that_was_cancelled_before_invites_nobody(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}work/m.ics"
    await ann.put(mine, meeting("bob"))
    text = (await ann("GET", mine)).text
    await ann.put(mine, text.replace("END:VEVENT", "STATUS:CANCELLED\r\nEND:VEVENT"))
    await deleted(ann)

    assert await restored(ann, deliverer) == {}
    assert "STATUS:CANCELLED" in (await only(bob))[1]


async def test_what_was_answered_is_answered_again(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}calendar/m.ics"
    await ann.put(mine, meeting("bob"))
    place = await attends(bob)
    await deleted(bob)
    between = partstats((await ann("GET", mine)).text)["bob"]

    counts = await restored(bob, deliverer)

    assert (counts, between) == ({Became.ANSWERED: 1}, "DECLINED")
    assert partstats((await ann("GET", mine)).text)["bob"] == "ACCEPTED"
    assert partstats((await bob("GET", place)).text)["bob"] == "ACCEPTED"


async def test_an_invitation_that_was_not_answered_comes_back_as_the_organizer_has_it(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}calendar/m.ics"
    await ann.put(mine, meeting("bob"))
    place, _ = await only(bob)
    url = f"{bob.home}work/m.ics"
    await bob("MOVE", place, Destination=f"http://cal.example.org{url}")
    await deleted(bob)

    await restored(bob, deliverer)

    theirs = partstats((await ann("GET", mine)).text)
    assert partstats((await bob("GET", url)).text) == theirs
    assert theirs["bob"] == "DECLINED"


async def test_what_was_called_off_meanwhile_stays_so(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}calendar/m.ics"
    await ann.put(mine, meeting("bob"))
    place = await attends(bob)
    await deleted(bob)
    await ann("DELETE", mine)

    counts = await restored(bob, deliverer)

    assert counts == {Became.CALLED_OFF: 1}
    assert "STATUS:CANCELLED" in (await bob("GET", place)).text


async def test_what_was_changed_meanwhile_is_told_as_it_is(
    ann: Client, bob: Client, deliverer: Deliverer
) -> None:
    mine = f"{ann.home}calendar/m.ics"
    await ann.put(mine, meeting("bob"))
    await attends(bob)
    await deleted(bob)
    text = (await ann("GET", mine)).text
    await ann.put(mine, text.replace("T110000Z", "T120000Z"))
    (newer,) = await held(bob)

    counts = await restored(bob, deliverer)

    copy = f"{bob.home}work/m.ics"
    answer = await bob("GET", copy)
    assert counts == {Became.COPY: 1}
    assert "T120000Z" in unfolded((await bob("GET", newer)).text)
    assert (answer.status, "Schedule-Tag" in answer.headers) == (200, False)


async def test_what_concerns_nobody_else_is_left_alone(ann: Client, deliverer: Deliverer) -> None:
    alone = meeting(organizer="ann").replace("ORGANIZER:mailto:ann@example.org\r\n", "")
    alone = re.sub(r"ATTENDEE[^\r]*\r\n", "", alone)
    await ann.put(f"{ann.home}work/m.ics", alone)
    before = await ann("GET", f"{ann.home}work/m.ics")
    await deleted(ann)

    assert await restored(ann, deliverer) == {}
    assert (await ann("GET", f"{ann.home}work/m.ics")).etag == before.etag
