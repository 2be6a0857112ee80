"""Alarms and TRANSP are each reader's own on somebody else's calendar (caldav-sharing §5.5.4)."""

from __future__ import annotations

from typing import Final

import pytest

from caldavd.dav.server import Server
from caldavd.names import CALDAV, DAV
from caldavd.service import put_own
from tests.protocol.client import Client, multiget, query
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, delegate, grant, href
from tests.protocol.recorded import Recorded
from tests.unit.builders import event

CALENDAR: Final = "/dav/calendars/ann/main/"
OBJECT: Final = CALENDAR + "a.ics"
DATA: Final = "<D:getetag/><D:getcontentlength/><C:calendar-data/>"
WITH_ALARM: Final = '<C:comp-filter name="VEVENT"><C:comp-filter name="VALARM"/></C:comp-filter>'
DAILY: Final = {"rrule": "FREQ=DAILY", "start": "20260701T100000Z", "end": "20260701T110000Z"}


def alarm(whose: str) -> str:
    return (
        f"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:{whose}\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
    )


def with_(text: str, *inner: str) -> str:
    """An object with more at the end of its last component."""
    head, _, tail = text.rpartition("END:VEVENT\r\n")
    return f"{head}{''.join(inner)}END:VEVENT\r\n{tail}"


def lunch(*inner: str, summary: str = "Lunch", **more: str) -> str:
    return with_(event(uid="a", summary=summary, **more), *inner)


def override(text: str, day: str, summary: str, *inner: str) -> str:
    """A series with an instance of its own."""
    changed = event(uid="a", summary=summary, start=f"{day}T120000Z", end=f"{day}T130000Z")
    component = changed[changed.index("BEGIN:VEVENT") : changed.index("END:VCALENDAR")]
    component = component.replace("UID:a\r\n", f"UID:a\r\nRECURRENCE-ID:{day}T100000Z\r\n")
    whole = text.replace("END:VCALENDAR", component + "END:VCALENDAR")
    return with_(whole, *inner)


@pytest.fixture
async def shared(server: Server, ann: Client, calendar: str) -> Server:
    """Ann's lunch, with an alarm of hers, and those who may write, read, and act for her."""
    for name in ("writer", "second", "reader", "proxy"):
        await add_user(server.db, name, name.title())
    await ann.put(OBJECT, lunch(alarm("ann")))
    await grant(
        ann,
        calendar,
        *(ace(href(name), "D:read", "D:write") for name in ("writer", "second")),
        ace(href("reader"), "D:read"),
    )
    await delegate(ann, "write", "proxy")
    return server


@pytest.fixture
def writer(shared: Server) -> Client:
    return Client(shared, "writer")


@pytest.fixture
def second(shared: Server) -> Client:
    return Client(shared, "second")


@pytest.fixture
def reader(shared: Server) -> Client:
    return Client(shared, "reader")


async def text(client: Client) -> str:
    return (await client("GET", OBJECT)).text


async def test_an_alarm_is_seen_by_whom_it_belongs_to(ann: Client, writer: Client, reader: Client):
    seen = [await text(client) for client in (ann, Client(ann.server, "proxy"), writer, reader)]

    assert seen == [lunch(alarm("ann"))] * 2 + [lunch()] * 2


async def test_what_is_a_readers_own_changes_nothing_for_others(
    ann: Client, writer: Client, second: Client
):
    others = [(await client("GET", OBJECT)).response for client in (ann, second)]
    before = (await writer("GET", OBJECT)).etag

    answer = await writer.put(OBJECT, lunch(alarm("writer"), "TRANSP:TRANSPARENT\r\n"))

    got = await writer("GET", OBJECT)
    assert (answer.status, got.text) == (204, lunch(alarm("writer"), "TRANSP:TRANSPARENT\r\n"))
    assert answer.etag == got.etag != before
    assert [(await client("GET", OBJECT)).response for client in (ann, second)] == others


async def test_only_the_clients_of_whose_own_it_is_learn_of_it(
    ann: Client, writer: Client, second: Client
):
    clients = (ann, writer, second)
    tokens = [(await client.sync(CALENDAR)).token for client in clients]
    await writer.put(OBJECT, lunch(alarm("writer")))

    answers = [
        await client.sync(CALENDAR, token) for client, token in zip(clients, tokens, strict=True)
    ]

    assert [answer.hrefs for answer in answers] == [[], [OBJECT], []]
    tag = answers[1].props()[DAV + "getetag"][1].text
    assert tag == (await writer("GET", OBJECT)).etag
    assert (await writer.sync(CALENDAR, answers[1].token)).hrefs == []


