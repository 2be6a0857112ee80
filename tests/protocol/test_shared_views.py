"""What a sharee sees of the objects of a mounted calendar, at each level."""

from __future__ import annotations

from typing import Final

import pytest

from caldavd.dav.server import Server
from caldavd.model import Level
from caldavd.names import CALDAV, DAV
from tests.protocol.client import NS, Answer, Client, multiget, propfind, query
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, grant, href
from tests.protocol.sharing import give
from tests.unit.builders import event

OWNED: Final = "/dav/calendars/ann/main/"
MOUNT: Final = "/dav/calendars/bob/ann-main/"
NAMES: Final = ("o.ics", "c.ics", "p.ics")
OPEN, MASKED, HIDDEN = (MOUNT + name for name in NAMES)
WORDS: Final = ("Lunch", "Oncologist", "Dr Grey", "Lover")
DATA: Final = "<D:getetag/><C:calendar-data/>"
DAY: Final = 'start="20260701T000000Z" end="20260703T000000Z"'
EXPANDED: Final = f"<D:getetag/><C:calendar-data><C:expand {DAY}/></C:calendar-data>"
SYNC: Final = (
    '<D:sync-collection xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:sync-token/>'
    f"<D:sync-level>1</D:sync-level><D:prop>{DATA}</D:prop></D:sync-collection>"
)
FREE_BUSY: Final = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    f"<C:time-range {DAY}/></C:free-busy-query>"
)
ALARM: Final = (
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Bob\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
)


def at(hour: int) -> dict[str, str]:
    return {"start": f"20260701T{hour}0000Z", "end": f"20260701T{hour + 1}0000Z"}


def lunch(inner: str = "", summary: str = "Lunch") -> str:
    text = event(uid="o", summary=summary, rrule="FREQ=DAILY;COUNT=2", **at(10))
    return text.replace("END:VEVENT", f"{inner}END:VEVENT")


def containing(text: str) -> str:
    """A filter for events with that summary."""
    return (
        '<C:comp-filter name="VEVENT"><C:prop-filter name="SUMMARY">'
        f"<C:text-match>{text}</C:text-match></C:prop-filter></C:comp-filter>"
    )


@pytest.fixture
async def objects(server: Server, ann: Client, calendar: str) -> Server:
    """A calendar with an open, a confidential and a private object."""
    closed = ["CLASS:CONFIDENTIAL", "LOCATION:Dr Grey"]
    await ann.put(OWNED + "o.ics", lunch())
    await ann.put(OWNED + "c.ics", event(uid="c", summary="Oncologist", **at(12), lines=closed))
    await ann.put(
        OWNED + "p.ics", event(uid="p", summary="Lover", **at(14), lines=["CLASS:PRIVATE"])
    )
    return server


def data_of(answer: Answer) -> list[str]:
    found = answer.xml.xpath("//C:calendar-data/text()", namespaces=NS)
    return [str(one) for one in found]


async def doors(client: Client, place: str) -> list[Answer]:
    """What every door says of a calendar's objects."""
    names = "D:getetag", "D:getcontentlength", "D:displayname"
    return [
        *[await client("GET", place + name) for name in NAMES],
        *[await client("HEAD", place + name) for name in NAMES],
        *[await client.propfind(place + name) for name in NAMES],
        *[await client("REPORT", place + name, query("", DATA)) for name in NAMES],
        await client.propfind(place, *names, depth="1"),
        await client("PROPFIND", place, propfind("C:calendar-data"), Depth="1"),
        await client("REPORT", place, query("", DATA)),
        await client("REPORT", place, query("", EXPANDED)),
        await client("REPORT", place, multiget(*(place + name for name in NAMES))),
        await client("REPORT", place, multiget(place + "o.ics", props=EXPANDED)),
        await client("REPORT", place, SYNC),
        await client("REPORT", place, FREE_BUSY),
    ]


@pytest.mark.parametrize("place", [MOUNT, OWNED])
@pytest.mark.parametrize(
    ("level", "seen"),
    [
        (Level.BUSY, []),
        (Level.READ, ["Lunch"]),
        (Level.WRITE, ["Lunch"]),
        (Level.MANAGE, [*WORDS]),
    ],
)
async def test_every_door_says_the_words_of_the_level_and_no_more(
    objects: Server, bob: Client, place: str, level: Level, seen: list[str]
):
    await give(objects, "ann", "main", "bob", level)

    answers = await doors(bob, place)

    said = "".join(answer.text + str(answer.headers) for answer in answers)
    assert [word for word in WORDS if word in said] == seen


