"""calendar-multiget (RFC 4791 7.9)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, declared, multiget
from tests.unit.builders import event

DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"


@pytest.fixture
async def filled(ann: Client, calendar: str) -> str:
    """A calendar with the objects a.ics and b@c.ics."""
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann.put(calendar + "b@c.ics", event(uid="b"))
    return calendar


@pytest.mark.rfc("4791 7.9")
async def test_each_href_is_answered_with_tag_and_data_or_404(ann: Client, filled: str):
    answer = await ann("REPORT", filled, multiget(filled + "a.ics", filled + "no.ics"))

    got = await ann("GET", filled + "a.ics")
    props = answer.props(filled + "a.ics")
    assert answer.hrefs == [filled + "a.ics", filled + "no.ics"]
    assert answer.statuses() == {filled + "no.ics": 404}
    assert (props["{DAV:}getetag"][1].text, props[DATA][1].text) == (got.etag, got.text)


@pytest.mark.rfc("4918 8.3")
@pytest.mark.parametrize(
    "href", ["b@c.ics", "b%40c.ics", "%62%40%63.ics", "http://cal.example.org{}b@c.ics"]
)
async def test_an_href_is_answered_as_it_was_spelled(ann: Client, filled: str, href: str):
    spelled = href.format(filled) if href.startswith("http") else filled + href

    answer = await ann("REPORT", filled, multiget(spelled))

    assert (answer.hrefs, answer.statuses()) == ([spelled], {})


@pytest.mark.rfc("4791 7.9")
async def test_an_href_that_is_named_twice_is_answered_once(ann: Client, filled: str):
    answer = await ann("REPORT", filled, multiget(filled + "a.ics", filled + "a.ics"))

    assert answer.hrefs == [filled + "a.ics"]


@pytest.mark.rfc("4791 7.9")
@pytest.mark.parametrize("href", ["calendar/a.ics", "main/", "", "main/a.ics/x"])
async def test_what_lies_elsewhere_is_404(ann: Client, filled: str, href: str):
    await ann.put(ann.home + "calendar/a.ics", event(uid="a"))

    answer = await ann("REPORT", filled, multiget(ann.home + href))

    assert answer.statuses() == {ann.home + href: 404}


@pytest.mark.rfc("4791 7.9")
async def test_an_object_may_be_asked_for_itself(ann: Client, filled: str):
    answer = await ann("REPORT", filled + "a.ics", multiget(filled + "a.ics"))

    assert (answer.hrefs, answer.statuses()) == ([filled + "a.ics"], {})


@pytest.mark.rfc("4791 9.10")
async def test_a_multiget_without_hrefs_is_400(ann: Client, filled: str):
    assert (await ann("REPORT", filled, multiget())).status == 400


@pytest.mark.rfc("4791 9.6")
@pytest.mark.parametrize("content", ["<&>\"'", "]]>", "\u00e9\U0001f600", "a\\nb\\,c"])
async def test_data_survives_its_way_through_xml(ann: Client, calendar: str, content: str):
    text = event(uid="x", summary=content)
    await ann.put(calendar + "x.ics", text)

    props = (await ann("REPORT", calendar, multiget(calendar + "x.ics"))).props()

    assert props[DATA][1].text == text


@pytest.mark.rfc("4791 9.6")
async def test_data_is_not_a_property_that_propfind_shows(ann: Client, filled: str):
    body = f"<D:propfind {declared()}><D:prop><C:calendar-data/></D:prop></D:propfind>"

    answer = await ann("PROPFIND", filled + "a.ics", body, Depth="0")

    assert answer.props()[DATA][0] == 404
