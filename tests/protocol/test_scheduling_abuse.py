"""What people with bad intentions try with invitations, and what comes of it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from caldavd.dav.server import Server
from caldavd.itip import ticket
from caldavd.itip.incoming_mail import Carried, Incoming
from caldavd.service import mail_in, rsvp
from caldavd.service.mail_in import Received
from caldavd.service.routes import Rules
from caldavd.store import keys, principals, tasks
from caldavd.store.engine import WriteTx
from caldavd.workers.deliver import Deliverer
from tests.protocol.client import Client
from tests.protocol.meetings import (
    TIMES,
    answering,
    held,
    meeting,
    messages,
    only,
    partstats,
    statuses,
    unfolded,
)
from tests.protocol.people import principal
from tests.protocol.rooms import make_room, ticking
from tests.protocol.test_quota import used
from tests.unit.builders import event

MINE: Final = "/dav/calendars/ann/calendar/m.ics"
HIS: Final = "/dav/calendars/bob/calendar/own.ics"
EVE: Final = "mailto:eve@example.net"
TEN: Final = "T100000Z"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return ticking(server)


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def mailed(server: Server, method: str, *people: str, uid: str = "m", at: str = TEN) -> None:
    """Eve, who has no account here, sends a message about her meeting by mail."""
    text = meeting(*people, uid=uid, organizer="eve", lines=(f"X-AT:{at}",))
    text = text.replace("eve@example.org", "eve@example.net").replace(TEN, at)
    text = text.replace("T110000Z", at.replace("0000Z", "3000Z"))
    text = text.replace("VERSION:2.0\r\n", f"VERSION:2.0\r\nMETHOD:{method}\r\n")
    mail = Incoming(EVE, "1@example.net", (Carried(method, text),))

    async def work(tx: WriteTx) -> Received:
        return await mail_in.receive(tx, mail_in.Rules(), mail, (), server.clock())

    await server.db.write(work)
    await server.settle()


# --- Whose object it is ---


@pytest.mark.rfc("6638 4.1")
async def test_who_knows_the_uid_of_somebodys_own_event_does_not_get_it_by_an_invitation(
    ann: Client, bob: Client
):
    await bob.put(HIS, event(uid="m", summary="Dentist", **TIMES))
    before = await held(bob)

    await ann.put(MINE, meeting("bob", summary="Mine now"))
    await ann("DELETE", MINE)

    assert await held(bob) == before


@pytest.mark.rfc("6047 3")
@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
async def test_nor_do_they_by_mail(scheduled: Server, bob: Client, method: str):
    await bob.put(HIS, event(uid="m", summary="Dentist", **TIMES))
    before = await held(bob)

    await mailed(scheduled, method, "bob")

    assert await held(bob) == before


# --- Who answers ---


@pytest.mark.rfc("6638 7.1")
async def test_what_a_client_noted_as_an_answer_is_none_once_the_server_asks(
    ann: Client, bob: Client
):
    await ann.put(MINE, meeting("bob;SCHEDULE-AGENT=CLIENT;PARTSTAT=ACCEPTED"))

    await ann.put(MINE, meeting("bob;PARTSTAT=ACCEPTED"))

    _, text = await only(bob)
    assert partstats(text)["bob"] == "NEEDS-ACTION"


@pytest.mark.rfc("6638 7.3")
async def test_an_organizer_who_says_that_nobody_was_reached_answers_for_nobody(
    ann: Client, bob: Client
):
    await ann.put(MINE, meeting("bob"))
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "DECLINED"))
    mine = unfolded((await ann("GET", MINE)).text)

    await ann.put(MINE, re.sub(r"SCHEDULE-STATUS=[^;:]*", "SCHEDULE-STATUS=5.3", mine))
    mine = (await ann("GET", MINE)).text
    await ann.put(MINE, answering(mine, "bob", "ACCEPTED"))

    after = (await ann("GET", MINE)).text
    assert (partstats(after)["bob"], statuses(after)["bob"]) == ("DECLINED", "2.0")
    assert partstats((await only(bob))[1])["bob"] == "DECLINED"


# --- Rooms ---


@pytest.mark.rfc("5546 3.2.2")
async def test_an_organizer_does_not_accept_for_a_room(scheduled: Server, ann: Client, bob: Client):
    lab = await make_room(scheduled)
    await bob.put(HIS, meeting("lab", uid="first", organizer="bob"))
    await ann.put(MINE, meeting("lab;SCHEDULE-AGENT=CLIENT;PARTSTAT=ACCEPTED"))

    await ann.put(MINE, meeting("lab;PARTSTAT=ACCEPTED"))

    assert partstats((await only(lab))[1])["lab"] == "DECLINED"
    assert partstats((await ann("GET", MINE)).text)["lab"] == "DECLINED"


@pytest.mark.rfc("6047 3")
async def test_nor_by_mail(scheduled: Server, bob: Client):
    lab = await make_room(scheduled)
    await bob.put(HIS, meeting("lab", uid="first", organizer="bob"))

    await mailed(scheduled, "REQUEST", "lab;PARTSTAT=ACCEPTED")

    assert partstats((await only(lab))[1])["lab"] == "DECLINED"


@pytest.mark.rfc("6047 3")
async def test_a_room_that_was_accepted_is_asked_again_when_a_mail_moves_the_meeting(
    scheduled: Server, bob: Client
):
    lab = await make_room(scheduled)
    await bob.put(HIS, meeting("lab", uid="first", organizer="bob"))
    await mailed(scheduled, "REQUEST", "lab", at="T140000Z")
    free = partstats((await only(lab))[1])["lab"]

    await mailed(scheduled, "REQUEST", "lab;PARTSTAT=ACCEPTED")

    assert (free, partstats((await only(lab))[1])["lab"]) == ("ACCEPTED", "DECLINED")


@pytest.mark.rfc("6047 3")
async def test_nobody_accepts_for_a_room_that_is_managed(scheduled: Server):
    lab = await make_room(scheduled, policy="manual")

    await mailed(scheduled, "REQUEST", "lab;PARTSTAT=ACCEPTED")

    assert partstats((await only(lab))[1])["lab"] == "NEEDS-ACTION"


# --- Who is who ---


@pytest.mark.rfc("6638 2.4.1")
@pytest.mark.parametrize(
    "address",
    [
        "MAILTO:Bob%40example.org",
        "/dav/principals/b%6Fb/",
        "/dav/principals/bob",
    ],
)
async def test_who_is_asked_by_another_spelling_of_the_address_has_the_meeting(
    ann: Client, bob: Client, address: str
):
    await ann.put(MINE, meeting(lines=(f"ATTENDEE:{address}",)))

    place, text = await only(bob)
    declined = f"ATTENDEE;PARTSTAT=DECLINED:{address}"
    await bob.put(place, unfolded(text).replace(f"ATTENDEE:{address}", declined))
    assert "PARTSTAT=DECLINED" in unfolded((await ann("GET", MINE)).text)
    assert len(await messages(bob)) == 1


@pytest.mark.rfc("6638 3.2.9")
@pytest.mark.parametrize(
    "address", ["bob@example.net?cc=eve@example.net", "bob@example.net%0D%0ABcc:eve@example.net"]
)
async def test_no_mail_is_left_for_what_no_mail_server_takes(scheduled: Server, address: str):
    mailing = replace(scheduled, rules=replace(scheduled.rules, mails=True))
    ann = Client(mailing, "ann")

    await ann.put(MINE, meeting(lines=(f"ATTENDEE:mailto:{address}",)))

    assert "SCHEDULE-STATUS=3.7" in unfolded((await ann("GET", MINE)).text)
    assert await mailing.db.read(tasks.counts) == {}


# --- What is never to end ---


@pytest.mark.rfc("5546 2.1.4")
@pytest.mark.parametrize("number", [999_999_999, 2**31 - 1, 2**40])
async def test_a_sequence_as_high_as_can_be_freezes_no_meeting(
    ann: Client, bob: Client, number: int
):
    await ann.put(MINE, meeting("bob", lines=(f"SEQUENCE:{number}",)))

    for before, hour in (("T100000Z", "T090000Z"), ("T090000Z", "T080000Z")):
        mine = (await ann("GET", MINE)).text
        await ann.put(MINE, mine.replace(before, hour))

    assert "T080000Z" in (await only(bob))[1]


@pytest.mark.rfc("6047 2")
async def test_nobody_waits_for_all_the_mails_of_somebody_else(scheduled: Server):
    mailing = replace(scheduled, rules=replace(scheduled.rules, mails=True))
    many = tuple(f"ATTENDEE:mailto:p{number}@example.net" for number in range(150))
    for number in (1, 2):
        path = f"/dav/calendars/ann/calendar/{number}.ics"
        await Client(mailing, "ann").put(path, meeting(uid=str(number), lines=many))

    one = meeting(uid="b", organizer="bob", lines=many[:1])
    await Client(mailing, "bob").put(HIS, one)

    async def due(tx: WriteTx) -> list[str]:
        claimed = await tasks.claim(tx, tasks.MAIL, mailing.clock(), 60, 500)
        owners = await principals.names(tx, [each.owner_id for each in claimed])
        return sorted(owners[each.owner_id] for each in claimed)

    assert await mailing.db.write(due) == ["ann"] * 60 + ["bob"]
    assert await mailing.db.read(tasks.counts) == {(tasks.MAIL, tasks.State.WAITING): 301}


async def test_a_link_to_what_was_cancelled_leads_to_no_copy_of_it(scheduled: Server, ann: Client):
    key = b"k" * ticket.KEY_BYTES
    await ann.put(MINE, meeting(lines=(f"ATTENDEE:{EVE}",)))
    await ann("COPY", f"{ann.home}calendar/", Destination=f"{ann.home}copied/")
    await scheduled.db.write(partial(keys.ensure, name=keys.ANSWERS, new=key))
    owner = await principal(scheduled, "ann")
    token = ticket.sign(ticket.Ticket(owner.id, "m", EVE, 0, 2**40), key)
    find = partial(rsvp.find, token=token, rules=scheduled.rules, now=scheduled.clock())
    before = (await scheduled.db.read(find)).asked.answer

    await ann("DELETE", MINE)

    with pytest.raises(rsvp.Closed, match="over"):
        await scheduled.db.read(find)
    assert before == "NEEDS-ACTION"


async def test_what_others_send_fills_nobodys_calendars(server: Server):
    """Twice the quota is the most; what is there already is still kept as its organizer has it."""
    rules = Rules(domain="example.org", quota_bytes=4_000)
    deliverer = Deliverer(server.db, rules, server.clock)
    at_work = replace(server, scheduling=True, rules=rules)
    ann, bob = Client(at_work, "ann"), Client(at_work, "bob")
    long = (f"DESCRIPTION:{'x' * 1_000}",)
    for number in range(12):
        path = f"{ann.home}calendar/{number}.ics"
        await ann.put(path, meeting("bob", uid=f"m{number}", lines=long))
    await deliverer.settle(20)
    listed = await bob.propfind(f"{bob.home}calendar/", "D:getetag", depth="1")
    assert 1 < len(listed.hrefs) < 8
    assert await used(server.db, "bob") <= 2 * 4_000

    moved = meeting("bob", uid="m0", lines=long, start="20260908T100000Z", end="20260908T110000Z")
    await ann.put(f"{ann.home}calendar/0.ics", moved)
    await deliverer.settle(20)

    assert "20260908T100000Z" in (await only(bob, "m0"))[1]