async def test_busy_shows_the_times_and_that_is_all(objects: Server, bob: Client):
    await give(objects, "ann", "main", "bob", Level.BUSY)

    got = [await bob("GET", path) for path in (OPEN, MASKED, HIDDEN)]
    listed = await bob.propfind(MOUNT, "D:getetag", "D:getcontentlength", depth="1")
    synced = await bob("REPORT", MOUNT, SYNC)
    many = await bob("REPORT", MOUNT, multiget(OPEN, MASKED, HIDDEN))
    expanded = await bob("REPORT", MOUNT, query("", EXPANDED))

    assert [one.status for one in got] == [200, 200, 200]
    assert all("SUMMARY:Busy" in one.text and "CLASS" not in one.text for one in got)
    assert "RRULE:FREQ=DAILY;COUNT=2" in got[0].text
    assert sorted(listed.hrefs) == [MOUNT, MASKED, OPEN, HIDDEN]
    assert sorted(synced.hrefs) == [MASKED, OPEN, HIDDEN]
    assert many.statuses() == {}
    for path, one in zip((OPEN, MASKED, HIDDEN), got, strict=True):
        tags = {told.props(path)[DAV + "getetag"][1].text for told in (listed, synced, many)}
        assert tags == {one.etag}
        assert many.props(path)[CALDAV + "calendar-data"][1].text == one.text
        assert listed.props(path)[DAV + "getcontentlength"][1].text == str(len(one.body))
    assert "".join(data_of(expanded)).count("SUMMARY:Busy") == 4


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize(
    ("level", "text", "found"),
    [
        (Level.BUSY, "Lunch", []),
        (Level.BUSY, "Oncologist", []),
        (Level.BUSY, "Busy", [OPEN, MASKED, HIDDEN]),
        (Level.READ, "Lunch", [OPEN]),
        (Level.READ, "Oncologist", []),
        (Level.READ, "Lover", []),
        (Level.READ, "Busy", [MASKED]),
        (Level.MANAGE, "Lover", [HIDDEN]),
    ],
)
async def test_a_search_finds_what_the_level_shows(
    objects: Server, bob: Client, level: Level, text: str, found: list[str]
):
    await give(objects, "ann", "main", "bob", level)

    answer = await bob("REPORT", MOUNT, query(containing(text)))

    assert answer.hrefs == found


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize("level", [Level.READ, Level.WRITE])
async def test_closed_objects_are_closed_in_a_mount(objects: Server, bob: Client, level: Level):
    await give(objects, "ann", "main", "bob", level)

    got = [await bob("GET", path) for path in (OPEN, MASKED, HIDDEN)]
    changed = [
        await bob.put(OPEN, lunch(summary="Dinner")),
        await bob.put(MASKED, event(uid="c", summary="Mine")),
        await bob("DELETE", MASKED),
        await bob.put(HIDDEN, event(uid="n")),
        await bob("DELETE", HIDDEN),
        await bob.put(OPEN, lunch("CLASS:PRIVATE\r\n")),
    ]

    writes = level is Level.WRITE
    assert [one.status for one in got] == [200, 200, 404]
    assert "SUMMARY:Busy" in got[1].text
    assert [one.status for one in changed] == [204 if writes else 403, 403, 403, 403, 404, 403]
    assert sorted((await bob.sync(MOUNT)).hrefs) == [MASKED, OPEN]


@pytest.mark.parametrize("level", [Level.BUSY, Level.READ, Level.WRITE])
async def test_a_copy_out_of_a_mount_holds_what_was_seen(
    objects: Server, bob: Client, level: Level
):
    await give(objects, "ann", "main", "bob", level)
    mine = f"{bob.home}calendar/"

    copied = [
        await bob("COPY", MOUNT + name, Destination=f"{mine}{name}") for name in ("c.ics", "p.ics")
    ]
    whole = await bob("COPY", MOUNT, Destination=f"{bob.home}whole/")

    found = await bob("REPORT", f"{bob.home}whole/", query("", DATA))
    said = (await bob("GET", mine + "c.ics")).text + found.text
    shown = ["Lunch"] if level > Level.BUSY else []
    # Private objects are busy blocks for whom all are.
    private = [] if level > Level.BUSY else ["p.ics"]
    assert [one.status for one in (*copied, whole)] == [201, 201 if private else 404, 201]
    assert sorted(one.rpartition("/")[2] for one in found.hrefs) == ["c.ics", "o.ics", *private]
    assert [word for word in WORDS if word in said] == shown


