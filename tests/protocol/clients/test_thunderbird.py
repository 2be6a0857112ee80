"""Thunderbird: what it sends, and what it needs in the answers."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest

from tests.protocol.client import NS, Client
from tests.protocol.clients.wire import (
    data,
    href_in,
    hrefs,
    privileges,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.unit.builders import event

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
PRINCIPAL = "/dav/principals/ann/"
SENT = {"Content_Type": "text/xml; charset=utf-8"}


def as_written_again(path: str) -> str:
    """A path as the client writes it into a multiget: every segment encoded, `@` too."""
    return "/".join(quote(unquote(segment), safe="") for segment in path.split("/"))


@pytest.mark.parametrize("start", ["/.well-known/caldav", "/"])
async def test_detection_ends_at_the_principal(ann: Client, start: str):
    body = wire("thunderbird/discovery")

    found = await ann("PROPFIND", start, body, Depth="0", **SENT)
    if found.status == 301:
        found = await ann("PROPFIND", found.headers["Location"], body, Depth="0", **SENT)

    assert found.status == 207
    assert href_in(found, "{DAV:}current-user-principal") == PRINCIPAL


async def test_detection_at_the_principal_ends_at_the_home(ann: Client):
    found = await ann("PROPFIND", PRINCIPAL, wire("thunderbird/discovery"), Depth="0", **SENT)

    assert (found.status, href_in(found, C + "calendar-home-set")) == (207, "/dav/calendars/ann/")


async def test_detection_at_a_calendar_takes_that_calendar(ann: Client, calendar: str):
    found = await ann("PROPFIND", calendar, wire("thunderbird/discovery"), Depth="0", **SENT)

    kind = found.props()["{DAV:}resourcetype"][1]
    assert kind.find("C:calendar", NS) is not None


@pytest.mark.parametrize(
    "path",
    [
        "/calendar/",
        "/remote.php/dav/",
        "/dav/elsewhere/",
        "/dav/principals/zoe/",
        "/dav/calendars/bob/",
        "/dav/calendars/bob/calendar/",
        "/dav/calendars/ann/missing/",
    ],
)
async def test_detection_elsewhere_is_no_failure_to_log_in(ann: Client, path: str):
    found = await ann("PROPFIND", path, wire("thunderbird/discovery"), Depth="0", **SENT)

    assert found.status == 404


async def test_every_response_in_the_home_has_a_resourcetype(ann: Client, calendar: str):
    found = await ann("PROPFIND", ann.home, wire("thunderbird/home"), Depth="1", **SENT)

    assert calendar in found.hrefs
    assert all(found.props(href)["{DAV:}resourcetype"][0] == 200 for href in found.hrefs)
    assert privileges(found, calendar) >= {"{DAV:}write", "{DAV:}write-content", "{DAV:}bind"}


async def test_calendar_starts_up(ann: Client, calendar: str):
    found = await ann("PROPFIND", calendar, wire("thunderbird/calendar"), Depth="0", **SENT)

    assert found.status == 207
    assert "{DAV:}sync-collection" in reports(found)
    assert "{DAV:}write-content" in privileges(found)
    assert href_in(found, "{DAV:}owner") == PRINCIPAL
    assert text_of(found, CS + "getctag")
    components = found.props()[C + "supported-calendar-component-set"][1]
    assert {"VEVENT", "VTODO"} <= {comp.get("name") for comp in components}


async def test_parent_of_a_calendar_answers_options(ann: Client):
    answer = await ann("OPTIONS", ann.home)

    first, *rest = tokens(answer.headers["DAV"])
    assert (answer.status, first) == (200, "1")
    assert "calendar-access" in rest


async def test_principal_has_a_home_and_an_address(ann: Client):
    found = await ann("PROPFIND", PRINCIPAL, wire("thunderbird/principal"), Depth="0", **SENT)

    assert href_in(found, C + "calendar-home-set") == "/dav/calendars/ann/"
    addresses = found.props()[C + "calendar-user-address-set"][1]
    first = addresses.findtext("D:href", "", NS)
    assert first == "mailto:ann@example.org"


async def test_first_sync_lists_everything_with_type_and_etag(ann: Client, calendar: str):
    puts = {
        calendar + name: await ann.put(calendar + name, event(uid=name))
        for name in ("a.ics", "b@home.ics")
    }
    await ann.put(calendar + "gone.ics", event(uid="gone"))
    await ann("DELETE", calendar + "gone.ics")

    found = await ann("REPORT", calendar, wire("thunderbird/first-sync"), Depth="1", **SENT)

    assert found.hrefs == list(puts)
    assert found.statuses() == {}
    for href, put in puts.items():
        assert text_of(found, "{DAV:}getetag", href) == put.etag
        assert text_of(found, "{DAV:}getcontenttype", href).startswith("text/calendar")


async def test_later_sync_has_no_status_but_404(ann: Client, calendar: str):
    await ann.put(calendar + "gone.ics", event(uid="gone"))
    first = await ann("REPORT", calendar, wire("thunderbird/first-sync"), Depth="1", **SENT)
    await ann("DELETE", calendar + "gone.ics")

    body = wire("thunderbird/sync", token=first.token)
    found = await ann("REPORT", calendar, body, Depth="1", **SENT)

    assert found.statuses() == {calendar + "gone.ics": 404}


async def test_bad_token_is_more_than_an_empty_error(ann: Client, calendar: str):
    body = wire("thunderbird/sync", token="https://example.org/ns/sync/99")

    answer = await ann("REPORT", calendar, body, Depth="1", **SENT)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


async def test_item_just_written_is_in_the_multiget_that_follows(ann: Client, calendar: str):
    path = calendar + "b@home.ics"
    text = event(uid="b@home")
    put = await ann.put(path, text, If_None_Match="*")

    asked = as_written_again(path)
    body = wire("thunderbird/multiget", hrefs=hrefs([asked], "D:"))
    found = await ann("REPORT", calendar, body, Depth="1", **SENT)

    assert put.status == 201
    assert "%40" in asked
    assert [unquote(href) for href in found.hrefs] == [path]
    assert list(data(found).values()) == [text]
    assert text_of(found, "{DAV:}getetag") == put.etag


async def test_listing_without_sync_shows_types_of_objects_alone(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    found = await ann("PROPFIND", calendar, wire("thunderbird/listing"), Depth="1", **SENT)

    types = {href: found.props(href)["{DAV:}getcontenttype"][0] for href in found.hrefs}
    assert types == {calendar: 404, calendar + "a.ics": 200}


async def test_overwriting_a_changed_item_is_412_and_head_shows_what_there_is(
    ann: Client, calendar: str
):
    path = calendar + "a.ics"
    old = await ann.put(path, event(uid="a"))
    new = await ann.put(path, event(uid="a", summary="B"))

    refused = await ann("DELETE", path, If_Match=old.etag)
    head = await ann("HEAD", path)

    assert (refused.status, head.status, head.etag) == (412, 200, new.etag)


async def test_alarm_state_of_the_client_comes_back_as_it_was(ann: Client, calendar: str):
    lines = ["X-MOZ-LASTACK:20260105T085000Z", "X-MOZ-GENERATION:2"]
    text = event(uid="a", lines=lines)
    await ann.put(calendar + "a.ics", text)

    body = wire("thunderbird/multiget", hrefs=hrefs([calendar + "a.ics"], "D:"))
    found = await ann("REPORT", calendar, body, Depth="1", **SENT)

    assert data(found) == {calendar + "a.ics": text}