async def test_a_reader_learns_of_an_object_once_however_it_changed(ann: Client, writer: Client):
    token = (await writer.sync(CALENDAR)).token
    await ann.put(CALENDAR + "b.ics", event(uid="b"))
    await writer.put(OBJECT, lunch(alarm("writer")))
    await ann.put(CALENDAR + "c.ics", event(uid="c"))
    await ann.put(OBJECT, lunch(summary="Brunch"))
    await writer.put(CALENDAR + "b.ics", with_(event(uid="b"), alarm("writer")))

    names = []
    while (answer := await writer.sync(CALENDAR, token, limit=1)).hrefs:
        names += [one for one in answer.hrefs if one != CALENDAR]
        token = answer.token

    assert names == [CALENDAR + "c.ics", OBJECT, CALENDAR + "b.ics"]


async def test_every_answer_shows_a_readers_own(writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))
    got = await writer("GET", OBJECT)

    answers = [
        await writer("REPORT", CALENDAR, multiget(OBJECT, props=DATA)),
        await writer("REPORT", CALENDAR, query("", DATA)),
        await writer("REPORT", OBJECT, query(WITH_ALARM, DATA)),
    ]

    for props in (answer.props(OBJECT) for answer in answers):
        assert props[DAV + "getetag"][1].text == got.etag
        assert props[DAV + "getcontentlength"][1].text == str(len(got.body))
        assert props[CALDAV + "calendar-data"][1].text == got.text


@pytest.mark.rfc("4791 7.8")
async def test_a_search_for_alarms_finds_ones_own(ann: Client, writer: Client, second: Client):
    found = [(await who("REPORT", CALENDAR, query(WITH_ALARM))).hrefs for who in (ann, writer)]
    await writer.put(OBJECT, lunch(alarm("writer")))
    after = [(await who("REPORT", CALENDAR, query(WITH_ALARM))).hrefs for who in (writer, second)]

    assert (found, after) == ([[OBJECT], []], [[OBJECT], []])


async def test_what_all_share_is_changed_for_all_and_each_keeps_their_own(
    ann: Client, writer: Client, second: Client
):
    await second.put(OBJECT, lunch(alarm("second")))

    answer = await writer.put(OBJECT, lunch(alarm("writer"), summary="Brunch"))

    assert answer.status == 204
    assert [await text(client) for client in (ann, writer, second)] == [
        lunch(alarm(str(client.name)), summary="Brunch") for client in (ann, writer, second)
    ]


async def test_the_owners_change_leaves_readers_what_they_have(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))

    await ann.put(OBJECT, lunch(summary="Brunch"))

    assert await text(writer) == lunch(alarm("writer"), summary="Brunch")
    assert await text(ann) == lunch(summary="Brunch")


async def test_an_instance_that_gets_changed_keeps_everybodys_alarms(ann: Client, writer: Client):
    await ann.put(OBJECT, lunch(alarm("ann"), **DAILY))
    await writer.put(OBJECT, lunch(alarm("writer"), **DAILY))
    mine = override(lunch(alarm("writer"), **DAILY), "20260703", "Late", alarm("writer"))

    assert (await writer.put(OBJECT, mine)).status == 204

    owners = override(lunch(alarm("ann"), **DAILY), "20260703", "Late", alarm("ann"))
    assert (await text(ann), await text(writer)) == (owners, mine)
    await ann.put(OBJECT, override(owners, "20260705", "Later"))
    assert await text(writer) == override(mine, "20260705", "Later", alarm("writer"))


async def test_transp_follows_the_owners_until_a_reader_says_another(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))
    await ann.put(OBJECT, lunch("TRANSP:TRANSPARENT\r\n"))
    followed = await text(writer)
    await writer.put(OBJECT, lunch("TRANSP:OPAQUE\r\n", alarm("writer")))
    await ann.put(OBJECT, lunch("TRANSP:TRANSPARENT\r\n", summary="Brunch"))

    assert "TRANSP:TRANSPARENT" in followed
    assert "TRANSP:OPAQUE" in await text(writer)
    assert "TRANSP:TRANSPARENT" in await text(ann)


@pytest.mark.rfc("4791 7.10")
async def test_a_readers_transp_does_not_free_the_owner(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch("TRANSP:TRANSPARENT\r\n"))

    day = event(uid="a").partition("DTSTART:")[2][:8]
    answer = await ann(
        "REPORT",
        CALENDAR,
        '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav"><C:time-range '
        f'start="{day}T000000Z" end="{day}T235959Z"/></C:free-busy-query>',
    )

    assert "FREEBUSY:" in answer.text


async def test_a_new_object_gives_its_owner_no_alarm_of_whoever_made_it(
    ann: Client, writer: Client
):
    new = CALENDAR + "new.ics"
    sent = with_(event(uid="n"), alarm("writer"))

    answer = await writer.put(new, sent)

    got = await writer("GET", new)
    assert (answer.status, answer.etag, got.text) == (201, got.etag, sent)
    assert (await ann("GET", new)).text == event(uid="n")
    assert (await ann.put(new, event(uid="n"), If_Match=(await ann("GET", new)).etag)).status == 204


