"""Rooms and resources that answer invitations by themselves (RFC 5546 §3.2.3, RFC 6638 §4)."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from caldavd.dav.server import Server, nothing
from caldavd.service.deliver import deliver
from caldavd.service.letter import Letter
from caldavd.store import principals, tasks
from caldavd.store.engine import WriteTx
from caldavd.store.tasks import Task
from tests.protocol.client import Client, declared, proppatch
from tests.protocol.conftest import add_user
from tests.protocol.meetings import (
    answering,
    meeting,
    messages,
    method,
    only,
    partstats,
    scheduling,
    statuses,
    unfolded,
)
from tests.protocol.people import delegate, make_group
from tests.protocol.rooms import BEFORE, make_room, set_room, ticking

MINE = "/dav/calendars/ann/calendar/m.ics"
HIS = "/dav/calendars/bob/calendar/b.ics"
DAILY = "RRULE:FREQ=DAILY;COUNT=5"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return ticking(server)


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


@pytest.fixture
async def lab(scheduled: Server) -> Client:
    return await make_room(scheduled)


async def asked(client: Client, *, uid: str = "m", **more: Any) -> tuple[str, str]:
    """What the lab answers to somebody who asks for it, and why."""
    path = f"{client.home}calendar/{uid}.ics"
    put = await client.put(path, meeting("lab", uid=uid, organizer=str(client.name), **more))
    assert put.status == 201
    return said(await text_of(client, path))


async def text_of(client: Client, path: str = MINE) -> str:
    return (await client("GET", path)).text


def said(text: str) -> tuple[str, str]:
    """The lab's answer in an organizer's object, and the comment in it."""
    quoted = r'(?:;[^:;"]*(?:"[^"]*")?)*'
    told = rf"^(?:X-CALENDARSERVER-ATTENDEE-)?COMMENT{quoted}:(.*)\r$"
    found = re.search(told, unfolded(text), re.MULTILINE)
    comment = found[1] if found else ""
    return partstats(text)["lab"], comment.replace("\\", "")


def answers(text: str) -> dict[str, str]:
    """The lab's answers by the start of the component that they stand in."""
    parts = re.findall(r"BEGIN:VEVENT.*?END:VEVENT", unfolded(text), re.DOTALL)
    return {
        (re.search(r"DTSTART[^:\r\n]*:(\w+)", part) or ["", ""])[1]: partstats(part)["lab"]
        for part in parts
    }


@pytest.mark.rfc("5546 3.2.3")
async def test_a_room_that_is_free_accepts(ann: Client, lab: Client):
    answer = await asked(ann)

    _, text = await only(lab)
    assert answer == ("ACCEPTED", "")
    assert partstats(text) == {"ann": "ACCEPTED", "lab": "ACCEPTED"}
    assert statuses(await text_of(ann)) == {"lab": "2.0"}
    assert [method(one) for one in await messages(ann)] == ["REPLY"]
    assert await messages(lab) == []


@pytest.mark.rfc("5546 3.2.3")
async def test_a_room_that_is_taken_declines_and_says_when(ann: Client, bob: Client, lab: Client):
    await asked(ann)

    answer = await asked(bob, uid="b")

    _, text = await only(lab, "b")
    assert answer == ("DECLINED", "Not free: Monday 7 September 2026, 10:00 (UTC).")
    assert partstats(text)["lab"] == "DECLINED"


async def test_a_room_declines_in_the_language_of_who_asked(
    scheduled: Server, ann: Client, lab: Client
):
    """Who has none is told in the server's."""
    await asked(ann)
    bob = Client(scheduling(replace(scheduled, language="fr"))[0], "bob")
    him = await scheduled.db.read(lambda tx: principals.by_name(tx, "bob"))
    assert him is not None
    codes = ("de", None)

    answers = []
    for uid, code in zip("bc", codes, strict=True):
        await scheduled.db.write(partial(principals.set_language, id_=him.id, code=code))
        answers.append(await asked(bob, uid=uid))

    assert answers == [
        ("DECLINED", "Nicht frei: Montag, 7. September 2026, 10:00 Uhr (UTC)."),
        ("DECLINED", "Pas libre\u00a0: lundi 7 septembre 2026, 10:00 (UTC)."),
    ]


