"""Apple Calendar and Reminders: what macOS and iOS send, and what they need in the answers."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Client
from tests.protocol.clients.wire import (
    children,
    data,
    href_in,
    privileges,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.unit.builders import event, todo

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
ICAL = "{http://apple.com/ns/ical/}"
XML = "text/xml"
PRINCIPAL = "/dav/principals/ann/"


def brief(depth: str) -> dict[str, str]:
    """The headers of a listing."""
    return {
        "Content_Type": XML,
        "Depth": depth,
        "Brief": "t",
        "Prefer": "return=minimal",
        "User_Agent": "iOS/18.1.1 (22B91) accountsd/1.0",
    }


async def test_well_known_redirects_a_propfind_to_where_the_principal_is(
    ann: Client, nobody: Client
):
    body = wire("apple/discovery")

    redirect = await nobody("PROPFIND", "/.well-known/caldav", body, **brief("0"))
    refused = await nobody("PROPFIND", redirect.headers["Location"], body, **brief("0"))
    found = await ann("PROPFIND", redirect.headers["Location"], body, **brief("0"))

    assert (redirect.status, redirect.headers["Location"]) == (301, "/dav/")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="caldavd", charset="UTF-8"'
    assert found.status == 207
    assert href_in(found, "{DAV:}current-user-principal") == PRINCIPAL
    # principal-URL is not there, and nothing is said of it.
    assert set(found.props()) == {"{DAV:}current-user-principal", "{DAV:}resourcetype"}
    assert found.headers["Preference-Applied"] == "return=minimal"


@pytest.mark.parametrize(
    "path", ["/", "/dav/", "/principals/", "/dav/principals/", "/dav/calendars/ann/"]
)
async def test_every_collection_names_the_principal(ann: Client, path: str):
    found = await ann("PROPFIND", path, wire("apple/discovery"), **brief("0"))

    assert (found.status, found.hrefs) == (207, [path])
    assert href_in(found, "{DAV:}current-user-principal") == PRINCIPAL


async def test_options_on_the_principal_announces_calendar_access(ann: Client, nobody: Client):
    refused = await nobody("OPTIONS", PRINCIPAL)
    answer = await ann("OPTIONS", PRINCIPAL)

    assert (refused.status, answer.status) == (401, 200)
    assert "calendar-access" in tokens(answer.headers["DAV"])
    assert not any(name.lower().startswith("access-control-") for name in answer.headers)


async def test_principal_has_what_an_account_needs(ann: Client):
    found = await ann("PROPFIND", PRINCIPAL, wire("apple/principal"), Depth="0", Content_Type=XML)

    assert found.hrefs == [PRINCIPAL]
    assert href_in(found, C + "calendar-home-set") == "/dav/calendars/ann/"
    assert href_in(found, "{DAV:}principal-URL") == PRINCIPAL
    assert href_in(found, "{DAV:}current-user-principal") == PRINCIPAL
    assert href_in(found, "{DAV:}principal-collection-set") == "/dav/principals/"
    assert href_in(found, "{DAV:}resource-id").startswith("urn:uuid:")
    assert text_of(found, "{DAV:}displayname") == "Ann Example"
    _, addresses = found.props()[C + "calendar-user-address-set"]
    assert addresses.findtext("D:href", "", NS) == "mailto:ann@example.org"
    _, mail = found.props()[CS + "email-address-set"]
    assert [address.text for address in mail] == ["ann@example.org"]


async def test_principal_answers_404_for_what_is_not_offered(ann: Client):
    found = await ann("PROPFIND", PRINCIPAL, wire("apple/principal"), Depth="0", Content_Type=XML)

    assert {name for name, (status, _) in found.props().items() if status == 404} == {
        CS + "dropbox-home-URL",
        C + "max-attendees-per-instance",
        C + "schedule-inbox-URL",
        C + "schedule-outbox-URL",
    }


async def test_property_set_of_the_principal_search_is_a_200(ann: Client):
    body = '<?xml version="1.0"?><A:principal-search-property-set xmlns:A="DAV:"/>'

    found = await ann("REPORT", "/dav/principals/", body, Depth="0", Content_Type=XML)

    assert (found.status, found.xml.tag) == (200, "{DAV:}principal-search-property-set")
    described = found.xml.findall("D:principal-search-property", NS)
    assert "{DAV:}displayname" in [children(one, "D:prop/*")[0] for one in described]
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert {one.find("D:description", NS).get(lang) for one in described} == {"en"}


async def test_expanding_proxies_is_a_207_without_depth(ann: Client):
    found = await ann("REPORT", PRINCIPAL, wire("apple/proxies"), Content_Type=XML)

    assert (found.status, found.hrefs) == (207, [PRINCIPAL])


async def test_home_lists_itself_and_every_calendar(ann: Client, calendar: str):
    found = await ann("PROPFIND", ann.home, wire("apple/home"), **brief("1"))

    kinds = {href: children(found.props(href)["{DAV:}resourcetype"][1]) for href in found.hrefs}
    assert kinds.pop(ann.home) == ["{DAV:}collection"]
    assert calendar in kinds
    assert all(kind == ["{DAV:}collection", C + "calendar"] for kind in kinds.values())
    assert all(href.startswith(ann.home) and href.endswith("/") for href in kinds)


async def test_listed_calendar_has_what_the_sidebar_and_the_sync_need(ann: Client, calendar: str):
    found = await ann("PROPFIND", ann.home, wire("apple/home"), **brief("1"))

    assert href_in(found, "{DAV:}owner", calendar) == PRINCIPAL
    assert privileges(found, calendar) >= {
        "{DAV:}read",
        "{DAV:}write",
        "{DAV:}write-content",
        "{DAV:}write-properties",
        "{DAV:}bind",
        "{DAV:}unbind",
    }
    assert reports(found, calendar) >= {
        "{DAV:}sync-collection",
        C + "calendar-query",
        C + "calendar-multiget",
    }
    assert text_of(found, "{DAV:}sync-token", calendar)
    assert text_of(found, CS + "getctag", calendar)
    transp = found.props(calendar)[C + "schedule-calendar-transp"]
    assert (transp[0], children(transp[1])) == (200, [C + "opaque"])


async def test_new_account_has_a_calendar_and_a_task_list(ann: Client):
    found = await ann("PROPFIND", ann.home, wire("apple/home"), **brief("1"))

    sets = [
        [comp.get("name") for comp in props[C + "supported-calendar-component-set"][1]]
        for href in found.hrefs
        if C + "supported-calendar-component-set" in (props := found.props(href))
    ]
    assert any("VEVENT" in names for names in sets)
    assert any("VTODO" in names for names in sets)


async def test_home_announces_the_sync_that_it_does(ann: Client):
    found = await ann("PROPFIND", ann.home, wire("apple/home"), **brief("1"))
    token = text_of(found, "{DAV:}sync-token", ann.home)

    synced = await ann("REPORT", ann.home, wire("apple/home-sync", token=token), Depth="1")

    assert "{DAV:}sync-collection" in reports(found, ann.home)
    assert (synced.status, synced.hrefs, synced.token) == (207, [], token)


async def test_colour_comes_back_with_its_attribute(ann: Client, calendar: str):
    answer = await ann("PROPPATCH", calendar, wire("apple/color"), Content_Type=XML)
    found = await ann.propfind(calendar, "I:calendar-color")

    assert (answer.status, answer.hrefs) == (207, [calendar])
    status, empty = answer.props()[ICAL + "calendar-color"]
    assert (status, empty.text, len(empty)) == (200, None, 0)
    _, color = found.props()[ICAL + "calendar-color"]
    assert (color.text, dict(color.attrib)) == ("#FD8208FF", {"symbolic-color": "orange"})


async def test_default_alarm_comes_back_with_its_line_ends(ann: Client):
    answer = await ann("PROPPATCH", ann.home, wire("apple/default-alarm"), Content_Type=XML)
    found = await ann.propfind(ann.home, "C:default-alarm-vevent-datetime")

    name = C + "default-alarm-vevent-datetime"
    assert (answer.status, answer.props()[name][0]) == (207, 200)
    lines = text_of(found, name).splitlines(keepends=True)
    assert [line.strip() for line in lines[:2]] == [
        "BEGIN:VALARM",
        "X-WR-ALARMUID:4AD03A33-54A6-42BE-A157-47273DD60803",
    ]
    assert all(line.endswith("\r\n") for line in lines)


@pytest.mark.parametrize("name", ["language-code", "location-code", "autoprovisioned"])
async def test_property_nobody_knows_is_kept(ann: Client, calendar: str, name: str):
    body = (
        '<A:propertyupdate xmlns:A="DAV:"><A:set><A:prop>'
        f'<D:{name} xmlns:D="http://apple.com/ns/ical/">en</D:{name}>'
        "</A:prop></A:set></A:propertyupdate>"
    )

    answer = await ann("PROPPATCH", calendar, body, Content_Type=XML)

    assert answer.props()[ICAL + name][0] == 200
    assert text_of(await ann.propfind(calendar, f"I:{name}"), ICAL + name) == "en"


async def test_colour_that_was_set_reaches_other_devices_through_the_home(
    ann: Client, calendar: str
):
    before = await ann.propfind(ann.home, "D:sync-token")
    token = text_of(before, "{DAV:}sync-token")

    await ann("PROPPATCH", calendar, wire("apple/color"), Content_Type=XML)
    synced = await ann("REPORT", ann.home, wire("apple/home-sync", token=token), Depth="1")

    assert synced.hrefs == [calendar]
    assert text_of(synced, ICAL + "calendar-color", calendar) == "#FD8208FF"


NEW = "77320C9A-0000-4000-8000-000000000001"


@pytest.mark.parametrize("slash", ["", "/"])
async def test_calendar_is_made_with_all_its_properties(ann: Client, slash: str):
    path = f"{ann.home}{NEW}/"

    made = await ann(
        "MKCALENDAR", ann.home + NEW + slash, wire("apple/mkcalendar"), Content_Type=XML
    )
    found = await ann("PROPFIND", ann.home, wire("apple/home"), **brief("1"))

    assert (made.status, made.body, made.headers["Cache-Control"]) == (201, b"", "no-cache")
    assert path in found.hrefs
    assert text_of(found, "{DAV:}displayname", path) == "Reminders"
    assert text_of(found, ICAL + "calendar-order", path) == "3"
    assert found.props(path)[ICAL + "calendar-color"][1].get("symbolic-color") == "custom"
    assert "TZID:Europe/Berlin\r\n" in text_of(found, C + "calendar-timezone", path)
    components = found.props(path)[C + "supported-calendar-component-set"][1]
    assert [comp.get("name") for comp in components] == ["VTODO"]


async def test_calendar_takes_only_the_components_it_was_made_for(ann: Client):
    await ann("MKCALENDAR", ann.home + NEW, wire("apple/mkcalendar"), Content_Type=XML)

    refused = await ann.put(f"{ann.home}{NEW}/e.ics", event(uid="e"))
    taken = await ann.put(f"{ann.home}{NEW}/t.ics", todo(uid="t"))

    assert (refused.status, refused.condition) == (403, C + "supported-calendar-component")
    assert taken.status == 201


async def test_calendar_is_not_made_twice(ann: Client):
    await ann("MKCALENDAR", ann.home + NEW, wire("apple/mkcalendar"), Content_Type=XML)

    again = await ann("MKCALENDAR", ann.home + NEW, wire("apple/mkcalendar"), Content_Type=XML)

    assert (again.status, again.condition) == (403, "{DAV:}resource-must-be-null")


async def test_calendar_below_what_does_not_exist_is_a_conflict(ann: Client):
    answer = await ann(
        "MKCALENDAR", f"{ann.home}missing/{NEW}/", wire("apple/mkcalendar"), Content_Type=XML
    )

    assert answer.status == 409


async def test_sync_without_level_tells_what_changed_and_what_went(ann: Client, calendar: str):
    await ann.put(calendar + "gone.ics", event(uid="gone"))
    token = (await ann.sync(calendar)).token
    put = await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("DELETE", calendar + "gone.ics")

    body = wire("apple/sync", token=token)
    found = await ann("REPORT", calendar, body, Depth="1", Content_Type=XML)

    assert (found.status, found.hrefs) == (207, [calendar + "a.ics", calendar + "gone.ics"])
    assert text_of(found, "{DAV:}getetag", calendar + "a.ics") == put.etag
    media_type = text_of(found, "{DAV:}getcontenttype", calendar + "a.ics")
    assert media_type.startswith("text/calendar")
    assert found.statuses() == {calendar + "gone.ics": 404}
    assert found.xml[-1].tag == "{DAV:}sync-token"
    assert found.token != token


async def test_first_sync_knows_nothing_of_what_went(ann: Client, calendar: str):
    await ann.put(calendar + "gone.ics", event(uid="gone"))
    await ann("DELETE", calendar + "gone.ics")

    found = await ann("REPORT", calendar, wire("apple/sync", token=""), Depth="1")

    assert (found.status, found.hrefs) == (207, [])


async def test_dead_token_is_refused_by_its_element(ann: Client, calendar: str):
    body = wire("apple/sync", token="data:,dead-1")

    answer = await ann("REPORT", calendar, body, Depth="1", Content_Type=XML)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


async def test_home_sync_brings_the_calendar_that_was_written_to(ann: Client, calendar: str):
    token = text_of(await ann.propfind(ann.home, "D:sync-token"), "{DAV:}sync-token")
    before = await ann.propfind(calendar, "CS:getctag", "D:sync-token")
    await ann.put(calendar + "a.ics", event(uid="a"))

    found = await ann("REPORT", ann.home, wire("apple/home-sync", token=token), Depth="1")

    assert found.hrefs == [calendar]
    for name in (CS + "getctag", "{DAV:}sync-token"):
        assert text_of(found, name, calendar) != text_of(before, name)


async def test_home_sync_tells_that_a_calendar_went(ann: Client, calendar: str):
    token = text_of(await ann.propfind(ann.home, "D:sync-token"), "{DAV:}sync-token")
    await ann("DELETE", calendar)

    found = await ann("REPORT", ann.home, wire("apple/home-sync", token=token), Depth="1")

    assert found.statuses() == {calendar: 404}


async def test_multiget_answers_each_href_as_it_was_spelled(ann: Client, calendar: str):
    texts = {calendar + "a.ics": event(uid="a"), calendar + "caf%C3%A9%40home.ics": event(uid="c")}
    for href, text in texts.items():
        await ann.put(href, text)

    body = wire("apple/multiget", calendar=calendar)
    found = await ann("REPORT", calendar, body, Content_Type=XML)

    assert sorted(found.hrefs) == sorted([*texts, calendar + "missing.ics"])
    assert found.statuses() == {calendar + "missing.ics": 404}
    assert data(found) == texts
    assert all(found.props(href)[C + "schedule-tag"][0] == 404 for href in texts)


async def test_query_from_a_day_on_finds_a_series_that_began_long_ago(ann: Client, calendar: str):
    await ann.put(calendar + "old.ics", event(uid="old"))
    series = event(uid="series", start="20200101T090000Z", duration="PT1H", rrule="FREQ=WEEKLY")
    await ann.put(calendar + "series.ics", series)

    found = await ann("REPORT", calendar, wire("apple/open-query"), Depth="1", Content_Type=XML)

    assert found.hrefs == [calendar + "series.ics"]


async def test_uid_under_a_second_name_is_refused_with_the_first(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    answer = await ann.put(calendar + "b.ics", event(uid="a"))

    assert (answer.status, answer.condition) == (409, C + "no-uid-conflict")
    assert answer.xml[0].findtext("D:href", "", NS) == calendar + "a.ics"
