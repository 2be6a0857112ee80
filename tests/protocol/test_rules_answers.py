"""Rules that no client forgives: how answers are made (G12 to G14, G24, G25)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from caldavd.dav.registry import BY_NAME, REPORTS
from caldavd.dav.row import AnyReport
from caldavd.errors import TooManyAttempts
from caldavd.model import Actor
from caldavd.store.engine import Full, Unavailable
from tests.protocol.client import NS, Answer, Client, multiget, propfind, proppatch, query
from tests.protocol.clients.wire import (
    children,
    data,
    wire,
)
from tests.protocol.rules import COLLECTIONS, HOME, OBJECT, PRINCIPAL, C
from tests.unit.builders import event

# G12

STATUS = re.compile(r"HTTP/1\.1 \d\d\d [A-Z][A-Za-z -]+")


def assert_minimal(answer: Answer) -> None:
    """Holds a multistatus to responses of href and status, or of href and propstats."""
    for response in answer.xml.findall("D:response", NS):
        href, *rest = children(response)
        assert href == "{DAV:}href"
        assert rest == ["{DAV:}status"] or (rest and set(rest) == {"{DAV:}propstat"})
        for propstat in response.findall("D:propstat", NS):
            assert children(propstat) == ["{DAV:}prop", "{DAV:}status"]
    assert all(STATUS.fullmatch(str(status.text)) for status in answer.xml.iter("{DAV:}status"))


@pytest.mark.rule("G12")
async def test_answers_hold_what_is_needed_and_no_more(ann: Client, stored: str):
    calendar = HOME + "main/"
    token = (await ann.sync(calendar)).token
    await ann.put(calendar + "b.ics", event(uid="b"))
    await ann("DELETE", calendar + "b.ics")
    await ann("PROPPATCH", calendar, wire("apple/color"))

    answers = [
        await ann.propfind(HOME, "D:displayname", "D:nothing", "CS:getctag", depth="1"),
        await ann.propfind(calendar, depth="1"),
        await ann.sync(calendar, token),
        await ann("REPORT", calendar, multiget(stored, calendar + "missing.ics")),
        await ann("REPORT", calendar, query('<C:comp-filter name="VEVENT"/>'), Depth="1"),
        await ann("PROPPATCH", calendar, wire("apple/color")),
        await ann("REPORT", PRINCIPAL, wire("apple/proxies")),
        await ann("REPORT", "/", wire("python-caldav/principal-list")),
    ]

    for answer in answers:
        assert answer.status == 207
        assert_minimal(answer)


# G13


@pytest.mark.rule("G13")
@pytest.mark.parametrize("path", [*COLLECTIONS, OBJECT])
async def test_unknown_property_is_404_beside_those_that_are_known(
    ann: Client, stored: str, path: str
):
    body = (
        '<propfind xmlns="DAV:"><prop><resourcetype/><nope xmlns="urn:x"/><none xmlns=""/></prop>'
        "</propfind>"
    )

    found = await ann("PROPFIND", path, body, Depth="0")

    statuses = {name: status for name, (status, _) in found.props().items()}
    assert statuses == {"{DAV:}resourcetype": 200, "{urn:x}nope": 404, "none": 404}


@pytest.mark.rule("G13")
@pytest.mark.parametrize("headers", [{"Brief": "t"}, {"Prefer": "return=minimal"}])
async def test_unknown_property_is_left_out_if_that_was_asked_for(
    ann: Client, stored: str, headers: dict[str, str]
):
    some = await ann.propfind(OBJECT, "D:getetag", "D:nope", **headers)
    none = await ann.propfind(OBJECT, "D:nope", **headers)

    assert list(some.props()) == ["{DAV:}getetag"]
    propstat = none.xml.find("D:response/D:propstat", NS)
    assert (len(propstat.find("D:prop", NS)), propstat.findtext("D:status", "", NS)) == (
        0,
        "HTTP/1.1 200 OK",
    )


# G14

MISSING = [
    HOME + "missing/",
    HOME + "main/missing.ics",
    HOME + "missing/missing.ics",
    "/dav/calendars/nobody/",
    "/dav/calendars/bob/",
    "/dav/calendars/bob/calendar/a.ics",
    "/dav/principals/nobody/",
    "/dav/principals/bob/calendar-proxy-read/",
    "/elsewhere/",
]
MAKERS = {"PUT", "MKCALENDAR", "MKCOL", "LOCK", "UNLOCK", "OPTIONS"}
"""These make what does not exist, reserve its name, end that, or tell how."""
BODIES = {
    "ACL": "<D:acl xmlns:D='DAV:'/>",
    "PROPFIND": propfind("D:resourcetype"),
    "PROPPATCH": proppatch(set_="<D:displayname>x</D:displayname>"),
    "POST": event(uid="a"),
    "REPORT": query('<C:comp-filter name="VEVENT"/>'),
}


@pytest.mark.rule("G14")
@pytest.mark.parametrize("method", sorted(set(BY_NAME) - MAKERS))
async def test_what_does_not_exist_is_404_for_any_method(ann: Client, calendar: str, method: str):
    headers = {"Destination": HOME + "elsewhere"} if method in ("COPY", "MOVE") else {}
    if method == "PROPFIND":
        headers["Depth"] = "0"

    answers = [await ann(method, path, BODIES.get(method, ""), **headers) for path in MISSING]

    assert [answer.status for answer in answers] == [404] * len(MISSING)


@pytest.mark.rule("G14")
@pytest.mark.parametrize("path", [path for path in MISSING if not path.startswith(HOME)])
async def test_options_where_nothing_can_be_made_is_404(ann: Client, path: str):
    assert (await ann("OPTIONS", path)).status == 404


@pytest.mark.rule("G14")
@pytest.mark.parametrize("row", REPORTS, ids=lambda row: row.name)
async def test_report_on_what_does_not_exist_is_404(ann: Client, calendar: str, row: AnyReport):
    tag = row.name.removeprefix("{").replace("}", " ").split()
    inner = {
        C + "calendar-query": '<filter><comp-filter name="VCALENDAR"/></filter>',
        C + "calendar-multiget": f'<href xmlns="DAV:">{HOME}main/a.ics</href>',
        C + "free-busy-query": '<time-range start="20260101T000000Z" end="20260102T000000Z"/>',
        "{DAV:}principal-match": "<self/>",
    }.get(row.name, "")
    body = f'<{tag[1]} xmlns="{tag[0]}">{inner}</{tag[1]}>'

    answer = await ann("REPORT", HOME + "missing/", body, Depth="0")

    assert answer.status == 404


# G24


class Busy:
    """Authentication that has no answer now."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def cached(self, authorization: str | None) -> Actor | None:
        return None

    async def authenticate(self, authorization: str | None, peer: str) -> Actor:
        raise self._error

    def forget(self, authorization: str) -> None:
        raise AssertionError("nothing was remembered")


