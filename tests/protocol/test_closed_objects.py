"""CLASS in every answer: what others see of a PRIVATE and of a CONFIDENTIAL object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import pytest

from caldavd.dav.server import Server
from caldavd.model import Sight, Stored
from caldavd.names import CALDAV, DAV
from caldavd.service import views
from caldavd.service.views import Reader
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx
from tests.protocol.client import NS, Answer, Client, multiget, proppatch, query
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, delegate, grant, href, principal
from tests.unit.builders import event

HOME: Final = "/dav/calendars/ann/"
CALENDAR: Final = HOME + "main/"
OPEN, MASKED, HIDDEN, MISSING = (CALENDAR + name for name in ("o.ics", "c.ics", "p.ics", "no.ics"))
WORDS: Final = ("Oncologist", "Dr Grey", "Lover", "Motel")
GRANTED: Final = ("proxywriter", "manager")
CLOSED_TO: Final = ("reader", "writer", "proxyreader")

FREE_BUSY: Final = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="20260701T000000Z" end="20260702T000000Z"/></C:free-busy-query>'
)
DATA: Final = "<D:getetag/><C:calendar-data/>"
IN_RANGE: Final = (
    '<C:comp-filter name="VEVENT"><C:time-range start="20260701T000000Z" end="20260702T000000Z"/>'
    "</C:comp-filter>"
)


def containing(name: str, text: str) -> str:
    """A filter for events that say this in a property."""
    return (
        f'<C:comp-filter name="VEVENT"><C:prop-filter name="{name}">'
        f"<C:text-match>{text}</C:text-match></C:prop-filter></C:comp-filter>"
    )


def at(hour: int) -> dict[str, str]:
    return {"start": f"20260701T{hour:02}0000Z", "end": f"20260701T{hour + 1:02}0000Z"}


def confidential(**more: str) -> str:
    lines = ["CLASS:CONFIDENTIAL", "LOCATION:Dr Grey"]
    return event(uid="c", **{"summary": "Oncologist", **at(12), **more}, lines=lines)


def private() -> str:
    lines = ["CLASS:PRIVATE", "LOCATION:Motel"]
    return event(uid="p", summary="Lover", **at(14), lines=lines)


@pytest.fixture
async def shared(server: Server, ann: Client, calendar: str) -> Server:
    """A calendar with an open, a confidential and a private object, and everybody who reads it."""
    for name in (*CLOSED_TO, *GRANTED):
        await add_user(server.db, name, name.title())
    await ann.put(OPEN, event(uid="o", summary="Lunch", **at(10)))
    await ann.put(MASKED, confidential())
    await ann.put(HIDDEN, private())
    dead = proppatch(
        set_="<x:note xmlns:x='urn:x'>Dr Grey</x:note><D:displayname>Motel</D:displayname>"
    )
    for path in (MASKED, HIDDEN):
        assert (await ann("PROPPATCH", path, dead)).status == 207
    await grant(
        ann,
        calendar,
        ace(href("reader"), "D:read"),
        ace(href("writer"), "D:read", "D:write"),
        ace(href("manager"), "D:all"),
    )
    await delegate(ann, "read", "proxyreader")
    await delegate(ann, "write", "proxywriter")
    return server


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize("who", CLOSED_TO)
@pytest.mark.parametrize(
    ("method", "body", "headers"),
    [
        ("GET", "", {}),
        ("HEAD", "", {}),
        ("PROPFIND", "", {"Depth": "0"}),
        ("PROPFIND", "", {"Depth": "1"}),
        ("REPORT", query("", DATA), {}),
        ("REPORT", multiget(OPEN), {}),
        ("REPORT", FREE_BUSY, {}),
        ("DELETE", "", {}),
        ("DELETE", "", {"If_Match": "*"}),
        ("PROPPATCH", proppatch(set_="<D:displayname>x</D:displayname>"), {}),
        ("COPY", "", {"Destination": CALENDAR + "new.ics"}),
        ("MOVE", "", {"Destination": CALENDAR + "new.ics"}),
        ("OPTIONS", "", {}),
        ("PUT", event(uid="n"), {"If_Match": "*"}),
    ],
)
async def test_a_private_object_is_answered_for_as_one_that_does_not_exist(
    shared: Server, who: str, method: str, body: str, headers: dict[str, str]
):
    client = Client(shared, who)

    hidden = await client(method, HIDDEN, body, **headers)

    missing = await client(method, MISSING, body, **headers)
    assert (hidden.status, hidden.headers) == (missing.status, missing.headers)
    assert hidden.text == missing.text.replace("no.ics", "p.ics")


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize("who", CLOSED_TO)
async def test_no_answer_says_a_word_of_what_is_closed(shared: Server, who: str):
    client = Client(shared, who)
    own = {"Destination": f"{client.home}calendar/copy.ics"}
    asked: list[Callable[[], Awaitable[Answer]]] = [
        *(
            lambda path=path, method=method: client(method, path)
            for path in (CALENDAR, MASKED, HIDDEN)
            for method in ("GET", "HEAD", "OPTIONS")
        ),
        lambda: client.propfind(CALENDAR, depth="1"),
        lambda: client.propfind(MASKED),
        lambda: client("PROPFIND", MASKED, "<D:propfind xmlns:D='DAV:'><D:propname/></D:propfind>"),
        lambda: client("REPORT", CALENDAR, query("", DATA)),
        lambda: client("REPORT", CALENDAR, query(IN_RANGE, DATA)),
        lambda: client("REPORT", MASKED, query("", DATA)),
        lambda: client("REPORT", CALENDAR, multiget(OPEN, MASKED, HIDDEN)),
        lambda: client("REPORT", CALENDAR, FREE_BUSY),
        lambda: client.sync(CALENDAR),
        lambda: client.put(HIDDEN, event(uid="n")),
        lambda: client.put(CALENDAR + "n.ics", event(uid="p")),
        lambda: client.put(MASKED, event(uid="c")),
        lambda: client("COPY", MASKED, **own),
        lambda: client("GET", own["Destination"]),
        lambda: client.propfind(own["Destination"]),
        lambda: client("COPY", CALENDAR, Destination=f"{client.home}whole/"),
        lambda: client("REPORT", f"{client.home}whole/", query("", DATA)),
        lambda: client.propfind(f"{client.home}whole/", depth="1"),
    ]
    told = [await ask() for ask in asked]

    said = "".join(answer.text + str(answer.headers) for answer in told)
    assert [word for word in WORDS if word in said] == []


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize("who", CLOSED_TO)
async def test_listings_and_searches_leave_private_objects_out(shared: Server, who: str):
    client = Client(shared, who)

    found = [
        (await client.propfind(CALENDAR, "D:getetag", depth="1")).hrefs[1:],
        (await client("REPORT", CALENDAR, query(""))).hrefs,
        (await client("REPORT", CALENDAR, query(IN_RANGE))).hrefs,
        (await client.sync(CALENDAR)).hrefs,
    ]

    assert [sorted(hrefs) for hrefs in found] == [[MASKED, OPEN]] * 4
    some = await client("REPORT", CALENDAR, multiget(OPEN, HIDDEN))
    assert some.statuses() == {HIDDEN: 404}


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize("who", GRANTED)
async def test_whoever_stands_in_for_the_owner_sees_everything(shared: Server, who: str):
    client = Client(shared, who)

    answers = [await client("GET", path) for path in (OPEN, MASKED, HIDDEN)]

    owners = [await Client(shared, "ann")("GET", path) for path in (OPEN, MASKED, HIDDEN)]
    assert [one.body for one in answers] == [one.body for one in owners]
    assert sorted((await client.sync(CALENDAR)).hrefs) == [MASKED, OPEN, HIDDEN]


@pytest.mark.rfc("5545 3.8.1.3")
async def test_a_confidential_object_is_a_busy_block(shared: Server):
    answer = await Client(shared, "reader")("GET", MASKED)

    lines = [
        line for line in answer.text.splitlines() if not line.startswith(("DTSTAMP", "PRODID"))
    ]
    assert lines == [
        *("BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:c"),
        *("DTSTART:20260701T120000Z", "DTEND:20260701T130000Z"),
        *("SUMMARY:Busy", "CLASS:CONFIDENTIAL", "END:VEVENT", "END:VCALENDAR"),
    ]


@pytest.mark.rfc("4791 5.3.4")
async def test_every_answer_gives_a_masked_object_the_same_tag_and_size(shared: Server):
    client = Client(shared, "reader")
    got = await client("GET", MASKED)

    listed = (await client.propfind(CALENDAR, "D:getetag", "D:getcontentlength", depth="1")).props(
        MASKED
    )
    many = (await client("REPORT", CALENDAR, multiget(MASKED))).props(MASKED)
    synced = (await client.sync(CALENDAR)).props(MASKED)
    found = (await client("REPORT", CALENDAR, query("", DATA))).props(MASKED)

    tags = {one[DAV + "getetag"][1].text for one in (listed, many, synced, found)}
    assert tags == {got.etag}
    assert listed[DAV + "getcontentlength"][1].text == str(len(got.body))
    assert {one[CALDAV + "calendar-data"][1].text for one in (many, found)} == {got.text}
    true = (await Client(shared, "ann")("GET", MASKED)).etag
    assert got.etag.split("-")[0].strip('"') != true.strip('"')


async def test_the_tag_of_a_masked_object_is_one_to_read_with(shared: Server):
    client = Client(shared, "reader")
    tag = (await client("GET", MASKED)).etag

    assert (await client("GET", MASKED, If_None_Match=tag)).status == 304
    await Client(shared, "ann").put(MASKED, confidential(**at(13)))
    changed = await client("GET", MASKED, If_None_Match=tag)

    assert (changed.status, changed.etag != tag) == (200, True)


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("SUMMARY", "Oncologist", []),
        ("SUMMARY", "Lover", []),
        ("LOCATION", "Grey", []),
        ("SUMMARY", "Busy", [MASKED]),
        ("UID", "c", [MASKED]),
        ("UID", "p", []),
        ("SUMMARY", "Lunch", [OPEN]),
    ],
)
async def test_a_search_finds_what_the_reader_sees(
    shared: Server, name: str, text: str, found: list[str]
):
    reader = Client(shared, "reader")

    answer = await reader("REPORT", CALENDAR, query(containing(name, text)))

    assert answer.hrefs == found
    if found != [OPEN]:
        single = await reader("REPORT", MASKED, query(containing(name, text)))
        assert single.hrefs == found


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize("who", [*CLOSED_TO, "ann"])
async def test_what_is_closed_counts_as_busy(shared: Server, who: str):
    answer = await Client(shared, who)("REPORT", CALENDAR, FREE_BUSY)

    unfolded = answer.text.replace("\r\n ", "").splitlines()
    hours = [f"20260701T{hour}0000Z/20260701T{hour + 1}0000Z" for hour in (10, 12, 14)]
    found = [line for line in unfolded if line.startswith("FREEBUSY")]
    assert found == [f"FREEBUSY:{hour}" for hour in hours]


@pytest.mark.rfc("3744 7.1.1")
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("PUT", {}),
        ("DELETE", {}),
        ("MOVE", {"Destination": CALENDAR + "else.ics"}),
        ("MOVE", {"Destination": "/dav/calendars/writer/calendar/mine.ics"}),
    ],
)
async def test_what_is_masked_cannot_be_changed(
    shared: Server, method: str, headers: dict[str, str]
):
    body = event(uid="c", summary="Mine") if method == "PUT" else ""
    before = (await Client(shared, "ann")("GET", MASKED)).response

    answer = await Client(shared, "writer")(method, MASKED, body, **headers)

    assert (answer.status, answer.condition) == (403, DAV + "need-privileges")
    assert (await Client(shared, "ann")("GET", MASKED)).response == before


async def test_nothing_is_copied_over_what_is_closed(shared: Server):
    writer = Client(shared, "writer")

    answers = [
        await writer("COPY", OPEN, Destination=to, Overwrite=overwrite)
        for to in (HIDDEN, MASKED)
        for overwrite in ("T", "F")
    ]

    assert [answer.status for answer in answers] == [403] * 4
    assert "Lover" in (await Client(shared, "ann")("GET", HIDDEN)).text


@pytest.mark.rfc("3744 5.4")
async def test_a_masked_object_is_said_to_be_read_only(shared: Server):
    answer = await Client(shared, "writer").propfind(MASKED, "D:current-user-privilege-set")

    held = answer.xml.xpath("//D:privilege/*", namespaces=NS)
    assert DAV + "write-content" not in [one.tag for one in held]
    assert DAV + "read" in [one.tag for one in held]


async def test_own_properties_of_a_masked_object_are_ones_own(shared: Server):
    reader = Client(shared, "reader")
    named = proppatch(set_="<D:displayname>Hers</D:displayname>")

    assert (await reader("PROPPATCH", MASKED, named)).status == 207

    found = (await reader.propfind(MASKED, "D:displayname")).props()
    assert found[DAV + "displayname"][1].text == "Hers"


@pytest.mark.rfc("4791 5.3.2.1")
async def test_the_name_and_the_uid_of_a_private_object_are_refused_without_a_word(shared: Server):
    writer = Client(shared, "writer")

    name = await writer.put(HIDDEN, event(uid="n"), If_None_Match="*")
    uid = await writer.put(CALENDAR + "n.ics", event(uid="p"))
    copied = await writer("COPY", OPEN, Destination=HIDDEN)

    assert (name.status, uid.status, copied.status) == (403, 409, 403)
    assert uid.condition == CALDAV + "no-uid-conflict"
    assert "p.ics" not in name.text + uid.text + copied.text
    known = await writer.put(CALENDAR + "n.ics", event(uid="o"))
    assert OPEN in known.text


@pytest.mark.parametrize("closed", ["PRIVATE", "CONFIDENTIAL", "X-MINE"])
async def test_whoever_would_not_see_it_any_more_closes_nothing(shared: Server, closed: str):
    writer = Client(shared, "writer")
    closing = event(uid="o", lines=[f"CLASS:{closed}"])

    answers = [
        await writer.put(OPEN, closing),
        await writer.put(CALENDAR + "n.ics", event(uid="n", lines=[f"CLASS:{closed}"])),
        await Client(shared, "proxywriter").put(OPEN, closing),
    ]

    assert [answer.status for answer in answers] == [403, 403, 204]


@pytest.mark.rfc("6578 3.5.2")
async def test_an_object_that_is_closed_vanishes_and_one_that_is_opened_appears(shared: Server):
    ann, reader = Client(shared, "ann"), Client(shared, "reader")
    token = (await reader.sync(CALENDAR)).token
    await ann.put(OPEN, event(uid="o", lines=["CLASS:PRIVATE"]))
    await ann.put(HIDDEN, event(uid="p"))

    answer = await reader.sync(CALENDAR, token)

    assert answer.hrefs == [HIDDEN, OPEN]
    assert answer.statuses() == {OPEN: 404}


@pytest.mark.rfc("6578 3.5.2")
async def test_what_a_reader_never_saw_is_never_told_of(shared: Server):
    ann, reader = Client(shared, "ann"), Client(shared, "reader")
    token = (await reader.sync(CALENDAR)).token
    await ann.put(HIDDEN, private().replace("Lover", "Lawyer"))
    await ann.put(CALENDAR + "q.ics", event(uid="q", lines=["CLASS:PRIVATE"]))
    await ann("PROPPATCH", HIDDEN, proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>"))
    await ann("DELETE", HIDDEN)

    assert (await reader.sync(CALENDAR, token)).hrefs == []
    assert (await reader.sync(CALENDAR)).hrefs == [OPEN, MASKED]


@pytest.mark.rfc("6578 3.5.2")
async def test_a_name_that_was_seen_is_removed_for_those_who_saw_it(shared: Server):
    """Removed, made anew as a private object, and removed again: a late client learns of it."""
    ann, reader = Client(shared, "ann"), Client(shared, "reader")
    token = (await reader.sync(CALENDAR)).token
    await ann("DELETE", OPEN)
    between = (await reader.sync(CALENDAR)).token
    await ann.put(OPEN, event(uid="o", lines=["CLASS:PRIVATE"]))
    await ann("DELETE", OPEN)

    assert (await reader.sync(CALENDAR, token)).statuses() == {OPEN: 404}
    assert (await reader.sync(CALENDAR, between)).hrefs == []


async def test_a_copy_of_a_calendar_holds_what_its_reader_saw(shared: Server):
    reader = Client(shared, "reader")

    assert (await reader("COPY", CALENDAR, Destination=reader.home + "whole/")).status == 201

    found = await reader("REPORT", reader.home + "whole/", query("", DATA))
    texts = [found.props(href)[CALDAV + "calendar-data"][1].text for href in found.hrefs]
    assert sorted(href.rpartition("/")[2] for href in found.hrefs) == ["c.ics", "o.ics"]
    assert sorted("SUMMARY:Busy" in str(text) for text in texts) == [False, True]


async def test_of_a_calendar_seen_as_busy_blocks_nothing_is_seen_but_busy_blocks(shared: Server):
    reader_id = (await principal(shared, "reader")).id
    owner_id = (await principal(shared, "ann")).id

    async def look(tx: ReadTx) -> list[tuple[Stored, str]]:
        reader = Reader(reader_id, Sight.BUSY)
        calendar = await collections.by_name(tx, owner_id, "main")
        assert calendar is not None
        rows = await objects.members(tx, calendar.id)
        seen = await views.seen(tx, reader, rows)
        texts = await views.texts(tx, reader, rows)
        assert set(texts) == {one.id for one in seen}
        return [(one, texts[one.id]) for one in seen]

    found = await shared.db.read(look)

    assert [one.name for one, _ in found] == ["o.ics", "c.ics", "p.ics"]
    assert all("SUMMARY:Busy" in text and "Lunch" not in text for _, text in found)
    assert not any("CLASS" in text for _, text in found)
    true = {(await Client(shared, "ann")("HEAD", path)).etag.strip('"') for path in (OPEN, MASKED)}
    assert not true & {one.etag for one, _ in found}
