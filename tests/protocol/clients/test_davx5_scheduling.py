"""DAVx5 has no inbox: what is asked and answered on Android stands in the calendar."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import Client
from tests.protocol.clients.wire import data, hrefs, text_of, wire
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

C = "{urn:ietf:params:xml:ns:caldav}"
HERS = "/dav/calendars/ann/calendar/m.ics"
HIS = "/dav/calendars/bob/calendar/"
SENT = {"Content_Type": "application/xml; charset=UTF-8"}
ICS = "text/calendar; charset=utf-8"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def downloaded(client: Client, path: str) -> tuple[str, str, str]:
    """An object as it is downloaded: its URL, its Schedule-Tag and its text."""
    synced = await client("REPORT", path, wire("davx5/sync", token="", limit=""), Depth="0", **SENT)
    (href,) = synced.hrefs
    found = await client("REPORT", path, wire("davx5/multiget", hrefs=hrefs([href])), **SENT)
    assert text_of(found, "{DAV:}getetag") == text_of(synced, "{DAV:}getetag")
    return href, text_of(found, C + "schedule-tag"), data(found)[href]


async def test_an_invitation_stands_in_the_calendar_with_its_tag(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"), If_None_Match="*")

    href, tag, text = await downloaded(bob, HIS)

    assert (await bob("GET", href)).headers["Schedule-Tag"] == tag
    assert (method(text), partstats(text)) == ("", {"ann": "ACCEPTED", "bob": "NEEDS-ACTION"})


@pytest.mark.rule("G22")
async def test_an_answer_is_uploaded_under_the_tag_which_stays(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    href, tag, text = await downloaded(bob, HIS)
    answers = ("TENTATIVE", "ACCEPTED")

    puts = [
        await bob.put(href, answering(text, "bob", one), If_Schedule_Tag_Match=tag)
        for one in answers
    ]

    hers = (await ann("GET", HERS)).text
    assert [(put.status, put.headers["Schedule-Tag"]) for put in puts] == [(204, tag)] * 2
    assert (partstats(hers)["bob"], statuses(hers)["bob"]) == ("ACCEPTED", "2.0")


@pytest.mark.rfc("6638 3.2.10.1")
async def test_what_the_organizer_changed_meanwhile_wins(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    href, tag, text = await downloaded(bob, HIS)
    hers = (await ann("GET", HERS)).text
    await ann.put(HERS, hers.replace("T100000Z", "T103000Z"))

    answered = await bob.put(href, answering(text, "bob", "ACCEPTED"), If_Schedule_Tag_Match=tag)
    deleted = await bob("DELETE", href, If_Schedule_Tag_Match=tag)

    assert (answered.status, deleted.status) == (412, 412)
    _, newer, text = await downloaded(bob, HIS)
    assert newer != tag
    assert "DTSTART:20260907T103000Z" in text


async def test_a_meeting_that_is_made_on_the_phone_invites(ann: Client, bob: Client):
    put = await ann.put(HERS, meeting("bob"), If_None_Match="*", Content_Type=ICS)

    href, tag, text = await downloaded(ann, ann.home + "calendar/")
    _, mine = await only(bob)
    assert (put.status, "ETag" in put.headers, put.headers["Schedule-Tag"]) == (201, False, tag)
    assert (href, statuses(text), partstats(mine)["bob"]) == (HERS, {"bob": "1.2"}, "NEEDS-ACTION")


async def test_an_answer_does_not_stand_in_the_way_of_the_organizers_upload(
    ann: Client, bob: Client
):
    await ann.put(HERS, meeting("bob"))
    _, tag, text = await downloaded(ann, ann.home + "calendar/")
    path, mine = await only(bob)
    await bob.put(path, answering(mine, "bob", "ACCEPTED"))

    changed = text.replace("SUMMARY:Meeting", "SUMMARY:Talk")
    put = await ann.put(HERS, changed, If_Schedule_Tag_Match=tag)

    assert put.status == 204
    hers = (await ann("GET", HERS)).text
    assert ("SUMMARY:Talk" in hers, partstats(hers)["bob"]) == (True, "ACCEPTED")
    assert "SUMMARY:Talk" in (await only(bob))[1]


async def test_who_deletes_an_invitation_declines(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    href, tag, _ = await downloaded(bob, HIS)

    deleted = await bob("DELETE", href, If_Schedule_Tag_Match=tag)

    assert (deleted.status, await held(bob)) == (204, {})
    assert partstats((await ann("GET", HERS)).text)["bob"] == "DECLINED"


async def test_who_deletes_a_meeting_cancels_it(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    _, tag, _ = await downloaded(ann, ann.home + "calendar/")

    deleted = await ann("DELETE", HERS, If_Schedule_Tag_Match=tag)

    assert deleted.status == 204
    assert "STATUS:CANCELLED" in (await downloaded(bob, HIS))[2]
    assert [method(one) for one in await messages(bob)] == ["CANCEL"]


async def test_the_messages_it_leaves_in_the_inbox_are_one_a_meeting(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    for summary in ("One", "Two", "Three"):
        hers = (await ann("GET", HERS)).text
        line = next(one for one in hers.split("\r\n") if one.startswith("SUMMARY:"))
        await ann.put(HERS, hers.replace(line, f"SUMMARY:{summary}"))

    (message,) = await messages(bob)
    assert "SUMMARY:Three" in message


async def test_a_meeting_that_an_attendee_moves_is_refused_by_its_element(ann: Client, bob: Client):
    await ann.put(HERS, meeting("bob"))
    href, tag, text = await downloaded(bob, HIS)

    moved = text.replace("T100000Z", "T103000Z")
    refused = await bob.put(href, moved, If_Schedule_Tag_Match=tag)

    condition = C + "allowed-attendee-scheduling-object-change"
    assert (refused.status, refused.condition) == (403, condition)
    assert await downloaded(bob, HIS) == (href, tag, text)