async def test_what_thunderbird_notes_of_an_alarm_is_ones_own(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))
    tag = (await ann("GET", OBJECT)).etag
    noted = "X-MOZ-LASTACK:20260701T100000Z\r\nX-MOZ-GENERATION:2\r\n"
    sent = lunch(noted, alarm("writer")).replace("DTSTAMP:20260101T", "DTSTAMP:20260102T")

    answer = await writer.put(OBJECT, sent)

    # The stamp stays as it was, so what was sent is not what is there.
    assert (answer.status, "ETag" in answer.headers) == (204, False)
    assert await text(writer) == lunch(noted, alarm("writer"))
    assert (await ann("GET", OBJECT)).etag == tag


async def test_the_answer_to_a_put_shows_what_its_sender_sees(writer: Client):
    sent = lunch(alarm("writer")).replace("DTSTAMP:20260101T", "DTSTAMP:20260102T")

    answer = await writer.put(OBJECT, sent, Prefer="return=representation")

    got = await writer("GET", OBJECT)
    assert (answer.text, answer.etag) == (got.text, got.etag)


@pytest.mark.rfc("4918 9.7")
async def test_a_reader_writes_with_the_tag_that_they_saw(writer: Client, ann: Client):
    tag = (await writer("GET", OBJECT)).etag
    owners = (await ann("GET", OBJECT)).etag

    first = await writer.put(OBJECT, lunch(alarm("writer")), If_Match=tag)
    again = await writer.put(OBJECT, lunch(summary="Late"), If_Match=tag)
    foreign = await writer.put(OBJECT, lunch(summary="Late"), If_Match=owners)

    assert [one.status for one in (first, again, foreign)] == [204, 412, 412]


@pytest.mark.rfc("3744 7.1.1")
async def test_who_only_reads_has_alarms_too_and_changes_nothing_else(ann: Client, reader: Client):
    before = (await ann("GET", OBJECT)).response

    own = await reader.put(OBJECT, lunch(alarm("reader")))
    more = await reader.put(OBJECT, lunch(alarm("reader"), summary="Mine"))
    new = await reader.put(CALENDAR + "n.ics", with_(event(uid="n"), alarm("reader")))

    assert [one.status for one in (own, more, new)] == [204, 403, 403]
    assert more.condition == DAV + "need-privileges"
    assert await text(reader) == lunch(alarm("reader"))
    assert (await ann("GET", OBJECT)).response == before


async def test_a_copy_is_of_what_one_sees(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))
    mine = writer.home + "calendar/mine.ics"

    await writer("COPY", OBJECT, Destination=mine)
    copied = (await writer("GET", mine)).text
    await writer("DELETE", mine)
    moved = await writer("MOVE", OBJECT, Destination=mine)

    assert (copied, moved.status) == (lunch(alarm("writer")), 201)
    assert (await writer("GET", mine)).text == lunch(alarm("writer"))


async def test_what_is_moved_within_a_home_keeps_its_readers_own(ann: Client, writer: Client):
    await writer.put(OBJECT, lunch(alarm("writer")))
    to = f"{ann.home}calendar/a.ics"
    everything = ace(href("writer"), "D:read", "D:write")
    await grant(ann, f"{ann.home}calendar/", everything)
    token = (await writer.sync(f"{ann.home}calendar/")).token

    assert (await ann("MOVE", OBJECT, Destination=to)).status == 201

    assert (await writer("GET", to)).text == lunch(alarm("writer"))
    assert (await writer.sync(f"{ann.home}calendar/", token)).hrefs == [to]


async def test_who_sees_more_or_less_than_before_synchronises_anew(ann: Client, writer: Client):
    token = (await writer.sync(CALENDAR)).token
    assert (await writer.propfind(CALENDAR, "D:sync-token")).props()[DAV + "sync-token"][
        1
    ].text == token

    await delegate(ann, "write", "writer")

    assert (await writer.sync(CALENDAR, token)).condition == DAV + "valid-sync-token"
    assert "DESCRIPTION:ann" in await text(writer)


async def test_ones_own_calendar_is_never_asked_about_readers(shared: Server, ann: Client):
    recorded = Recorded(shared.db)
    client = Client(Server(recorded, shared.auth), "ann")

    await client("GET", OBJECT)
    await client.propfind(CALENDAR, depth="1")
    await client.sync(CALENDAR)
    await client("REPORT", CALENDAR, query(WITH_ALARM, DATA))
    await client("REPORT", CALENDAR, multiget(OBJECT))
    await client.put(OBJECT, lunch(summary="Late"))

    assert [sql for sql in recorded.noted if "personal" in sql] == []


async def test_what_is_ones_own_has_a_bound(shared: Server):
    """It is on nobody's quota."""
    reader = Client(shared, "reader")
    before = (await reader("GET", OBJECT)).text

    refused = await reader.put(OBJECT, lunch(alarm("x" * put_own.MAX_OWN)))

    assert (refused.status, refused.condition) == (403, CALDAV + "max-resource-size")
    assert (await reader("GET", OBJECT)).text == before
