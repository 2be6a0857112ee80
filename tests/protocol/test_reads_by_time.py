"""What a time range costs: the index decides in as many statements for many objects as for one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import Client, multiget, proppatch, query
from tests.protocol.recorded import Recorded
from tests.protocol.test_calendar_query import VIENNA, found, within
from tests.unit.builders import event

MONDAY = within("VEVENT", "20260105T000000Z", "20260106T000000Z")
WEEK = within("VEVENT", "20260104T000000Z", "20260111T000000Z")
BOTH = "<D:getetag/><C:calendar-data/>"
RECURRING = 40


@pytest.fixture
def recorded(server: Server) -> Recorded:
    return Recorded(server.db)


@pytest.fixture
def client(server: Server, recorded: Recorded) -> Client:
    """Ann, on a server whose reads are noted."""
    return Client(replace(server, db=recorded), "ann")


@pytest.fixture
async def recurring(ann: Client, calendar: str) -> str:
    """A calendar of endless series, an all-day one among them, and of two single events."""
    texts = [
        event(uid=f"s{number}", start="20260105T090000Z", rrule="FREQ=DAILY")
        for number in range(RECURRING)
    ]
    texts += [
        event(uid="days", start="20260105", rrule="FREQ=DAILY"),
        event(uid="one", start="20260106T090000Z"),
        event(uid="other", start="20270106T090000Z"),
    ]
    for number, text in enumerate(texts):
        assert (await ann.put(f"{calendar}{number}.ics", text)).status == 201
    return calendar


@pytest.mark.rfc("4791 7.8")
async def test_a_query_that_the_index_decides_is_three_statements_with_its_texts(
    client: Client, recorded: Recorded, recurring: str
):
    answer = await client("REPORT", recurring, query(WEEK, BOTH), Depth="1")

    assert len(answer.hrefs) == RECURRING + 2
    assert (len(recorded.noted), recorded.texts) == (3, 1)


@pytest.mark.rfc("4791 7.8")
async def test_a_time_range_over_many_series_reads_no_texts_of_them(
    client: Client, recorded: Recorded, recurring: str
):
    answer = await client("REPORT", recurring, query(WEEK), Depth="1")

    assert len(answer.hrefs) == RECURRING + 2
    assert (len(recorded.noted), recorded.texts) == (2, 0)


@pytest.mark.rfc("4791 7.3")
async def test_the_zone_is_read_only_where_it_decides(
    client: Client, recorded: Recorded, ann: Client, calendar: str
):
    await ann.put(calendar + "a.ics", event(uid="a", start="20260108", end="20260109"))

    for range_ in (WEEK, MONDAY, within("VEVENT", "20260108T100000Z", "20260108T110000Z")):
        await client("REPORT", calendar, query(range_), Depth="1")

    assert sum("property" in statement for statement in recorded.noted) == 1


@pytest.mark.rfc("4791 7.9")
async def test_a_multiget_is_three_statements(client: Client, recorded: Recorded, recurring: str):
    hrefs = [f"{recurring}{number}.ics" for number in range(RECURRING)]

    answer = await client("REPORT", recurring, multiget(*hrefs))

    assert answer.hrefs == hrefs
    assert (len(recorded.noted), recorded.texts) == (3, 1)


@pytest.mark.rfc("4791 7.8")
async def test_a_query_sent_again_is_answered_from_what_is_stored_then(ann: Client, calendar: str):
    before = await found(ann, calendar, MONDAY)
    await ann.put(calendar + "a.ics", event(uid="a", start="20260105T090000Z"))
    after = await found(ann, calendar, MONDAY)

    assert (before, after) == (set(), {"a"})


@pytest.mark.rfc("4918 9.1")
async def test_only_the_named_properties_are_read(
    client: Client, recorded: Recorded, ann: Client, calendar: str
):
    dead = f'<x:large xmlns:x="http://x/">{"a" * 1000}</x:large>'
    await ann("PROPPATCH", calendar, proppatch(set_=dead + VIENNA))

    one = await client.propfind(calendar, "D:displayname")
    some = await client.propfind(calendar, "D:displayname", "C:calendar-timezone-id")

    assert "Europe/Vienna" in some.text and "Europe/Vienna" not in one.text
    reads = [statement for statement in recorded.noted if "FROM property" in statement]
    assert ["property.name" in read.partition("WHERE")[2] for read in reads] == [True, True]
