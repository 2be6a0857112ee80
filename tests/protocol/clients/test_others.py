"""Evolution, KDE, vdirsyncer, tsdav and Outlook CalDAV Synchronizer, as far as they differ."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Client, multiget, proppatch
from tests.protocol.clients.wire import (
    children,
    data,
    href_in,
    privileges,
    text_of,
    tokens,
    wire,
)
from tests.unit.builders import event, todo

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
ICAL = "{http://apple.com/ns/ical/}"


class TestEvolution:
    async def test_calendar_shows_that_it_can_be_written(self, ann: Client, calendar: str):
        answer = await ann("OPTIONS", calendar)
        found = await ann.propfind(calendar, "D:current-user-privilege-set", "CS:getctag")

        assert "calendar-access" in tokens(answer.headers["DAV"])
        assert {"DELETE", "POST", "REPORT"} <= set(tokens(answer.headers["Allow"]))
        assert {"{DAV:}write", "{DAV:}write-content"} <= privileges(found)

    async def test_query_for_uids_at_depth_0_finds_the_members(self, ann: Client, calendar: str):
        await ann.put(calendar + "a.ics", event(uid="the-uid", summary="secret"))

        found = await ann("REPORT", calendar, wire("others/evolution-uids"), Depth="0")

        assert found.hrefs == [calendar + "a.ics"]
        lines = data(found)[calendar + "a.ics"].splitlines()
        assert "UID:the-uid" in lines
        assert not [line for line in lines if line.startswith(("SUMMARY", "DTSTART"))]

    async def test_put_sends_nobody_elsewhere(self, ann: Client, calendar: str):
        put = await ann.put(calendar + "a.ics", event(uid="a"), If_None_Match="*")

        assert put.etag.startswith('"')
        assert "Location" not in put.headers


class TestKde:
    @pytest.mark.parametrize(("component", "name"), [("VEVENT", "e.ics"), ("VTODO", "t.ics")])
    async def test_query_answers_a_resourcetype_for_objects(
        self, ann: Client, calendar: str, component: str, name: str
    ):
        await ann.put(calendar + "e.ics", event(uid="e"))
        await ann.put(calendar + "t.ics", todo(uid="t"))

        body = wire("others/kde-query", component=component)
        found = await ann("REPORT", calendar, body, Depth="1")

        assert found.hrefs == [calendar + name]
        (propstat,) = found.xml.findall("D:response/D:propstat", NS)
        assert children(propstat, "D:prop/*") == ["{DAV:}getetag", "{DAV:}resourcetype"]
        assert "200" in propstat.findtext("D:status", "", NS)


class TestVdirsyncer:
    async def test_calendar_is_made_by_extended_mkcol_without_a_slash(self, ann: Client):
        made = await ann(
            "MKCOL",
            ann.home + "work",
            wire("others/vdirsyncer-mkcol"),
            Content_Type="application/xml; charset=UTF-8",
        )
        found = await ann.propfind(ann.home + "work", "D:resourcetype")

        assert made.status == 201
        assert found.hrefs == [ann.home + "work/"]
        assert C + "calendar" in children(found.props()["{DAV:}resourcetype"][1])

    async def test_metadata_is_set_and_read(self, ann: Client, calendar: str):
        values = {
            "D:displayname": "Arbeit",
            "I:calendar-color": "#00FF00",
            "I:calendar-order": "7",
            "C:calendar-description": "Alles",
        }
        body = proppatch(set_="".join(f"<{n}>{text}</{n}>" for n, text in values.items()))

        answer = await ann("PROPPATCH", calendar, body)
        found = await ann.propfind(calendar, *values)

        assert answer.status == 207
        assert [status for status, _ in answer.props().values()] == [200] * 4
        assert [element.text for _, element in found.props().values()] == list(values.values())

    async def test_multiget_needs_no_depth(self, ann: Client, calendar: str):
        await ann.put(calendar + "a@b.ics", event(uid="a"))

        found = await ann("REPORT", calendar, multiget(calendar + "a@b.ics"))

        assert list(data(found)) == [calendar + "a@b.ics"]


class TestTsdav:
    async def test_home_is_the_one_href_of_the_principals_response(self, ann: Client):
        found = await ann.propfind("/dav/principals/ann/", "C:calendar-home-set")

        assert "xml" in found.headers["Content-Type"]
        assert found.hrefs == ["/dav/principals/ann/"]
        assert href_in(found, C + "calendar-home-set") == ann.home

    async def test_change_markers_are_no_numbers(self, ann: Client, calendar: str):
        found = await ann("PROPFIND", ann.home, wire("others/tsdav-home"), Depth="1")

        for name in (CS + "getctag", "{DAV:}sync-token"):
            assert not text_of(found, name, calendar).replace(".", "").isdecimal()

    async def test_sync_brings_data_without_a_depth(self, ann: Client, calendar: str):
        text = event(uid="a")
        await ann.put(calendar + "a.ics", text)

        found = await ann("REPORT", calendar, wire("others/tsdav-sync", token=""))

        assert data(found) == {calendar + "a.ics": text}
        assert all(href.endswith(".ics") for href in found.hrefs)

    async def test_calendar_is_made_without_a_resourcetype(self, ann: Client):
        body = (
            '<c:mkcalendar xmlns:d="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav"><d:set><d:prop>'
            "<d:displayname>2024</d:displayname></d:prop></d:set></c:mkcalendar>"
        )

        made = await ann("MKCALENDAR", ann.home + "new/", body, Content_Type="text/xml")
        found = await ann.propfind(ann.home + "new/", "D:displayname")

        assert (made.status, text_of(found, "{DAV:}displayname")) == (201, "2024")


class TestOutlookCalDavSynchronizer:
    @pytest.mark.parametrize("body", ["", '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'])
    async def test_allprop_shows_that_it_is_a_calendar(self, ann: Client, calendar: str, body: str):
        found = await ann("PROPFIND", calendar, body, Depth="0")

        assert C + "calendar" in children(found.props()["{DAV:}resourcetype"][1])
        assert {status for status, _ in found.props().values()} == {200}

    async def test_privileges_are_spelled_out(self, ann: Client, calendar: str):
        found = await ann.propfind(calendar, "D:current-user-privilege-set")

        assert {"{DAV:}write-content", "{DAV:}bind", "{DAV:}unbind"} <= privileges(found)

    async def test_href_texts_hold_no_white_space(self, ann: Client, calendar: str):
        await ann.put(calendar + "a%20b.ics", event(uid="a"))

        found = await ann.propfind(calendar, "D:owner", "D:current-user-principal", depth="1")

        texts = [str(href.text) for href in found.xml.iter("{DAV:}href")]
        assert all(text.startswith("/") and not any(map(str.isspace, text)) for text in texts)

    async def test_multiget_at_depth_1_shows_what_objects_lack_as_404(
        self, ann: Client, calendar: str
    ):
        await ann.put(calendar + "a.ics", event(uid="a"))
        body = multiget(calendar + "a.ics", props="<D:getetag/><D:displayname/><C:calendar-data/>")

        found = await ann("REPORT", calendar, body, Depth="1")

        statuses = {name: status for name, (status, _) in found.props().items()}
        assert statuses == {
            "{DAV:}getetag": 200,
            "{DAV:}displayname": 404,
            C + "calendar-data": 200,
        }