async def test_who_sees_busy_blocks_changes_nothing(objects: Server, ann: Client, bob: Client):
    await give(objects, "ann", "main", "bob", Level.BUSY)
    before = [(await ann("GET", OWNED + name)).response for name in NAMES]

    refused = [
        await bob.put(OPEN, lunch(ALARM)),
        await bob.put(MOUNT + "n.ics", event(uid="n")),
        await bob("POST", MOUNT, event(uid="n"), Content_Type="text/calendar"),
        await bob("DELETE", OPEN),
        await bob("MOVE", OPEN, Destination=f"{bob.home}calendar/o.ics"),
    ]

    assert [one.status for one in refused] == [403] * 5
    assert [(await ann("GET", OWNED + name)).response for name in NAMES] == before


async def test_who_may_read_otherwise_is_masked_nothing(objects: Server, ann: Client, bob: Client):
    await give(objects, "ann", "main", "bob", Level.BUSY)
    await grant(ann, OWNED, ace(href("bob"), "D:read"))

    assert "Lunch" in (await bob("GET", OPEN)).text
    assert "SUMMARY:Busy" in (await bob("GET", MASKED)).text


@pytest.mark.parametrize("level", [Level.READ, Level.WRITE, Level.MANAGE])
async def test_an_alarm_through_a_mount_is_for_its_readers_devices_alone(
    objects: Server, ann: Client, bob: Client, level: Level
):
    await add_user(objects.db, "cat", "Cat Example")
    for name in ("bob", "cat"):
        await give(objects, "ann", "main", name, level)
    others = [(ann, OWNED), (Client(objects, "cat"), "/dav/calendars/cat/ann-main/")]
    tokens = [(await one.sync(place)).token for one, place in others]
    before = [(await one("GET", place + "o.ics")).response for one, place in others]
    device = (await bob.sync(MOUNT)).token
    home = (await bob.sync(bob.home)).token

    put = await bob.put(OPEN, lunch(ALARM))

    delta = await bob.sync(MOUNT, device)
    tag = delta.props(OPEN)[DAV + "getetag"][1].text
    assert put.status == 204
    assert MOUNT in (await bob.sync(bob.home, home)).hrefs
    assert (delta.hrefs, tag) == ([OPEN], (await bob("GET", OPEN)).etag)
    assert (await bob("GET", OPEN)).text == lunch(ALARM)
    assert [(await one("GET", place + "o.ics")).response for one, place in others] == before
    for (one, place), token in zip(others, tokens, strict=True):
        assert (await one.sync(place, token)).hrefs == []


@pytest.mark.rfc("6578 3.2")
@pytest.mark.parametrize("place", [MOUNT, OWNED])
async def test_another_sight_makes_the_client_fetch_anew(objects: Server, bob: Client, place: str):
    await give(objects, "ann", "main", "bob", Level.BUSY)
    home = (await bob.sync(bob.home)).token
    token = (await bob.sync(place)).token
    tag = (await bob("GET", place + "o.ics")).etag

    await give(objects, "ann", "main", "bob", Level.READ)

    refused = await bob.sync(place, token)
    afresh = await bob.sync(place)
    assert MOUNT in (await bob.sync(bob.home, home)).hrefs
    assert refused.condition == DAV + "valid-sync-token"
    assert sorted(afresh.hrefs) == [place + "c.ics", place + "o.ics"]
    assert afresh.props(place + "o.ics")[DAV + "getetag"][1].text != tag
    assert "Lunch" in (await bob("GET", place + "o.ics", If_None_Match=tag)).text


async def test_each_level_has_a_token_of_its_own(objects: Server, bob: Client):
    told = []
    for level in (Level.BUSY, Level.READ, Level.WRITE, Level.MANAGE):
        await give(objects, "ann", "main", "bob", level)
        props = (await bob.propfind(MOUNT, "D:sync-token", "CS:getctag")).props()
        token = props[DAV + "sync-token"][1].text
        told.append(str(token).rpartition("-")[0])
        assert (await bob.sync(MOUNT)).token == token
        assert (await bob.sync(MOUNT, str(token))).hrefs == []

    assert len(set(told)) == 4
