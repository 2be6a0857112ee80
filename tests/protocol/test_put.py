"""PUT, GET and their conditions."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.unit.builders import event


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
