"""Rules that no client forgives: what is stored, and what a sync tells of it (G8 to G11)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.clients.wire import (
    wire,
)
from tests.protocol.rules import COLLECTIONS, HOME, OBJECT
from tests.unit.builders import event

# G8


@pytest.mark.rule("G8")
@pytest.mark.parametrize("end", ["\r\n", "\n"])
async def test_bytes_stored_as_sent_are_answered_with_their_tag(
    ann: Client, calendar: str, end: str
):
    text = event(uid="a", lines=["X-Unknown;x=1:ä", "x-lower:y"]).replace("\r\n", end) + end

    put = await ann.put(OBJECT, text)
    got = await ann("GET", OBJECT)

    assert (put.etag, got.text) == (got.etag, text)


@pytest.mark.rule("G8")
async def test_bytes_that_had_to_be_mended_are_answered_without_a_tag(ann: Client, calendar: str):
    cut = event(uid="a", summary="Übung").encode().replace(b"\xc3\x9c", b"\xc3\r\n \x9c")

    put = await ann("PUT", OBJECT, cut, Content_Type="text/calendar")
    got = await ann("GET", OBJECT)

    assert (put.status, "ETag" in put.headers, "Last-Modified" in put.headers) == (
        201,
        False,
        False,
    )
    assert got.status == 200
    assert "SUMMARY:Übung" in got.text


# G9


@pytest.mark.rule("G9")
@pytest.mark.parametrize("level", ["", "<sync-level>1</sync-level>", "<sync-level/>"])
@pytest.mark.parametrize("depth", [{}, {"Depth": "0"}, {"Depth": "1"}, {"Depth": "infinity"}])
async def test_sync_is_taken_with_any_depth_and_level(
    ann: Client, stored: str, depth: dict[str, str], level: str
):
    body = (
        f'<sync-collection xmlns="DAV:"><sync-token/>{level}<prop><getetag/></prop>'
        "</sync-collection>"
    )

    found = await ann("REPORT", HOME + "main/", body, **depth)

    assert (found.status, found.hrefs) == (207, [stored])


# G10


@pytest.mark.rule("G10")
@pytest.mark.parametrize("path", [HOME, HOME + "main/"])
@pytest.mark.parametrize(
    "token", ["1", "x y", "http://example.org/1", "data:,zz-zz", "data:,1-", "&#233;", "-1" * 500]
)
async def test_token_of_somebody_else_is_refused(ann: Client, calendar: str, path: str, token: str):
    answer = await ann.sync(path, token)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")
    assert len(answer.xml[0]) == 0


@pytest.mark.rule("G10")
async def test_token_of_the_calendar_before_it_was_made_anew_is_refused(ann: Client, calendar: str):
    token = (await ann.sync(calendar)).token
    await ann("DELETE", calendar)
    await ann("MKCALENDAR", calendar)

    answer = await ann.sync(calendar, token)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


@pytest.mark.rule("G10")
async def test_token_of_another_calendar_is_refused(ann: Client, calendar: str):
    await ann("MKCALENDAR", HOME + "other/")
    token = (await ann.sync(HOME + "other/")).token

    answer = await ann.sync(calendar, token)

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


# G11


@pytest.mark.rule("G11")
async def test_sync_lists_members_with_type_and_tag_and_not_itself(ann: Client, stored: str):
    body = wire("thunderbird/first-sync")

    found = await ann("REPORT", HOME + "main/", body, Depth="1")

    assert found.hrefs == [stored]
    assert {name: status for name, (status, _) in found.props().items()} == {
        "{DAV:}getcontenttype": 200,
        "{DAV:}getetag": 200,
    }


@pytest.mark.rule("G11")
@pytest.mark.parametrize("path", COLLECTIONS)
async def test_no_collection_claims_to_be_text_calendar(ann: Client, calendar: str, path: str):
    found = await ann.propfind(path, "D:getcontenttype")

    assert found.props()["{DAV:}getcontenttype"][0] == 404
