"""POST to a calendar: add a member (RFC 5995)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.state import everything, members
from tests.unit.builders import event

HEADERS = {"Content_Type": "text/calendar; charset=utf-8"}


@pytest.mark.rfc("5995 3.1")
async def test_the_server_names_a_posted_object_and_says_where_it_is(ann: Client, calendar: str):
    posted = await ann("POST", calendar, event(uid="a"), **HEADERS)

    where = posted.headers["Location"]
    assert posted.status == 201
    assert await members(ann, calendar) == {where: posted.etag}
    assert where.endswith(".ics")
    assert (await ann("GET", where)).text == event(uid="a")


@pytest.mark.rfc("5995 3.2")
async def test_the_add_member_property_is_where_to_post(ann: Client, calendar: str):
    props = (await ann.propfind(calendar, "D:add-member")).props()
    (href,) = props["{DAV:}add-member"][1]

    assert (await ann("POST", str(href.text), event(uid="a"), **HEADERS)).status == 201


@pytest.mark.rfc("5995 3.1")
async def test_a_posted_object_is_held_to_the_rules_of_put(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    before = await everything(ann)

    twice = await ann("POST", calendar, event(uid="a"), **HEADERS)
    broken = await ann("POST", calendar, "hello", **HEADERS)

    assert (twice.status, twice.xml.findtext(".//{DAV:}href")) == (409, calendar + "a.ics")
    assert broken.status == 403
    assert await everything(ann) == before


@pytest.mark.rfc("7240 4.2")
async def test_prefer_representation_shows_what_was_stored(ann: Client, calendar: str):
    posted = await ann("POST", calendar, event(uid="a"), Prefer="return=representation", **HEADERS)

    assert (posted.status, posted.text) == (201, event(uid="a"))
    assert posted.headers["Content-Location"] == posted.headers["Location"]


@pytest.mark.rfc("5995 3")
@pytest.mark.parametrize(
    ("path", "status", "allowed"), [("", 403, False), ("main/a.ics", 405, False)]
)
async def test_objects_are_added_to_nothing_but_a_calendar(
    ann: Client, calendar: str, path: str, status: int, allowed: bool
):
    await ann.put(calendar + "a.ics", event(uid="a"))

    answer = await ann("POST", ann.home + path, event(uid="b"), **HEADERS)

    assert (answer.status, "POST" in answer.headers.get("Allow", "")) == (status, allowed)
