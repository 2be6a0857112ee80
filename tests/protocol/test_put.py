"""PUT of calendar objects."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.state import everything
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import event, journal, todo, vevent


@pytest.mark.rfc("4791 5.3.2")
async def test_get_returns_exactly_the_bytes_that_were_put(ann: Client, calendar: str):
    text = event(uid="a").replace("\r\n", "\n") + "\n\n"

    put = await ann.put(calendar + "a.ics", text)
    got = await ann("GET", calendar + "a.ics")

    assert (put.status, got.status, got.text) == (201, 200, text)
    assert got.etag == put.etag


async def test_second_put_of_the_same_bytes_keeps_the_sync_token(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    before = (await ann.sync(calendar)).token

    again = await ann.put(calendar + "a.ics", event(uid="a"))

    assert again.status == 204
    assert (await ann.sync(calendar)).token == before


async def test_propfind_query_and_sync_agree(ann: Client, calendar: str):
    put = await ann.put(calendar + "a.ics", event(uid="a"))

    found = await ann.propfind(calendar, "D:getetag", "D:getcontenttype", depth="1")
    synced = await ann.sync(calendar)

    assert found.hrefs == [calendar, calendar + "a.ics"]
    assert found.props(calendar + "a.ics")["{DAV:}getetag"][1].text == put.etag
    assert synced.hrefs == [calendar + "a.ics"]


@pytest.mark.rfc("9110 9.3.4")
async def test_a_new_object_is_201_and_a_changed_one_204(ann: Client, calendar: str):
    made = await ann.put(calendar + "a.ics", event(uid="a"))
    changed = await ann.put(calendar + "a.ics", event(uid="a", summary="Other"))

    assert (made.status, changed.status) == (201, 204)
    assert made.etag != changed.etag


@pytest.mark.rfc("4791 5.3.4")
async def test_no_tag_is_told_where_the_bytes_were_mended(ann: Client, calendar: str):
    head, tail = event(uid="a", summary="Grüße").encode().split("ü".encode())
    cut = head + b"\xc3\r\n \xbc" + tail

    put = await ann("PUT", calendar + "a.ics", cut, Content_Type="text/calendar")

    assert (put.status, "ETag" in put.headers, "Last-Modified" in put.headers) == (
        201,
        False,
        False,
    )
    assert "Grüße" in (await ann("GET", calendar + "a.ics")).text


@pytest.mark.rfc("4791 4.1")
@pytest.mark.parametrize("text", [event(uid="x"), todo(uid="x"), journal(uid="x")])
async def test_events_tasks_and_journal_entries_are_stored(ann: Client, calendar: str, text: str):
    assert (await ann.put(calendar + "x.ics", text)).status == 201


@pytest.mark.rfc("4791 4.1")
async def test_all_components_of_one_uid_are_one_object(ann: Client, calendar: str):
    moved = vevent(uid="a", recurrence_id="20260106T090000Z", start="20260106T120000Z")
    text = event(uid="a", rrule="FREQ=DAILY;COUNT=3", overrides=[moved])

    assert (await ann.put(calendar + "a.ics", text)).status == 201


@pytest.mark.rfc("4791 5.3.2.1")
async def test_an_object_keeps_its_uid(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    put = await ann.put(calendar + "a.ics", event(uid="b"))

    assert (put.status, put.condition) == (409, "{urn:ietf:params:xml:ns:caldav}no-uid-conflict")
    assert "<!-- a.ics has the UID a, which cannot change: use another name (RFC" in put.text


@pytest.mark.rfc("4791 5.3.2")
async def test_the_same_uid_may_lie_in_two_calendars(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    assert (await ann.put(ann.home + "calendar/a.ics", event(uid="a"))).status == 201


@pytest.mark.rfc("9110 9.3.4")
@pytest.mark.parametrize("path", ["no/a.ics", "a.ics", "main/a.ics/b.ics"])
async def test_without_a_calendar_there_is_no_place_for_an_object(
    ann: Client, calendar: str, path: str
):
    before = await everything(ann)

    answer = await ann.put(ann.home + path, event(uid="a"))

    assert answer.status in (404, 409)
    assert await everything(ann) == before


@pytest.mark.rfc("9110 14.5")
async def test_a_part_of_an_object_is_not_put(ann: Client, calendar: str):
    answer = await ann.put(calendar + "a.ics", event(uid="a"), Content_Range="bytes 0-9/20")

    assert answer.status == 400


@pytest.mark.rfc("7240 4.2")
@pytest.mark.parametrize("existing", [False, True])
async def test_prefer_representation_is_answered_with_the_object(
    ann: Client, calendar: str, existing: bool
):
    if existing:
        await ann.put(calendar + "a.ics", event(uid="a"))
    text = event(uid="a", summary="New")

    put = await ann.put(calendar + "a.ics", text, Prefer="return=representation")

    got = await ann("GET", calendar + "a.ics")
    assert (put.status, put.text, put.etag) == (200 if existing else 201, got.text, got.etag)
    assert put.headers["Preference-Applied"] == "return=representation"
    assert put.headers["Content-Location"] == calendar + "a.ics"


@pytest.mark.rfc("4791 5.2.3")
async def test_a_calendar_for_tasks_takes_no_events(ann: Client):
    tasks = ann.home + "tasks/"

    event_put = await ann.put(tasks + "e.ics", event(uid="e"))
    task_put = await ann.put(tasks + "t.ics", todo(uid="t"))

    assert (event_put.status, task_put.status) == (403, 201)


@pytest.mark.rfc("5545 3.6")
async def test_unknown_properties_and_components_come_back_as_they_were(ann: Client, calendar: str):
    strange = 'BEGIN:X-THING\r\nX-A;X-B="c,d":e\\;f\r\nEND:X-THING\r\n'
    text = vcalendar(vevent(uid="a", lines=["X-APPLE-STRUCTURED;X=1:geo:1,2"], alarms=[strange]))

    put = await ann.put(calendar + "a.ics", text)

    assert put.status == 201
    assert (await ann("GET", calendar + "a.ics")).text == text
