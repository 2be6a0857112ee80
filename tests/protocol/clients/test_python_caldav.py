"""python-caldav: the bodies it sends, and what it needs in the answers."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Client, proppatch
from tests.protocol.clients.wire import children, data, href_in, text_of, wire
from tests.unit.builders import event, journal, todo

C = "{urn:ietf:params:xml:ns:caldav}"
SENT = {"Content_Type": "text/xml", "User_Agent": "python-caldav/3.6.0", "Depth": "1"}


async def test_expanded_search_has_the_instance_in_range_alone(ann: Client, calendar: str):
    series = event(uid="m", start="20000112T120000Z", duration="PT1H", rrule="FREQ=MONTHLY")
    await ann.put(calendar + "m.ics", series)
    await ann.put(calendar + "other.ics", event(uid="other", start="20000213T120000Z"))

    found = await ann("REPORT", calendar, wire("python-caldav/expand"), **SENT)

    assert list(data(found)) == [calendar + "m.ics"]
    lines = data(found)[calendar + "m.ics"].splitlines()
    assert lines.count("BEGIN:VEVENT") == 1
    assert "DTSTART:20000212T120000Z" in lines
    assert "RECURRENCE-ID:20000212T120000Z" in lines
    assert not [line for line in lines if line.startswith(("RRULE", "BEGIN:VTIMEZONE"))]


async def test_two_instances_in_range_are_one_response(ann: Client, calendar: str):
    series = event(uid="h", start="20000212T010000Z", duration="PT1H", rrule="FREQ=HOURLY;COUNT=9")
    await ann.put(calendar + "h.ics", series)

    found = await ann("REPORT", calendar, wire("python-caldav/expand"), **SENT)

    assert found.hrefs == [calendar + "h.ics"]
    assert data(found)[calendar + "h.ics"].count("BEGIN:VEVENT") == 9


async def test_answer_holds_what_was_asked_for_and_nothing_else(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a", start="20000212T120000Z"))

    found = await ann("REPORT", calendar, wire("python-caldav/without-component"), **SENT)

    (response,) = found.xml
    assert children(response) == ["{DAV:}href", "{DAV:}propstat"]
    assert children(response.find("D:propstat", NS)) == ["{DAV:}prop", "{DAV:}status"]
    ((name, (status, element)),) = found.props().items()
    assert (name, status, dict(element.attrib)) == (C + "calendar-data", 200, {})


TASKS = {
    "open": todo(uid="open", lines=["STATUS:NEEDS-ACTION"]),
    "busy": todo(uid="busy", lines=["STATUS:IN-PROCESS"]),
    "done": todo(uid="done", lines=["STATUS:COMPLETED"], completed="20000109T120000Z"),
    "said": todo(uid="said", lines=["STATUS:COMPLETED"]),
    "off": todo(uid="off", lines=["STATUS:CANCELLED"]),
    "bare": todo(uid="bare"),
}


@pytest.mark.parametrize(
    ("body", "names"), [("pending", {"open", "busy"}), ("pending-without-status", {"bare"})]
)
async def test_pending_tasks_are_found_by_two_queries(
    ann: Client, calendar: str, body: str, names: set[str]
):
    for name, text in TASKS.items():
        await ann.put(f"{calendar}{name}.ics", text)

    found = await ann("REPORT", calendar, wire(f"python-caldav/{body}"), **SENT)

    assert set(found.hrefs) == {f"{calendar}{name}.ics" for name in names}


async def test_range_without_component_means_any_of_them(ann: Client, calendar: str):
    await ann.put(calendar + "e.ics", event(uid="e", start="20000103"))
    await ann.put(calendar + "t.ics", todo(uid="t", due="20000108"))
    await ann.put(calendar + "j.ics", journal(uid="j", start="20000111"))
    await ann.put(calendar + "late.ics", event(uid="late", start="20020103"))

    found = await ann("REPORT", calendar, wire("python-caldav/without-component"), **SENT)

    assert sorted(found.hrefs) == [calendar + name for name in ("e.ics", "j.ics", "t.ics")]


async def test_object_is_found_by_its_uid(ann: Client, calendar: str):
    await ann.put(calendar + "x.ics", event(uid="Some/UID@home"))
    await ann.put(calendar + "y.ics", event(uid="some/uid@home"))

    found = await ann("REPORT", calendar, wire("python-caldav/uid", uid="Some/UID@home"), **SENT)

    assert found.hrefs == [calendar + "x.ics"]


@pytest.mark.parametrize("path", ["/", "/dav/", "/principals/", "/dav/principals/"])
async def test_principal_search_takes_the_odd_body(ann: Client, path: str):
    body = wire("python-caldav/principal-search", name="ann")

    found = await ann("REPORT", path, body, Depth="0", Content_Type="text/xml")

    assert (found.status, found.hrefs) == (207, ["/dav/principals/ann/"])
    assert text_of(found, "{DAV:}displayname") == "Ann Example"
    assert href_in(found, C + "calendar-home-set") == "/dav/calendars/ann/"


async def test_principal_search_for_somebody_else_finds_nobody(ann: Client):
    body = wire("python-caldav/principal-search", name="zoe")

    found = await ann("REPORT", "/", body, Depth="0", Content_Type="text/xml")

    assert (found.status, found.hrefs) == (207, [])


async def test_principal_search_for_nothing_lists_everyone_who_may_be_seen(ann: Client):
    found = await ann("REPORT", "/", wire("python-caldav/principal-list"), Depth="0")

    assert (found.status, found.hrefs) == (
        207,
        ["/dav/principals/ann/", "/dav/principals/bob/"],
    )


async def test_sync_has_no_statuses_but_200_and_404(ann: Client, calendar: str):
    await ann.put(calendar + "gone.ics", event(uid="gone"))
    first = await ann("REPORT", calendar, wire("python-caldav/sync", token=""), **SENT)
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("DELETE", calendar + "gone.ics")

    found = await ann("REPORT", calendar, wire("python-caldav/sync", token=first.token), **SENT)
    nothing = await ann("REPORT", calendar, wire("python-caldav/sync", token=found.token), **SENT)

    statuses = [str(one.text) for one in found.xml.iter("{DAV:}status")]
    assert statuses == ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"]
    assert (nothing.hrefs, nothing.token) == ([], found.token)


async def test_query_of_a_missing_calendar_is_404_and_makes_nothing(ann: Client):
    path = ann.home + "this_should_not_exist/"

    answer = await ann("REPORT", path, wire("python-caldav/without-component"), **SENT)
    listed = await ann.propfind(ann.home, "D:resourcetype", depth="1")

    assert answer.status == 404
    assert path not in listed.hrefs


async def test_calendar_is_made_renamed_deleted_and_made_again(ann: Client):
    path = ann.home + "caldav-server-checker-mkdel-test/"
    make = wire("python-caldav/mkcalendar")

    made = await ann("MKCALENDAR", path, make, Content_Type="text/xml")
    await ann.put(path + "a.ics", event(uid="a", start="20000212T120000Z"))
    renamed = await ann("PROPPATCH", path, proppatch(set_="<D:displayname>Yep</D:displayname>"))
    deleted = await ann("DELETE", path)
    gone = await ann("REPORT", path, wire("python-caldav/without-component"), **SENT)
    again = await ann("MKCALENDAR", path, make, Content_Type="text/xml")
    empty = await ann("REPORT", path, wire("python-caldav/without-component"), **SENT)

    answers = [made, renamed, deleted, gone, again, empty]
    assert [answer.status for answer in answers] == [201, 207, 204, 404, 201, 207]
    assert empty.hrefs == []


async def test_name_with_an_encoded_slash_is_one_name(ann: Client, calendar: str):
    path = calendar + "a%252Fb.ics"

    put = await ann.put(path, event(uid="a/b"))
    got = await ann("GET", path)
    listed = await ann("REPORT", calendar, wire("python-caldav/sync", token=""), **SENT)

    assert (put.status, got.status, listed.hrefs) == (201, 200, [path])
