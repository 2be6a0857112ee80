"""Meetings between the users of one server (RFC 6638 §3.2): invite, answer, change, cancel."""

from __future__ import annotations

import re

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import Client
from tests.protocol.conftest import add_user
from tests.protocol.meetings import (
    answering,
    held,
    meeting,
    messages,
    method,
    only,
    partstats,
    scheduling,
    statuses,
)
from tests.protocol.people import ace, delegate, grant, href
from tests.protocol.recorded import Recorded
from tests.unit.builders import event

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
MINE = "/dav/calendars/ann/calendar/m.ics"
BOB = "ATTENDEE:mailto:bob@example.org"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


@pytest.fixture
async def carl(scheduled: Server) -> Client:
    await add_user(scheduled.db, "carl", "Carl Example")
    return Client(scheduled, "carl")


@pytest.mark.rfc("6638 3.2.1.1")
async def test_who_is_invited_has_the_meeting_in_the_calendar_and_the_inbox(
    ann: Client, bob: Client
):
    put = await ann.put(MINE, meeting("bob"))

    assert (put.status, "ETag" in put.headers, bool(put.headers["Schedule-Tag"])) == (
        201,
        False,
        True,
    )
    _, text = await only(bob)
    assert partstats(text) == {"ann": "ACCEPTED", "bob": "NEEDS-ACTION"}
    assert "METHOD" not in text
    assert [method(one) for one in await messages(bob)] == ["REQUEST"]
    assert statuses((await ann("GET", MINE)).text) == {"bob": "1.2"}


@pytest.mark.rfc("6638 3.2.2.3")
async def test_an_answer_reaches_the_organizer(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    before = await ann("GET", MINE)
    place, text = await only(bob)
    mine = await bob("GET", place)

    answered = await bob.put(place, answering(text, "bob", "ACCEPTED"))

    after = await ann("GET", MINE)
    assert answered.status == 204
    assert partstats(after.text)["bob"] == "ACCEPTED"
    assert statuses(after.text)["bob"] == "2.0"
    assert after.headers["Schedule-Tag"] == before.headers["Schedule-Tag"]
    assert after.etag != before.etag
    assert (await bob("GET", place)).headers["Schedule-Tag"] == mine.headers["Schedule-Tag"]
    assert [method(one) for one in await messages(ann)] == ["REPLY"]


@pytest.mark.rfc("6638 4.2")
async def test_other_attendees_learn_of_an_answer(ann: Client, bob: Client, carl: Client):
    await ann.put(MINE, meeting("bob", "carl"))
    place, text = await only(bob)
    told = len(await messages(carl))

    await bob.put(place, answering(text, "bob", "TENTATIVE"))

    _, seen = await only(carl)
    assert partstats(seen) == {"ann": "ACCEPTED", "bob": "TENTATIVE", "carl": "NEEDS-ACTION"}
    assert len(await messages(carl)) == told


@pytest.mark.rfc("6638 3.2.8")
async def test_a_meeting_that_is_moved_asks_everybody_again(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))
    mine = (await ann("GET", MINE)).text

    await ann.put(MINE, mine.replace("T100000Z", "T120000Z").replace("T110000Z", "T130000Z"))

    again, seen = await only(bob)
    assert again == place
    assert "DTSTART:20260907T120000Z" in seen
    assert partstats(seen)["bob"] == "NEEDS-ACTION"
    assert "SEQUENCE:1" in seen
    assert partstats((await ann("GET", MINE)).text)["bob"] == "NEEDS-ACTION"


@pytest.mark.rfc("6638 3.2.1.3")
async def test_a_meeting_that_is_deleted_is_cancelled_for_all(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))

    deleted = await ann("DELETE", MINE)

    _, seen = await only(bob)
    assert deleted.status == 204
    assert "STATUS:CANCELLED" in seen
    assert [method(one) for one in await messages(bob)] == ["CANCEL"]


@pytest.mark.rfc("6638 3.2.2.4")
@pytest.mark.parametrize(("header", "partstat"), [("", "DECLINED"), ("F", "NEEDS-ACTION")])
async def test_who_deletes_an_invitation_declines_unless_told_not_to(
    ann: Client, bob: Client, header: str, partstat: str
):
    await ann.put(MINE, meeting("bob"))
    place, _ = await only(bob)

    deleted = await bob("DELETE", place, **({"Schedule_Reply": header} if header else {}))

    assert deleted.status == 204
    assert await held(bob) == {}
    assert partstats((await ann("GET", MINE)).text)["bob"] == partstat


@pytest.mark.rfc("6638 3.2.1.2")
async def test_who_is_taken_out_of_a_meeting_is_told(ann: Client, bob: Client, carl: Client):
    await ann.put(MINE, meeting("bob", "carl"))

    await ann.put(MINE, meeting("carl"))

    assert "STATUS:CANCELLED" in (await only(bob))[1]
    assert "CANCELLED" not in (await only(carl))[1]


