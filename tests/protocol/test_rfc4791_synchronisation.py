"""Clients that synchronise as RFC 4791 8.2 describes: by entity tags, within a range of time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.protocol.client import Client, multiget, query
from tests.protocol.clients.wire import data
from tests.protocol.test_rfc4791_examples import request
from tests.unit.builders import event, vevent

JANUARY = ("20260101T000000Z", "20260201T000000Z")
FEBRUARY = ("20260201T000000Z", "20260301T000000Z")


@dataclass
class Copy:
    """What a client keeps of a calendar: entity tag and text of each object, by its URL."""

    client: Client
    path: str
    tags: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    fetched: list[str] = field(default_factory=list)
    """What was fetched the last time."""

    async def synchronise(self, window: tuple[str, str]) -> None:
        """First the tags in the window, then the texts of those that are not the ones kept.

        Whatever was kept and is not in the window is forgotten.
        """
        tags = await self._tags(window)
        self.fetched = sorted(href for href in tags if self.tags.get(href) != tags[href])
        kept = {href: text for href, text in self.texts.items() if href in tags}
        fresh = {}
        if self.fetched:
            fresh = data(await self.client("REPORT", self.path, multiget(*self.fetched)))
        self.tags, self.texts = tags, kept | fresh

    async def _tags(self, window: tuple[str, str]) -> dict[str, str]:
        body = request("8.2.1.3-calendar-query")
        for old, new in zip(("20040902T000000Z", "20040903T000000Z"), window, strict=True):
            body = body.replace(old, new)
        answer = await self.client("REPORT", self.path, body, Depth="1")
        assert answer.status == 207
        assert all(list(answer.props(href)) == ["{DAV:}getetag"] for href in answer.hrefs)
        return {href: str(answer.props(href)["{DAV:}getetag"][1].text) for href in answer.hrefs}


def on(day: str, summary: str = "Meeting") -> str:
    """An hour of that day; its UID is the day."""
    return event(uid=day, start=f"{day}T090000Z", duration="PT1H", summary=summary)


@pytest.fixture
async def copy(ann: Client, calendar: str) -> Copy:
    """Of a calendar with two days in January, one in February and one long past."""
    for day in ("20260105", "20260106", "20260210", "19990105"):
        assert (await ann.put(f"{calendar}{day}.ics", on(day))).status == 201
    return Copy(ann, calendar)


@pytest.mark.rfc("4791 8.2")
@pytest.mark.rfc("4791 8.2.1.1")
@pytest.mark.rfc("4791 8.2.1.3")
async def test_the_first_time_a_client_fetches_what_its_view_shows_and_no_more(copy: Copy):
    await copy.synchronise(JANUARY)

    shown = [f"{copy.path}{day}.ics" for day in ("20260105", "20260106")]
    assert copy.fetched == shown
    assert copy.texts == {href: (await copy.client("GET", href)).text for href in shown}
    assert copy.tags == {href: (await copy.client("GET", href)).etag for href in shown}


@pytest.mark.rfc("4791 8.2.1.3")
async def test_what_was_made_changed_and_deleted_is_found_and_nothing_else_fetched(copy: Copy):
    await copy.synchronise(JANUARY)
    changed, gone, new = (copy.path + f"{day}.ics" for day in (20260105, 20260106, 20260107))
    await copy.client.put(copy.path + "20260108.ics", on("20260108"))
    await copy.synchronise(JANUARY)

    await copy.client.put(changed, on("20260105", "Later"))
    await copy.client("DELETE", gone)
    await copy.client.put(new, on("20260107"))
    await copy.synchronise(JANUARY)

    assert copy.fetched == [changed, new]
    assert copy.texts == {
        changed: on("20260105", "Later"),
        new: on("20260107"),
        copy.path + "20260108.ics": on("20260108"),
    }


@pytest.mark.rfc("4791 8.2.1.3")
async def test_where_nothing_has_changed_nothing_is_fetched(copy: Copy):
    await copy.synchronise(JANUARY)
    before = dict(copy.texts)

    await copy.synchronise(JANUARY)

    assert (copy.fetched, copy.texts) == ([], before)


@pytest.mark.rfc("4791 8.2.1.2")
async def test_another_month_is_synchronised_when_it_is_looked_at(copy: Copy):
    await copy.synchronise(JANUARY)

    await copy.synchronise(FEBRUARY)

    assert copy.texts == {copy.path + "20260210.ics": on("20260210")}


@pytest.mark.rfc("4791 8.2.1.2")
async def test_an_event_that_moves_between_months_leaves_one_copy_and_enters_the_other(copy: Copy):
    other = Copy(copy.client, copy.path)
    await copy.synchronise(JANUARY)
    await other.synchronise(FEBRUARY)
    href = copy.path + "20260105.ics"

    moved = event(uid="20260105", start="20260205T090000Z", duration="PT1H")
    assert (await copy.client.put(href, moved)).status == 204
    await copy.synchronise(JANUARY)
    await other.synchronise(FEBRUARY)

    assert href not in copy.texts
    assert (other.fetched, other.texts[href]) == ([href], moved)


@pytest.mark.rfc("4791 8.2.1.1")
@pytest.mark.rfc("4791 3.2")
async def test_a_series_is_in_the_view_of_each_month_that_it_has_an_instance_in(copy: Copy):
    href = copy.path + "series.ics"
    moved = vevent(uid="s", recurrence_id="20260217T090000Z", start="20260220T090000Z")
    text = event(
        uid="s", start="20251216T090000Z", duration="PT1H", rrule="FREQ=WEEKLY", overrides=[moved]
    )
    await copy.client.put(href, text)

    views = []
    for window in (JANUARY, FEBRUARY, ("20250101T000000Z", "20251201T000000Z")):
        await copy.synchronise(window)
        views.append(copy.texts.get(href))

    assert views == [text, text, None]


@pytest.mark.rfc("4791 8.2.2")
async def test_a_client_takes_the_properties_it_shows_and_the_whole_to_change_it(
    ann: Client, calendar: str
):
    href = calendar + "a.ics"
    large = "ATTACH;ENCODING=BASE64;VALUE=BINARY:" + "SGVsbG8h" * 1_000
    text = event(uid="a", attendees=["bob", "eve"], lines=[large])
    tag = (await ann.put(href, text)).etag
    props = (
        '<D:getetag/><C:calendar-data><C:comp name="VCALENDAR"><C:prop name="VERSION"/>'
        '<C:comp name="VEVENT"><C:prop name="UID"/><C:prop name="SUMMARY"/>'
        '<C:prop name="DTSTART"/></C:comp></C:comp></C:calendar-data>'
    )

    answer = await ann("REPORT", calendar, query("", props=props))
    whole = await ann("GET", href)
    changed = await ann.put(href, whole.text.replace("Meeting", "Party"), If_Match=tag)

    assert data(answer)[href].splitlines() == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        "UID:a",
        "SUMMARY:Meeting",
        "DTSTART:20260105T090000Z",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    assert answer.props(href)["{DAV:}getetag"][1].text == whole.etag == tag
    assert changed.status == 204
    assert (await ann("GET", href)).text == text.replace("Meeting", "Party")
