"""Meetings that were imported: whom their first changes tell (RFC 6638 §3.2.1)."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from caldavd.ical.parse import parse
from caldavd.service import import_, named
from caldavd.store.engine import WriteTx
from tests.protocol.client import Client
from tests.protocol.meetings import (
    answering,
    held,
    meeting,
    messages,
    only,
    partstats,
    scheduling,
    statuses,
)

NOW = 1_800_000_000
ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
ANSWERED = meeting("bob;PARTSTAT=ACCEPTED", lines=("SEQUENCE:3",))


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def imported(client: Client, text: str) -> str:
    """Imports an object into somebody's calendar: its URL."""

    async def work(tx: WriteTx) -> list[import_.Outcome]:
        owner = await named.account(tx, str(client.name))
        calendar = await named.calendar(tx, owner, "calendar")
        return await import_.take(tx, calendar, [parse(text.encode())], NOW, 0)

    (outcome,) = await client.server.db.write(work)
    assert outcome.refused is None
    return (await only(client))[0]


def with_alarm(text: str) -> str:
    return text.replace("END:VEVENT", f"{ALARM}END:VEVENT")


@pytest.mark.rfc("6638 3.2.1.1")
async def test_an_import_invites_nobody(ann: Client, bob: Client):
    url = await imported(ann, ANSWERED)

    assert "Schedule-Tag" not in (await ann("GET", url)).headers
    assert (await held(bob), await messages(bob)) == ({}, [])


@pytest.mark.rfc("6638 3.2.1.2")
@pytest.mark.parametrize("change", [with_alarm, str])
async def test_what_is_ones_own_tells_nobody_of_an_imported_meeting(
    ann: Client, bob: Client, change
):
    url = await imported(ann, ANSWERED)

    put = await ann.put(url, change(ANSWERED))

    assert (put.status, "Schedule-Tag" in put.headers) == (204, True)
    assert (await held(bob), await messages(bob)) == ({}, [])
    assert partstats((await ann("GET", url)).text)["bob"] == "ACCEPTED"


@pytest.mark.rfc("6638 3.2.1.2")
@pytest.mark.parametrize(
    ("old", "new", "answer"),
    [("SUMMARY:Meeting", "SUMMARY:Other", "ACCEPTED"), ("T110000Z", "T120000Z", "NEEDS-ACTION")],
)
async def test_the_first_change_of_an_imported_meeting_invites(
    ann: Client, bob: Client, old: str, new: str, answer: str
):
    url = await imported(ann, ANSWERED)
    await ann.put(url, with_alarm(ANSWERED))

    await ann.put(url, with_alarm(ANSWERED).replace(old, new))

    _, text = await only(bob)
    mine = (await ann("GET", url)).text
    assert (new in text, partstats(text)["bob"], partstats(mine)["bob"]) == (True, answer, answer)
    assert statuses(mine) == {"bob": "1.2"}
    assert len(await messages(bob)) == 1


@pytest.mark.rfc("6638 3.2.2.3")
async def test_an_answer_to_an_imported_invitation_reaches_the_organizer(ann: Client, bob: Client):
    asked = meeting("bob", lines=("SEQUENCE:3",))
    mine, theirs = await imported(ann, asked), await imported(bob, asked)

    alarm = await bob.put(theirs, with_alarm(asked))
    before = await messages(ann)
    answer = await bob.put(theirs, answering(with_alarm(asked), "bob", "ACCEPTED"))

    assert (alarm.status, answer.status, before) == (204, 204, [])
    assert partstats((await ann("GET", mine)).text)["bob"] == "ACCEPTED"


@pytest.mark.rfc("6638 3.2.1.3")
async def test_an_imported_meeting_that_was_never_changed_goes_unnoticed(ann: Client, bob: Client):
    url = await imported(ann, ANSWERED)

    await ann("DELETE", url)

    assert (await held(bob), await messages(bob)) == ({}, [])


@pytest.mark.rfc("6638 3.2.1.3")
async def test_an_imported_meeting_that_was_changed_is_cancelled(ann: Client, bob: Client):
    url = await imported(ann, ANSWERED)
    await ann.put(url, ANSWERED.replace("SUMMARY:Meeting", "SUMMARY:Other"))

    await ann("DELETE", url)

    assert "STATUS:CANCELLED" in (await only(bob))[1]


async def test_a_meeting_that_both_sides_imported_is_changed_for_both(ann: Client, bob: Client):
    mine, theirs = await imported(ann, ANSWERED), await imported(bob, ANSWERED)

    await ann.put(mine, ANSWERED.replace("T110000Z", "T120000Z"))

    place, text = await only(bob)
    assert (place, "T120000Z" in text, partstats(text)["bob"]) == (theirs, True, "NEEDS-ACTION")


@pytest.mark.rfc("6638 3.2.10")
async def test_an_import_over_a_meeting_tells_nobody_and_changes_its_tag(ann: Client, bob: Client):
    url = "/dav/calendars/ann/calendar/m.ics"
    await ann.put(url, ANSWERED)
    before = await ann("GET", url)

    await imported(ann, ANSWERED.replace("SUMMARY:Meeting", "SUMMARY:Other"))

    after = await ann("GET", url)
    changed = await ann.put(url, before.text, If_Schedule_Tag_Match=before.headers["Schedule-Tag"])
    assert "SUMMARY:Other" in after.text
    assert after.headers["Schedule-Tag"] != before.headers["Schedule-Tag"]
    assert changed.status == 412
    assert "SUMMARY:Meeting" in (await only(bob))[1]
