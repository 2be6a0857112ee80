"""Rules that no client forgives: properties, and what is announced (G15 to G23)."""

from __future__ import annotations

import pytest

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.service import accounts
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store.engine import Database
from tests.protocol.client import Client, proppatch
from tests.protocol.clients.wire import (
    children,
    href_in,
    privileges,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.protocol.rules import COLLECTIONS, HOME, OBJECT, PRINCIPAL, C
from tests.unit.builders import BERLIN, event, todo
from tests.unit.builders import calendar as vcalendar

# G15

SETTABLE = {
    "D:displayname": "Arbeit",
    "I:calendar-color": "#FF0000FF",
    "I:calendar-order": "3",
    "C:calendar-description": "Büro",
    "C:schedule-calendar-transp": "<C:transparent/>",
    "C:calendar-timezone": vcalendar(BERLIN).replace("\r", "&#13;"),
    "C:calendar-timezone-id": "Europe/Berlin",
    "C:default-alarm-vevent-date": "BEGIN:VALARM&#13;\nEND:VALARM&#13;\n",
    "C:default-alarm-vevent-datetime": "",
    "C:default-alarm-vtodo-date": "BEGIN:VALARM&#13;\nEND:VALARM&#13;\n",
    "C:default-alarm-vtodo-datetime": "",
}


@pytest.mark.rule("G15")
@pytest.mark.parametrize("name", SETTABLE)
async def test_what_is_a_readers_own_is_set_with_a_207(ann: Client, calendar: str, name: str):
    body = proppatch(set_=f"<{name}>{SETTABLE[name]}</{name}>")

    answer = await ann("PROPPATCH", calendar, body)
    found = await ann.propfind(calendar, name)

    ((_, (status, empty)),) = answer.props().items()
    assert (answer.status, status, len(empty), empty.text) == (207, 200, 0, None)
    ((_, (shown, element)),) = found.props().items()
    wanted = SETTABLE[name].replace("&#13;", "\r")
    assert (shown, element.text or "") == (200, "" if wanted.startswith("<") else wanted)


# G16


@pytest.mark.rule("G16")
@pytest.mark.parametrize(
    "body", ["apple/mkcalendar", "davx5/mkcalendar", "python-caldav/mkcalendar"]
)
async def test_calendar_is_made_of_what_clients_send(ann: Client, body: str):
    made = await ann("MKCALENDAR", HOME + "new/", wire(body))

    assert (made.status, made.body) == (201, b"")


@pytest.mark.rule("G16")
async def test_calendar_with_a_property_that_cannot_be_set_is_not_made(ann: Client):
    body = wire("python-caldav/mkcalendar").replace(
        "</D:prop>", "<D:getetag>1</D:getetag></D:prop>"
    )

    refused = await ann("MKCALENDAR", HOME + "new/", body)
    found = await ann.propfind(HOME + "new/", "D:displayname")

    assert (refused.status, found.status) == (207, 404)
    assert refused.xml.tag == "{DAV:}multistatus"


# G17


@pytest.mark.rule("G17")
@pytest.mark.parametrize("path", [HOME, HOME + "main/", OBJECT])
async def test_privileges_are_spelled_out(ann: Client, stored: str, path: str):
    found = await ann.propfind(path, "D:current-user-privilege-set")

    assert privileges(found) == {
        "{DAV:}all",
        "{DAV:}read",
        "{DAV:}write",
        "{DAV:}write-properties",
        "{DAV:}write-content",
        "{DAV:}bind",
        "{DAV:}unbind",
        "{DAV:}unlock",
        "{DAV:}read-acl",
        "{DAV:}write-acl",
        "{DAV:}read-current-user-privilege-set",
        C + "read-free-busy",
    }


# G18


@pytest.mark.rule("G18")
async def test_reports_stand_in_their_wrappers(ann: Client, calendar: str):
    found = await ann.propfind(calendar, "D:supported-report-set")

    _, element = found.props()["{DAV:}supported-report-set"]
    assert set(children(element)) == {"{DAV:}supported-report"}
    assert set(children(element, "D:supported-report/*")) == {"{DAV:}report"}
    assert {C + "calendar-query", C + "calendar-multiget", "{DAV:}sync-collection"} <= reports(
        found
    )


# G19


@pytest.mark.rule("G19")
async def test_content_type_begins_with_text_calendar(ann: Client, calendar: str):
    await ann.put(calendar + "e.ics", event(uid="e"))
    await ann.put(calendar + "t.ics", todo(uid="t"))

    found = await ann.propfind(calendar, "D:getcontenttype", depth="1")
    got = await ann("GET", calendar + "e.ics")

    assert [
        text_of(found, "{DAV:}getcontenttype", calendar + name) for name in ("e.ics", "t.ics")
    ] == [f"text/calendar; charset=utf-8; component={kind}" for kind in ("VEVENT", "VTODO")]
    assert got.headers["Content-Type"] == "text/calendar; charset=utf-8"


# G20


@pytest.mark.rule("G20")
async def test_addresses_are_mailto_in_lower_case_the_preferred_one_first(ann: Client):
    found = await ann.propfind(PRINCIPAL, "C:calendar-user-address-set", "D:resource-id")

    _, element = found.props()[C + "calendar-user-address-set"]
    first, *others = element
    assert (first.text, dict(first.attrib)) == ("mailto:ann@example.org", {"preferred": "1"})
    assert [other.text for other in others] == [PRINCIPAL, href_in(found, "{DAV:}resource-id")]


@pytest.mark.rule("G20")
async def test_address_is_shown_in_lower_case(server: Server, db: Database):
    new = NewAccount("eve", "Eve", ("Eve@Example.ORG",))
    await db.write(lambda tx: accounts.create(tx, new, None, Defaults(), now()))

    found = await Client(server, "eve").propfind(
        "/dav/principals/eve/", "C:calendar-user-address-set"
    )

    _, element = found.props()[C + "calendar-user-address-set"]
    assert element[0].text == "mailto:eve@example.org"


# G21 and G22 come with scheduling.


# G23

WORKS = {"1", "2", "3", "calendar-access", "extended-mkcol", "calendar-default-alarms"} | {
    "access-control",
    "calendar-no-timezone",
    "calendar-proxy",
    "calendarserver-principal-property-search",
    "calendarserver-sharing",
    "calendarserver-sharing-no-scheduling",
    "calendarserver-group-sharee",
}
"""What tests hold the server to. A feature that is added brings its token, and its tests."""


@pytest.mark.rule("G23")
async def test_nothing_is_announced_that_is_not_there(ann: Client, calendar: str):
    answer = await ann("OPTIONS", calendar)

    assert set(tokens(answer.headers["DAV"])) == WORKS


@pytest.mark.rule("G23")
@pytest.mark.parametrize("path", [*COLLECTIONS, OBJECT])
async def test_method_that_is_allowed_is_not_a_405(ann: Client, stored: str, path: str):
    allowed = tokens((await ann("OPTIONS", path)).headers["Allow"])

    answers = {method: await ann(method, path) for method in allowed if method != "DELETE"}

    assert not [name for name, answer in answers.items() if answer.status in (405, 501)]


@pytest.mark.rule("G23")
@pytest.mark.parametrize("path", [*COLLECTIONS, OBJECT])
async def test_report_that_is_supported_is_not_refused_as_unknown(
    ann: Client, stored: str, path: str
):
    supported = reports(await ann.propfind(path, "D:supported-report-set"))
    names = [name.removeprefix("{").split("}") for name in supported]

    answers = [
        await ann("REPORT", path, f'<{local} xmlns="{space}"/>', Depth="0")
        for space, local in names
    ]

    assert not [answer for answer in answers if b"supported-report" in answer.body]