async def test_what_follows_at_once_is_no_conflict(ann: Client, bob: Client, lab: Client):
    await asked(ann)

    answer = await asked(bob, uid="b", start="20260907T110000Z", end="20260907T120000Z")

    assert answer == ("ACCEPTED", "")


async def test_what_a_room_declined_keeps_it_free(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", longest_s=3_600)
    await asked(ann, end="20260907T150000Z")

    answer = await asked(bob, uid="b")

    assert answer == ("ACCEPTED", "")


async def test_what_somebody_declined_keeps_nobody_busy(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    place, text = await only(bob)
    before = await busy(ann, "bob")
    await bob.put(place, answering(text, "bob", "DECLINED"))

    after = await busy(ann, "bob")

    assert (before, after) == (["20260907T100000Z/20260907T110000Z"], [])
    assert await busy(bob, "ann") == ["20260907T100000Z/20260907T110000Z"]


async def busy(client: Client, name: str) -> list[str]:
    """When somebody is busy that day."""
    body = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nMETHOD:REQUEST\r\n"
        "BEGIN:VFREEBUSY\r\nUID:f\r\nDTSTAMP:20260901T000000Z\r\nDTSTART:20260907T000000Z\r\n"
        f"DTEND:20260908T000000Z\r\nORGANIZER:mailto:{client.name}@example.org\r\n"
        f"ATTENDEE:mailto:{name}@example.org\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    answer = await client("POST", f"{client.home}outbox/", body, Content_Type="text/calendar")
    assert answer.status == 200
    return re.findall(r"FREEBUSY[^:\r\n]*:(\w+/\w+)", answer.text)


async def test_what_others_see_through_takes_the_room(ann: Client, bob: Client, lab: Client):
    await asked(ann, lines=("TRANSP:TRANSPARENT",))

    answer = await asked(bob, uid="b")

    assert answer[0] == "DECLINED"


async def test_a_series_that_is_taken_once_is_declined(ann: Client, bob: Client, lab: Client):
    await asked(ann, start="20260909T103000Z", end="20260909T113000Z")

    answer = await asked(bob, uid="b", lines=(DAILY,))

    assert answer == ("DECLINED", "Not free: Wednesday 9 September 2026, 10:00 (UTC).")


async def test_conflicts_that_are_allowed_are_declined_by_instance(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", conflicts_percent=20)
    await asked(ann, start="20260909T103000Z", end="20260909T113000Z")

    await asked(bob, uid="b", lines=(DAILY,))

    expected = {"20260907T100000Z": "ACCEPTED", "20260909T100000Z": "DECLINED"}
    assert answers(await text_of(bob, HIS)) == expected
    _, text = await only(lab, "b")
    assert answers(text) == expected
    assert await busy_days(bob) == ["07", "08", "09", "10", "11"]


async def busy_days(client: Client) -> list[str]:
    """The days of that week on which the lab cannot be had at half past ten."""
    found = []
    for day in range(7, 14):
        uid = f"probe{day}"
        start, end = f"202609{day:02}T103000Z", f"202609{day:02}T104500Z"
        if (await asked(client, uid=uid, start=start, end=end))[0] == "DECLINED":
            found.append(f"{day:02}")
    return found


async def test_a_conflict_is_declined_in_the_zone_of_its_series(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", conflicts_percent=20)
    await asked(ann, start="20260909T103000Z", end="20260909T113000Z")
    berlin = {"start": "Europe/Berlin:20260907T120000", "end": "Europe/Berlin:20260907T130000"}

    await asked(bob, uid="b", lines=(DAILY,), **berlin)

    assert answers(await text_of(bob, HIS)) == {
        "20260907T120000": "ACCEPTED",
        "20260909T120000": "DECLINED",
    }


async def test_an_all_day_meeting_takes_the_day_of_the_room(ann: Client, bob: Client, lab: Client):
    await asked(ann, start="20260907", end="20260908")

    assert (await asked(bob, uid="b"))[0] == "DECLINED"
    assert (await asked(bob, uid="c", start="20260908", end="20260909"))[0] == "ACCEPTED"


async def test_more_conflicts_than_are_allowed_decline_the_series(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", conflicts_percent=39)
    await asked(ann, lines=("RRULE:FREQ=DAILY;COUNT=2",))

    answer = await asked(bob, uid="b", lines=(DAILY,))

    assert answer == (
        "DECLINED",
        "Not free: Monday 7 September 2026, 10:00 (UTC); Tuesday 8 September 2026, 10:00 (UTC).",
    )


async def test_an_endless_series_is_checked_in_a_year(ann: Client, bob: Client, lab: Client):
    await asked(ann, start="20270906T100000Z", end="20270906T110000Z")

    answer = await asked(bob, uid="b", lines=("RRULE:FREQ=WEEKLY",))

    assert answer == ("DECLINED", "Not free: Monday 6 September 2027, 10:00 (UTC).")


@pytest.mark.rfc("6638 3.2.8")
async def test_a_meeting_that_is_moved_is_decided_anew(ann: Client, bob: Client, lab: Client):
    await asked(ann)
    await asked(bob, uid="b", start="20260907T120000Z", end="20260907T130000Z")

    text = (await text_of(ann)).replace("T100000Z", "T120000Z").replace("T110000Z", "T130000Z")
    assert (await ann.put(MINE, text)).status == 204

    assert said(await text_of(ann)) == (
        "DECLINED",
        "Not free: Monday 7 September 2026, 12:00 (UTC).",
    )
    assert await asked(bob, uid="c") == ("ACCEPTED", "")


async def test_a_meeting_moved_to_where_the_room_is_free_is_accepted(
    ann: Client, bob: Client, lab: Client
):
    await asked(bob, uid="b")
    assert (await asked(ann))[0] == "DECLINED"

    text = (await text_of(ann)).replace("T100000Z", "T120000Z").replace("T110000Z", "T130000Z")
    await ann.put(MINE, text)

    assert partstats(await text_of(ann))["lab"] == "ACCEPTED"


async def test_a_meeting_may_overlap_with_where_it_was(ann: Client, lab: Client):
    await asked(ann)

    text = (await text_of(ann)).replace("T100000Z", "T103000Z").replace("T110000Z", "T113000Z")
    await ann.put(MINE, text)

    assert partstats(await text_of(ann))["lab"] == "ACCEPTED"


async def test_one_instance_that_is_moved_is_decided_by_itself(
    ann: Client, bob: Client, lab: Client
):
    await asked(bob, uid="b", start="20260908T140000Z", end="20260908T150000Z")
    await asked(ann, lines=(DAILY,))
    text = await text_of(ann)
    (master,) = re.findall(r"BEGIN:VEVENT.*?END:VEVENT\r\n", text, re.DOTALL)
    moved = (
        unfolded(master)
        .replace(f"{DAILY}\r\n", "RECURRENCE-ID:20260908T100000Z\r\n")
        .replace("DTSTART:20260907T10", "DTSTART:20260908T14")
        .replace("DTEND:20260907T11", "DTEND:20260908T15")
    )

    await ann.put(MINE, text.replace(master, master + moved))

    assert answers(await text_of(ann)) == {
        "20260907T100000Z": "ACCEPTED",
        "20260908T140000Z": "DECLINED",
    }


@pytest.mark.rfc("5546 3.2.5")
async def test_a_meeting_that_is_cancelled_frees_the_room(ann: Client, bob: Client, lab: Client):
    await asked(ann)
    await ann("DELETE", MINE)

    answer = await asked(bob, uid="b")

    assert answer == ("ACCEPTED", "")


async def test_what_another_attendee_answers_changes_nothing(ann: Client, bob: Client, lab: Client):
    await ann.put(MINE, meeting("lab", "bob"))
    _, before = await only(lab)
    place, text = await only(bob)

    await bob.put(place, answering(text, "bob", "ACCEPTED"))

    _, after = await only(lab)
    assert partstats(before) == {"ann": "ACCEPTED", "lab": "ACCEPTED", "bob": "NEEDS-ACTION"}
    assert (
        partstats(after) == partstats(await text_of(ann)) == partstats(before) | {"bob": "ACCEPTED"}
    )


@pytest.mark.parametrize(
    ("terms", "more", "reason"),
    [
        ({"ahead_days": 6}, {}, "It can be booked 6 days ahead at most."),
        ({"ahead_days": 1}, {"lines": (DAILY,)}, "It can be booked 1 day ahead at most."),
        ({"longest_s": 3_000}, {}, "It can be booked for 50 minutes at most."),
        ({}, {"start": "20260807T100000Z", "end": "20260807T110000Z"}, "It is over."),
    ],
)
async def test_what_the_terms_do_not_allow_is_declined_and_says_so(
    scheduled: Server,
    ann: Client,
    lab: Client,
    terms: dict[str, int],
    more: dict[str, Any],
    reason: str,
):
    await set_room(scheduled, "lab", **terms)

    assert await asked(ann, **more) == ("DECLINED", reason)


async def test_what_the_terms_just_allow_is_accepted(scheduled: Server, ann: Client, lab: Client):
    await set_room(scheduled, "lab", ahead_days=7, longest_s=3_600)

    assert await asked(ann) == ("ACCEPTED", "")


async def test_only_those_who_may_book_get_the_room(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await make_group(scheduled, "office", "ann")
    await make_group(scheduled, "staff", "office")
    await set_room(scheduled, "lab", bookers="staff")

    answers = [await asked(bob, uid="b"), await asked(ann)]

    assert answers == [
        ("DECLINED", "You are not among those who can book it."),
        ("ACCEPTED", ""),
    ]


async def test_a_room_says_when_it_is_open(ann: Client, lab: Client):
    hours = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VAVAILABILITY\r\nUID:v\r\n"
        "DTSTAMP:20260101T000000Z\r\nBEGIN:AVAILABLE\r\nUID:w\r\nDTSTAMP:20260101T000000Z\r\n"
        "DTSTART;TZID=Europe/Berlin:20260101T100000\r\n"
        "DTEND;TZID=Europe/Berlin:20260101T123000\r\nRRULE:FREQ=DAILY\r\n"
        "END:AVAILABLE\r\nEND:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
    )
    element = f"<C:calendar-availability>{hours}</C:calendar-availability>"
    await lab("PROPPATCH", f"{lab.home}inbox/", proppatch(set_=element))

    answers = [await asked(ann), await asked(ann, uid="early", end="20260907T103000Z")]

    says = (
        "Not open: Monday 7 September 2026, 10:00 (UTC). "
        "It is open: Monday–Sunday 10:00–12:30 (Europe/Berlin)."
    )
    assert answers == [("DECLINED", says), ("ACCEPTED", "")]


async def test_a_manual_room_waits_for_a_delegate_who_accepts(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", policy="manual")
    await delegate(lab, "write", "bob")
    assert await asked(ann) == ("NEEDS-ACTION", "")
    place, text = await only(lab)

    accepted = await bob.put(place, answering(text, "lab", "ACCEPTED"))

    assert accepted.status == 204
    assert partstats(await text_of(ann)) == {"ann": "ACCEPTED", "lab": "ACCEPTED"}


async def test_who_is_no_delegate_accepts_nothing_for_a_room(
    scheduled: Server, ann: Client, bob: Client, lab: Client
):
    await set_room(scheduled, "lab", policy="manual")
    await asked(ann)
    place, text = await only(lab)

    refused = await bob.put(place, answering(text, "lab", "ACCEPTED"))

    assert refused.status in (403, 404)
    assert partstats(await text_of(ann))["lab"] == "NEEDS-ACTION"


async def test_a_resource_answers_like_a_room(scheduled: Server, ann: Client):
    await make_room(scheduled, "van", "resource")

    await ann.put(MINE, meeting("van"))

    assert partstats(await text_of(ann))["van"] == "ACCEPTED"


@pytest.mark.rfc("6638 2.4.2")
@pytest.mark.parametrize(("kind", "name"), [("ROOM", "lab"), ("RESOURCE", "van")])
async def test_clients_find_rooms_and_resources(
    scheduled: Server, ann: Client, lab: Client, kind: str, name: str
):
    await make_room(scheduled, "van", "resource")
    body = (
        f"<D:principal-property-search {declared()}><D:property-search>"
        f"<D:prop><C:calendar-user-type/></D:prop><D:match match-type='equals'>{kind}</D:match>"
        "</D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>"
    )

    answer = await ann("REPORT", "/dav/principals/", body)

    assert answer.hrefs == [f"/dav/principals/{name}/"]


@pytest.fixture
async def bookers(server: Server) -> list[str]:
    """32 users beside a room."""
    names = [f"u{number}" for number in range(32)]
    for name in names:
        await add_user(server.db, name, name)
    await make_room(server)
    return names


async def book(client: Client) -> int:
    """The status of a request for the lab for the same hour as everybody's."""
    text = meeting("lab", uid=str(client.name), organizer=str(client.name))
    return (await client.put(f"{client.home}calendar/{client.name}.ics", text)).status


async def told(clients: list[Client]) -> list[str]:
    """The answers of the lab in the calendars of all, in order."""
    paths = [(one, f"{one.home}calendar/{one.name}.ics") for one in clients]
    return sorted([partstats(await text_of(*one))["lab"] for one in paths])


async def test_of_many_who_ask_for_one_hour_at_once_one_gets_it(server: Server, bookers: list[str]):
    clients = [Client(ticking(server), name) for name in bookers]

    statuses = await asyncio.gather(*(book(client) for client in clients))

    await ticking(server, BEFORE + 3_600).settle()
    assert statuses == [201] * 32
    assert await told(clients) == ["ACCEPTED"] + ["DECLINED"] * 31


async def test_of_many_requests_that_are_delivered_at_once_one_gets_the_room(
    server: Server, bookers: list[str]
):
    one_clock = ticking(server)
    clients = [Client(replace(one_clock, settle=nothing), name) for name in bookers]
    assert await asyncio.gather(*(book(client) for client in clients)) == [201] * 32
    claim = partial(tasks.claim, kind=tasks.ITIP, now=BEFORE + 3_600, lease_s=60, limit=50)
    claimed = await server.db.write(claim)
    wanted = [one.message_id for one in claimed if one.message_id is not None]
    found = await server.db.read(partial(tasks.messages, ids_=wanted))

    async def deliver_one(of: Task) -> None:
        async def work(tx: WriteTx) -> None:
            assert of.message_id is not None
            letter = Letter(found[of.message_id])
            await deliver(tx, one_clock.rules, of, letter, BEFORE + 3_600)
            await tasks.done(tx, [of.id])

        await server.db.write(work)

    await asyncio.gather(*(deliver_one(of) for of in claimed))

    await ticking(server, BEFORE + 3_601).settle()
    assert len(claimed) == 32
    assert await told(clients) == ["ACCEPTED"] + ["DECLINED"] * 31
