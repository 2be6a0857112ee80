"""A calendar that a feed fills, as clients see it: they read it, and nothing more."""

from __future__ import annotations

import pytest

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.ical.parse import parse
from caldavd.model import Collection
from caldavd.service import import_, subscribe
from caldavd.service.subscribe import New
from caldavd.store import principals
from caldavd.store.engine import WriteTx
from tests.protocol.client import Answer, Client, multiget, propfind, proppatch, query
from tests.unit.builders import event

URL = "/dav/calendars/ann/Feed/"
OBJECT = URL + "a.ics"


async def fill(server: Server, calendar: Collection, *uids: str) -> None:
    documents = [parse(event(uid=uid).encode()) for uid in uids]
    await server.db.write(lambda tx: import_.take(tx, calendar, documents, now(), 0))


@pytest.fixture
async def feed(server: Server) -> Collection:
    """A calendar of ann's that a feed has filled with one event."""

    async def make(tx: WriteTx) -> Collection:
        ann = await principals.by_name(tx, "ann")
        assert ann is not None
        new = New("https://example.com/a.ics", "Feed", 3_600, "#FF0000FF")
        return (await subscribe.add(tx, ann, new, now())).calendar

    made = await server.db.write(make)
    await fill(server, made, "a")
    return made


def privileges(answer: Answer) -> set[str]:
    _, element = answer.props()["{DAV:}current-user-privilege-set"]
    return {str(one.tag).rpartition("}")[2] for one in element.iterfind("*/*")}


async def test_it_is_a_calendar_like_others_that_is_only_read(ann: Client, feed: Collection):
    names = ("D:resourcetype", "D:displayname", "I:calendar-color", "C:schedule-calendar-transp")

    answer = await ann.propfind(URL, *names, "D:current-user-privilege-set")

    found = {name: element for name, (status, element) in answer.props().items() if status == 200}
    assert [str(one.tag) for one in found["{DAV:}resourcetype"]] == [
        "{DAV:}collection",
        "{urn:ietf:params:xml:ns:caldav}calendar",
    ]
    assert found["{DAV:}displayname"].text == "Feed"
    assert found["{http://apple.com/ns/ical/}calendar-color"].text == "#FF0000FF"
    [transp] = found["{urn:ietf:params:xml:ns:caldav}schedule-calendar-transp"]
    assert transp.tag == "{urn:ietf:params:xml:ns:caldav}transparent"
    assert privileges(answer) == {
        *("read", "read-free-busy", "read-acl", "read-current-user-privilege-set"),
        *("write-properties", "write-acl"),
    }


async def test_its_objects_are_read_in_every_way(ann: Client, feed: Collection):
    got = await ann("GET", OBJECT)
    found = await ann("REPORT", URL, query('<C:comp-filter name="VEVENT"/>'), Depth="1")
    named = await ann("REPORT", URL, multiget(OBJECT))

    assert (got.status, got.text) == (200, event(uid="a"))
    assert (found.hrefs, named.hrefs) == ([OBJECT], [OBJECT])


@pytest.mark.rfc("3744 7.1.1")
@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "privilege"),
    [
        ("PUT", OBJECT, event(uid="a", summary="Mine"), {}, "write-content"),
        ("PUT", URL + "new.ics", event(uid="new"), {}, "bind"),
        ("POST", URL, event(uid="new"), {}, "bind"),
        ("DELETE", OBJECT, "", {}, "unbind"),
        ("MOVE", OBJECT, "", {"Destination": "/dav/calendars/ann/calendar/a.ics"}, "unbind"),
        ("COPY", "/dav/calendars/ann/calendar/b.ics", "", {"Destination": OBJECT}, "write-content"),
        ("MOVE", "/dav/calendars/ann/calendar/b.ics", "", {"Destination": URL + "b"}, "bind"),
    ],
)
async def test_what_would_change_its_objects_is_refused_by_the_privilege_that_lacks(
    ann: Client,
    feed: Collection,
    method: str,
    path: str,
    body: str,
    headers: dict[str, str],
    privilege: str,
):
    await ann.put("/dav/calendars/ann/calendar/b.ics", event(uid="b"))
    before = (await ann("GET", OBJECT)).text
    token = (await ann.sync(URL)).token

    answer = await ann(method, path, body, **headers)

    assert (answer.status, answer.condition) == (403, "{DAV:}need-privileges")
    assert answer.xml.find(f".//{{DAV:}}{privilege}") is not None
    assert (await ann("GET", OBJECT)).text == before
    assert (await ann.sync(URL)).token == token


async def test_properties_of_its_objects_cannot_be_set(ann: Client, feed: Collection):
    answer = await ann("PROPPATCH", OBJECT, proppatch(set_='<x:y xmlns:x="http://x/">1</x:y>'))

    assert {status for status, _ in answer.props().values()} == {403}


async def test_its_owner_names_and_colours_it(ann: Client, feed: Collection):
    named = "<D:displayname>Holidays</D:displayname><I:calendar-color>#00FF00FF</I:calendar-color>"

    answer = await ann("PROPPATCH", URL, proppatch(set_=named))

    assert {status for status, _ in answer.props().values()} == {200}
    found = await ann("PROPFIND", URL, propfind("D:displayname"), Depth="0")
    assert found.props()["{DAV:}displayname"][1].text == "Holidays"


async def test_its_owner_removes_it_as_a_whole(ann: Client, feed: Collection):
    assert (await ann("DELETE", URL)).status == 204
    assert (await ann("GET", OBJECT)).status == 404


async def test_a_copy_of_it_is_a_calendar_to_write_in(ann: Client, feed: Collection):
    copied = await ann("COPY", URL, Destination="/dav/calendars/ann/copy/")

    written = await ann.put("/dav/calendars/ann/copy/a.ics", event(uid="a", summary="Mine"))

    assert (copied.status, written.status) == (201, 204)


@pytest.mark.rfc("6578 3.2")
async def test_what_the_feed_brings_is_synchronised(server: Server, ann: Client, feed: Collection):
    first = await ann.sync(URL)
    home = await ann.sync(ann.home)

    await fill(server, feed, "b")

    assert (await ann.sync(URL, first.token)).hrefs == [URL + "b.ics"]
    assert URL in (await ann.sync(ann.home, home.token)).hrefs


async def test_others_see_nothing_of_it(bob: Client, feed: Collection):
    assert [(await bob("GET", path)).status for path in (URL, OBJECT)] == [404, 404]