@pytest.mark.rule("G24")
@pytest.mark.parametrize(
    ("error", "status", "seconds"),
    [(TooManyAttempts(7), 429, "7"), (Unavailable("no connection"), 503, "5")],
)
async def test_whoever_is_sent_away_is_told_for_how_long(
    server, error: Exception, status: int, seconds: str
):
    ann = Client(replace(server, auth=Busy(error)), "ann")

    answer = await ann("GET", HOME)

    assert (answer.status, answer.headers["Retry-After"]) == (status, seconds)


@pytest.mark.rfc("4331 6")
async def test_a_full_disk_is_507_and_no_reason_to_come_back_soon(server):
    ann = Client(replace(server, auth=Busy(Full("no space"))), "ann")

    answer = await ann("GET", HOME)

    assert (answer.status, "Retry-After" in answer.headers) == (507, False)
    assert answer.condition == "{DAV:}sufficient-disk-space"


# G25


@pytest.mark.rule("G25")
async def test_xml_says_that_it_is(ann: Client, stored: str):
    answers = [
        await ann.propfind(HOME, depth="1"),
        await ann.sync(HOME + "main/"),
        await ann.sync(HOME + "main/", "bad"),
        await ann("REPORT", HOME + "main/", multiget(stored)),
        await ann("PROPPATCH", HOME, wire("apple/default-alarm")),
        await ann("REPORT", "/principals/", '<principal-search-property-set xmlns="DAV:"/>'),
        await ann("REPORT", HOME, '<nothing xmlns="urn:x"/>'),
        await ann("PUT", HOME + "main/b.ics", "nonsense"),
    ]

    assert {answer.headers["Content-Type"] for answer in answers} == {
        "application/xml; charset=utf-8"
    }
    assert all(answer.xml is not None for answer in answers)


@pytest.mark.rule("G25")
@pytest.mark.parametrize("character", ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "\uffff"])
async def test_character_that_xml_forbids_is_refused(ann: Client, calendar: str, character: str):
    answer = await ann.put(OBJECT, event(uid="a", summary=f"a{character}b"))

    assert (answer.status, answer.condition) == (403, C + "valid-calendar-data")


@pytest.mark.rule("G25")
@pytest.mark.parametrize("summary", ["a & b <c> ]]> d", "\u0085\u2028\U0001f382", "\x7f\x9f"])
async def test_character_that_xml_can_hold_comes_back(ann: Client, calendar: str, summary: str):
    text = event(uid="a", summary=summary)
    await ann.put(OBJECT, text)

    found = await ann("REPORT", calendar, multiget(OBJECT))

    assert data(found) == {OBJECT: text}