@pytest.mark.rfc("6638 3.2.6")
async def test_who_is_asked_to_one_instance_has_that_alone(ann: Client, bob: Client):
    once = meeting("bob", start="20260908T150000Z", end="20260908T160000Z")
    instance = once[once.index("BEGIN:VEVENT") : once.index("END:VCALENDAR")]
    instance = instance.replace("UID:m\r\n", "UID:m\r\nRECURRENCE-ID:20260908T100000Z\r\n")
    series = meeting(rrule="FREQ=DAILY;COUNT=3").replace(
        "END:VCALENDAR", instance + "END:VCALENDAR"
    )

    put = await ann.put(MINE, series)

    _, seen = await only(bob)
    assert put.status == 201
    assert "RRULE" not in seen
    assert re.findall(r"DTSTART:(\w+)", seen) == ["20260908T150000Z"]


@pytest.mark.rfc("6638 7.1")
async def test_the_server_tells_nobody_whom_a_client_tells(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob;SCHEDULE-AGENT=CLIENT"))

    assert (await held(bob), await messages(bob)) == ({}, [])


@pytest.mark.rfc("6638 3.2.9")
async def test_whom_a_message_cannot_reach_is_told_to_the_organizer(ann: Client, bob: Client):
    await grant(bob, f"{bob.home}inbox/")
    await ann.put(MINE, meeting("bob", "nobody"))
    text = (await ann("GET", MINE)).text

    assert statuses(text) == {"bob": "3.8", "nobody": "3.7"}
    assert (await held(bob), await messages(bob)) == ({}, [])


@pytest.mark.rfc("6638 3.2.4.1")
async def test_a_meeting_is_in_one_calendar_of_its_owner(ann: Client, bob: Client):
    await ann("MKCALENDAR", f"{ann.home}other/")
    await ann.put(MINE, meeting("bob"))

    refused = await ann.put(f"{ann.home}other/m.ics", meeting("bob"))

    assert (refused.status, refused.condition) == (
        403,
        CALDAV + "unique-scheduling-object-resource",
    )
    assert MINE in refused.text
    assert await held(ann, calendar="other") == {}


@pytest.mark.rfc("6638 3.2.2.1")
async def test_an_attendee_moves_no_meeting(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    place, text = await only(bob)

    refused = await bob.put(place, text.replace("T100000Z", "T120000Z"))

    assert refused.condition == CALDAV + "allowed-attendee-scheduling-object-change"
    assert (await only(bob))[1] == text


@pytest.mark.rfc("6638 6.2.2")
async def test_a_delegate_invites_for_the_owner_and_who_only_writes_does_not(
    ann: Client, bob: Client, carl: Client
):
    await delegate(ann, "write", "carl")
    await grant(ann, f"{ann.home}tasks/", ace(href("bob"), "D:read", "D:write"))
    await grant(ann, f"{ann.home}calendar/", ace(href("bob"), "D:read", "D:write"))

    invited = await carl.put(MINE, meeting("bob"))
    refused = await bob.put(f"{ann.home}calendar/n.ics", meeting("carl", uid="n"))

    assert invited.status == 201
    assert len(await held(bob)) == 1
    assert refused.condition == "{DAV:}need-privileges"
    assert "schedule-send-invite" in refused.text
    assert await held(carl, "n") == {}


@pytest.mark.rfc("6638 3.2.1.3")
async def test_a_calendar_that_is_deleted_cancels_its_meetings(ann: Client, bob: Client):
    await ann("MKCALENDAR", f"{ann.home}other/")
    await ann.put(f"{ann.home}other/m.ics", meeting("bob"))

    deleted = await ann("DELETE", f"{ann.home}other/")

    assert deleted.status == 204
    assert "STATUS:CANCELLED" in (await only(bob))[1]


@pytest.mark.rfc("6638 3.2.1.3")
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
async def test_a_calendar_that_is_replaced_cancels_its_meetings(
    ann: Client, bob: Client, method: str
):
    other, newer = f"{ann.home}other/", f"{ann.home}newer/"
    await ann("MKCALENDAR", other)
    await ann("MKCALENDAR", newer)
    await ann.put(f"{other}m.ics", meeting("bob"))

    replaced = await ann(method, newer, Destination=other)

    assert replaced.status == 204
    assert "STATUS:CANCELLED" in (await only(bob))[1]


@pytest.mark.rfc("6638 6.2.2")
async def test_who_may_not_send_for_its_owner_replaces_no_calendar_with_meetings(
    ann: Client, bob: Client, carl: Client
):
    other, newer = f"{ann.home}other/", f"{ann.home}newer/"
    await ann("MKCALENDAR", other)
    await ann("MKCALENDAR", newer)
    await ann.put(f"{other}m.ics", meeting("bob"))
    await grant(ann, ann.home, ace(href("carl"), "D:read", "D:write"))

    refused = await carl("MOVE", newer, Destination=other)

    assert (refused.status, refused.condition) == (403, "{DAV:}need-privileges")
    assert "schedule-send-invite" in refused.text
    assert (await ann("GET", f"{other}m.ics")).status == 200
    assert "STATUS:CANCELLED" not in (await only(bob))[1]


async def test_alarms_of_an_attendee_stay_theirs(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    place, text = await only(bob)
    alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:bobs\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"

    await bob.put(place, text.replace("END:VEVENT", alarm + "END:VEVENT"))
    mine = (await ann("GET", MINE)).text
    await ann.put(MINE, mine.replace("SUMMARY:Meeting", "SUMMARY:Talk"))

    assert "bobs" not in mine
    _, seen = await only(bob)
    assert "SUMMARY:Talk" in seen
    assert "DESCRIPTION:bobs" in seen


async def test_an_event_without_others_costs_no_statement_more(scheduled: Server, ann: Client):
    await ann.put(f"{ann.home}calendar/a.ics", event(uid="a"))
    counts = []
    for server in (Server(Recorded(scheduled.db), scheduled.auth), scheduled):
        recorded = Recorded(scheduled.db)
        client = Client(scheduling(Server(recorded, server.auth))[0], "ann")
        if server is not scheduled:
            client = Client(Server(recorded, server.auth), "ann")
        await client.put(f"{ann.home}calendar/a.ics", event(uid="a", summary=str(len(counts))))
        counts.append(len(recorded.noted))

    assert counts[0] == counts[1]


@pytest.mark.rfc("6638 3.2.3.4", "6638 3.2.4.1")
async def test_a_meeting_moves_between_ones_own_calendars_and_nobody_is_told(
    ann: Client, bob: Client
):
    await ann("MKCALENDAR", f"{ann.home}other/")
    await ann.put(MINE, meeting("bob"))
    tag = (await ann("GET", MINE)).headers["Schedule-Tag"]
    told = await messages(bob)

    copied = await ann("COPY", MINE, Destination=f"{ann.home}other/m.ics")
    moved = await ann("MOVE", MINE, Destination=f"{ann.home}other/m.ics")

    assert copied.condition == CALDAV + "unique-scheduling-object-resource"
    assert moved.status == 201
    assert moved.headers["Schedule-Tag"] == tag
    assert (await ann("GET", f"{ann.home}other/m.ics")).headers["Schedule-Tag"] == tag
    assert await messages(bob) == told


@pytest.mark.rfc("6638 3.2.10")
@pytest.mark.parametrize("method_", ["COPY", "MOVE"])
async def test_what_is_brought_to_somebody_else_has_a_tag_of_theirs(
    ann: Client, bob: Client, method_: str
):
    await grant(bob, f"{bob.home}calendar/", ace(href("ann"), "D:read", "D:write"))
    await ann.put(MINE, event(uid="m", lines=["ORGANIZER:mailto:x@elsewhere.example", BOB]))
    there = f"{bob.home}calendar/m.ics"

    brought = await ann(method_, MINE, Destination=there)

    assert brought.status == 201
    assert brought.headers["Schedule-Tag"] == (await bob("GET", there)).headers["Schedule-Tag"]


@pytest.mark.rfc("6638 3.2.3.3")
async def test_a_copied_calendar_invites_nobody(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    told = await messages(bob)

    copied = await ann("COPY", f"{ann.home}calendar/", Destination=f"{ann.home}copy/")

    assert copied.status == 201
    assert await messages(bob) == told
    assert "Schedule-Tag" not in (await ann("GET", f"{ann.home}copy/m.ics")).headers


@pytest.mark.rfc("6638 3.2.1")
async def test_who_cannot_be_reached_is_answered_for_by_the_organizer(ann: Client):
    await ann.put(MINE, meeting("zoe"))
    text = (await ann("GET", MINE)).text

    await ann.put(MINE, answering(text, "zoe", "ACCEPTED"))

    assert partstats((await ann("GET", MINE)).text)["zoe"] == "ACCEPTED"


@pytest.mark.rfc("6638 3.2.4.2")
async def test_the_instances_of_a_meeting_have_one_organizer(ann: Client, bob: Client):
    other = meeting("bob", organizer="bob", start="20260908T150000Z", end="20260908T160000Z")
    instance = other[other.index("BEGIN:VEVENT") : other.index("END:VCALENDAR")]
    instance = instance.replace("UID:m\r\n", "UID:m\r\nRECURRENCE-ID:20260908T100000Z\r\n")
    series = meeting("bob", rrule="FREQ=DAILY;COUNT=3")

    refused = await ann.put(MINE, series.replace("END:VCALENDAR", instance + "END:VCALENDAR"))

    assert refused.condition == CALDAV + "same-organizer-in-all-components"
    assert (await held(ann), await held(bob)) == ({}, {})


@pytest.mark.rfc("6638 3.2.4.3")
async def test_an_organizer_gives_no_meeting_away(ann: Client, bob: Client):
    await ann.put(MINE, meeting("bob"))
    before = (await ann("GET", MINE)).text

    refused = await ann.put(MINE, meeting("ann", organizer="bob"))

    assert refused.condition == CALDAV + "allowed-organizer-scheduling-object-change"
    assert (await ann("GET", MINE)).text == before
