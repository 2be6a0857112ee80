"""DAVx5: what the Android app sends, and what it needs in the answers."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

import pytest

from caldavd.dav.server import Server
from caldavd.store.engine import Database
from tests.protocol.client import NS, Client
from tests.protocol.clients.wire import (
    children,
    data,
    href_in,
    hrefs,
    privileges,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.protocol.conftest import add_user
from tests.unit.builders import event, journal, todo

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
ICAL = "{http://apple.com/ns/ical/}"
PUSH = "{https://bitfire.at/webdav-push}"
PRINCIPAL = "/dav/principals/ann/"
XML = "application/xml; charset=UTF-8"
ICS = "text/calendar; charset=utf-8"
SENT = {"Content_Type": XML, "User_Agent": "DAVx5/4.5 (at.bitfire.davdroid)"}
LIMIT = "<limit><nresults>{}</nresults></limit>"


async def test_principal_is_found_and_offers_calendars(ann: Client):
    body = wire("davx5/principal")

    redirect = await ann("PROPFIND", "/.well-known/caldav", body, Depth="0", **SENT)
    found = await ann("PROPFIND", redirect.headers["Location"], body, Depth="0", **SENT)
    principal = href_in(found, "{DAV:}current-user-principal")
    options = await ann("OPTIONS", principal, Accept_Encoding="identity")

    assert (redirect.status, found.status, principal) == (301, 207, PRINCIPAL)
    assert options.status == 200
    assert "calendar-access" in tokens(options.headers["DAV"])
    assert "Content-Encoding" not in options.headers


async def test_principal_names_its_home(ann: Client):
    found = await ann("PROPFIND", PRINCIPAL, wire("davx5/refresh"), Depth="0", **SENT)

    assert found.hrefs == [PRINCIPAL]
    assert href_in(found, C + "calendar-home-set") == "/dav/calendars/ann/"
    assert text_of(found, "{DAV:}displayname") == "Ann Example"
    assert "{DAV:}principal" in children(found.props()["{DAV:}resourcetype"][1])


async def test_home_tells_what_may_be_made_changed_and_deleted(ann: Client, calendar: str):
    found = await ann("PROPFIND", ann.home, wire("davx5/home"), Depth="1", **SENT)

    assert "{DAV:}bind" in privileges(found, ann.home)
    assert privileges(found, calendar) >= {"{DAV:}write-content", "{DAV:}unbind"}
    assert text_of(found, ICAL + "calendar-color", calendar).startswith("#")
    components = found.props(calendar)[C + "supported-calendar-component-set"][1]
    assert [comp.get("name") for comp in components] == ["VEVENT", "VTODO", "VJOURNAL"]
    absent = {name for name, (status, _) in found.props(calendar).items() if status == 404}
    assert absent >= {PUSH + "transports", PUSH + "topic", CS + "source"}


@pytest.mark.parametrize("spelling", ["zoe@example.org", "zoe%40example.org"])
async def test_hrefs_are_spelled_like_the_path_of_the_request(
    db: Database, server: Server, spelling: str
):
    await add_user(db, "zoe@example.org", "Zoe")
    client = Client(server, "zoe@example.org")
    home = f"/dav/calendars/{spelling}/"
    await client("MKCALENDAR", home + "main/")
    await client.put(home + "main/a%40b.ics", event(uid="a"))

    calendars = await client("PROPFIND", home, wire("davx5/home"), Depth="1", **SENT)
    synced = await client(
        "REPORT", home + "main/", wire("davx5/sync", token="", limit=""), Depth="0", **SENT
    )

    assert all(href.startswith(home) for href in calendars.hrefs)
    (href,) = synced.hrefs
    assert href.startswith(home + "main/")
    assert unquote(href) == "/dav/calendars/zoe@example.org/main/a@b.ics"


async def test_calendar_is_made_with_its_resourcetype(ann: Client):
    path = f"{ann.home}2b1e8a0c-7b55-4a5f-9d39-5f3f6a0f7a10/"

    made = await ann("MKCALENDAR", path, wire("davx5/mkcalendar"), **SENT)
    found = await ann("PROPFIND", ann.home, wire("davx5/home"), Depth="1", **SENT)

    assert made.status == 201
    assert text_of(found, "{DAV:}displayname", path) == "Family"
    assert text_of(found, C + "calendar-description", path) == "All of us"
    assert text_of(found, ICAL + "calendar-color", path) == "#2288FFFF"
    assert text_of(found, C + "calendar-timezone-id", path) == "Europe/Vienna"
    assert "TZID:Europe/Vienna" in text_of(found, C + "calendar-timezone", path)
    components = found.props(path)[C + "supported-calendar-component-set"][1]
    assert [comp.get("name") for comp in components] == ["VEVENT", "VTODO"]


async def test_state_of_a_calendar_tells_how_to_sync(ann: Client, calendar: str):
    found = await ann("PROPFIND", calendar, wire("davx5/state"), Depth="0", **SENT)

    assert "{DAV:}sync-collection" in reports(found)
    assert text_of(found, "{DAV:}sync-token") == (await ann.sync(calendar)).token
    assert int(text_of(found, C + "max-resource-size")) >= 10 << 20


async def test_sync_goes_page_by_page_and_loses_nothing(ann: Client, calendar: str):
    for name in "abcde":
        await ann.put(f"{calendar}{name}.ics", event(uid=name))
    token = (await ann.sync(calendar)).token
    for name in "fg":
        await ann.put(f"{calendar}{name}.ics", event(uid=name))
    for name in "abc":
        await ann("DELETE", f"{calendar}{name}.ics")

    seen: list[str] = []
    gone: list[str] = []
    for _ in range(3):
        body = wire("davx5/sync", token=token, limit=LIMIT.format(2))
        page = await ann("REPORT", calendar, body, Depth="0", **SENT)
        statuses = page.statuses()
        more = statuses.pop(calendar, None)
        gone += statuses
        seen += [href for href in page.hrefs if href not in statuses and href != calendar]
        token = page.token
        if more is None:
            break

    assert (more, sorted(seen)) == (None, [f"{calendar}{name}.ics" for name in "fg"])
    assert sorted(gone) == [f"{calendar}{name}.ics" for name in "abc"]


async def test_cut_sync_says_so_on_the_collection(ann: Client, calendar: str):
    for name in "ab":
        await ann.put(f"{calendar}{name}.ics", event(uid=name))

    body = wire("davx5/sync", token="", limit=LIMIT.format(1))
    page = await ann("REPORT", calendar, body, Depth="0", **SENT)

    assert page.status == 207
    assert page.statuses() == {calendar: 507}
    error = page.xml.findall("D:response", NS)[-1].find("D:error", NS)
    assert children(error) == ["{DAV:}number-of-matches-within-limits"]


async def test_every_synced_member_has_an_etag(ann: Client, calendar: str):
    put = await ann.put(calendar + "a.ics", event(uid="a"))

    body = wire("davx5/sync", token="", limit="")
    found = await ann("REPORT", calendar, body, Depth="0", **SENT)

    assert found.hrefs == [calendar + "a.ics"]
    assert text_of(found, "{DAV:}getetag") == put.etag
    status, kind = found.props()["{DAV:}resourcetype"]
    assert (status, len(kind)) == (200, 0)


async def test_dead_token_is_refused_by_its_element(ann: Client, calendar: str):
    body = wire("davx5/sync", token="http://example.org/sync/1", limit="")

    answer = await ann("REPORT", calendar, body, Depth="0", **SENT)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


async def test_ninety_days_of_events_are_found_by_a_query(ann: Client, calendar: str):
    await ann.put(calendar + "old.ics", event(uid="old", start="20260301T090000Z"))
    put = await ann.put(calendar + "new.ics", event(uid="new", start="20260901T090000Z"))
    await ann.put(calendar + "task.ics", todo(uid="task", due="20260901T090000Z"))

    found = await ann("REPORT", calendar, wire("davx5/query-events"), Depth="1", **SENT)

    assert found.hrefs == [calendar + "new.ics"]
    assert text_of(found, "{DAV:}getetag") == put.etag


@pytest.mark.parametrize(("component", "name"), [("VTODO", "t.ics"), ("VJOURNAL", "j.ics")])
async def test_tasks_and_journals_are_found_by_component(
    ann: Client, calendar: str, component: str, name: str
):
    await ann.put(calendar + "e.ics", event(uid="e"))
    await ann.put(calendar + "t.ics", todo(uid="t"))
    await ann.put(calendar + "j.ics", journal(uid="j"))

    body = wire("davx5/query-component", component=component)
    found = await ann("REPORT", calendar, body, Depth="1", **SENT)

    assert found.hrefs == [calendar + name]


async def test_parallel_multigets_are_answered_in_full(ann: Client, calendar: str):
    texts = {f"{calendar}{number}.ics": event(uid=str(number)) for number in range(30)}
    for href, text in texts.items():
        await ann.put(href, text)
    names = list(texts)

    bodies = [wire("davx5/multiget", hrefs=hrefs(names[at : at + 10])) for at in (0, 10, 20)]
    answers = await asyncio.gather(*(ann("REPORT", calendar, body, **SENT) for body in bodies))

    assert {href: text for answer in answers for href, text in data(answer).items()} == texts
    for answer in answers:
        props = [answer.props(href) for href in answer.hrefs]
        assert all(one["{DAV:}getetag"][0] == 200 for one in props)
        assert all(one["{DAV:}getcontenttype"][1].text.startswith("text/calendar") for one in props)


async def test_upload_gives_the_etag_that_the_next_listing_shows(ann: Client, calendar: str):
    path = calendar + "a.ics"

    put = await ann.put(
        path,
        event(uid="a"),
        If_None_Match="*",
        Content_Type=ICS,
        Push_Dont_Notify='"https://push.example.org/1"',
    )
    changed = await ann.put(path, event(uid="a", summary="B"), If_Match=put.etag)
    shown = text_of(await ann.propfind(path, "D:getetag"), "{DAV:}getetag")

    assert (put.status, changed.status) == (201, 204)
    assert changed.etag == shown
    assert shown.startswith('"')


async def test_lost_races_are_412(ann: Client, calendar: str):
    path = calendar + "a.ics"
    put = await ann.put(path, event(uid="a"))
    await ann.put(path, event(uid="a", summary="B"))

    created = await ann.put(path, event(uid="a", summary="C"), If_None_Match="*")
    changed = await ann.put(path, event(uid="a", summary="C"), If_Match=put.etag)
    deleted = await ann("DELETE", path, If_Match=put.etag)

    assert [created.status, changed.status, deleted.status] == [412, 412, 412]


async def test_delete_is_a_204_and_then_a_404(ann: Client, calendar: str):
    put = await ann.put(calendar + "a.ics", event(uid="a"))

    deleted = await ann("DELETE", calendar + "a.ics", If_Match=put.etag)
    again = await ann("DELETE", calendar + "a.ics")
    collection = await ann("DELETE", calendar)

    assert [deleted.status, again.status, collection.status] == [204, 404, 204]
