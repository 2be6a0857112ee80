"""GET and HEAD."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.protocol.client import Client
from tests.unit.builders import event


@pytest.mark.rfc("9110 9.3.1")
async def test_get_shows_the_object_with_its_tag_date_and_media_type(ann: Client, calendar: str):
    put = await ann.put(calendar + "a.ics", event(uid="a"))

    got = await ann("GET", calendar + "a.ics")

    assert got.status == 200
    assert dict(got.headers) == {
        "Content-Type": "text/calendar; charset=utf-8",
        "ETag": put.etag,
        "Last-Modified": put.headers["Last-Modified"],
        "Cache-Control": "private, no-cache",
        "Vary": "CalDAV-Timezones",
    }


@pytest.mark.rfc("9110 9.3.2")
async def test_head_has_the_headers_of_get(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    got, head = await ann("GET", calendar + "a.ics"), await ann("HEAD", calendar + "a.ics")

    assert (head.status, head.headers) == (200, got.headers)


@pytest.mark.rfc("4918 9.4")
@pytest.mark.parametrize("path", ["/", "/dav/", "/dav/principals/ann/", "/dav/calendars/ann/"])
async def test_get_of_a_collection_is_a_page_for_people(ann: Client, path: str):
    answer = await ann("GET", path)

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


@pytest.mark.rfc("9110 15.5.5")
@pytest.mark.parametrize("path", ["main/no.ics", "no/", "no/no.ics", "main/a.ics/x", "main/a/b/c"])
async def test_what_does_not_exist_is_404(ann: Client, calendar: str, path: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    answer = await ann("GET", ann.home + path)

    assert answer.status == 404


@pytest.mark.rfc("3986 2.1")
@pytest.mark.parametrize("name", ["a%40b.ics", "a%20b.ics", "a%C3%A4.ics", "a%2Fb.ics", "a+b.ics"])
async def test_a_name_is_found_in_any_of_its_encodings(ann: Client, calendar: str, name: str):
    await ann.put(calendar + name, event(uid="a"))

    same = await ann("GET", calendar + name.lower().replace("a", "%61", 1))

    assert same.status == 200


@pytest.mark.rfc("3986 3.3")
async def test_an_encoded_slash_does_not_part_segments(ann: Client, calendar: str):
    await ann.put(calendar + "x%2Fy.ics", event(uid="a"))

    (href,) = (await ann.sync(calendar)).hrefs

    assert href == calendar + "x%2Fy.ics"
    assert (await ann("GET", calendar + "x/y.ics")).status == 404


@pytest.mark.rfc("3986 5.2.4")
@pytest.mark.parametrize("path", ["main/../main/a.ics", "main/./a.ics", "main/%2E%2E/", "main//a"])
async def test_dot_segments_and_empty_ones_are_refused(ann: Client, calendar: str, path: str):
    answer = await ann("GET", ann.home + path)

    assert answer.status == 400


@pytest.mark.rfc("9112 3.2.2")
async def test_a_target_may_be_an_absolute_uri_or_have_a_query(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    absolute = await ann("GET", f"http://cal.example.org{calendar}a.ics")
    with_query = await ann("GET", calendar + "a.ics?export")

    assert (absolute.status, with_query.status) == (200, 200)


@pytest.mark.rfc("3986 2.1")
@pytest.mark.parametrize(
    "name", ["\U0001f468\u200d\U0001f469.ics", "a\u00adb.ics", "a\u00a0b.ics", "\U0001fae9.ics"]
)
async def test_a_name_may_hold_any_character_that_xml_can(ann: Client, calendar: str, name: str):
    put = await ann.put(calendar + quote(name), event(uid="a"))

    assert put.status == 201
    assert (await ann.sync(calendar)).hrefs == [calendar + quote(name)]


@pytest.mark.rfc("3986 2.1")
@pytest.mark.parametrize("name", ["\0", "\n", "\x1f", "\x7f", "\x85", "\x9f", "\ufffe", "\uffff"])
async def test_a_name_with_a_control_or_what_xml_forbids_is_refused(
    ann: Client, calendar: str, name: str
):
    assert (await ann.put(calendar + quote(name), event(uid="a"))).status == 400


@pytest.mark.rfc("3986 2.1")
@pytest.mark.parametrize("name", ["\ud800", "a\udcff"])
async def test_a_name_that_is_no_utf_8_is_refused(ann: Client, calendar: str, name: str):
    assert (await ann.put(calendar + name, event(uid="a"))).status == 400
