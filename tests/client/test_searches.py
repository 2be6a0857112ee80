"""Searches that a server must answer fully for python-caldav to need no allowance for it."""

from __future__ import annotations

from collections.abc import Iterator

import caldav
import pytest

from tests.client.asks import put
from tests.client.probes import OBJECTS, C, between, find, lines, of, search
from tests.client.searches import SEARCHES
from tests.unit.builders import todo


@pytest.fixture(scope="module")
def filled(principal: caldav.Principal) -> Iterator[caldav.Calendar]:
    """A calendar with all OBJECTS."""
    made = principal.make_calendar(name="Probes", cal_id="probes")
    for text in OBJECTS.values():
        made.save_object(caldav.CalendarObjectResource, text)
    yield made
    made.delete()


@pytest.mark.parametrize("feature", SEARCHES)
def test_search_finds_what_it_should_and_no_more(filled: caldav.Calendar, feature: str):
    for query, wanted in SEARCHES[feature]:
        assert find(filled, query) == wanted, query


@pytest.mark.feature("save-load", "save-load.icalendar")
def test_every_kind_of_object_is_loaded_as_it_was_saved(filled: caldav.Calendar):
    # The library writes an object anew before it sends it, with its lines in an order of its own.
    loaded = {uid: sorted(filled.get_object_by_uid(uid).data.split()) for uid in OBJECTS}

    assert loaded == {uid: sorted(text.split()) for uid, text in OBJECTS.items()}


@pytest.mark.feature("search.time-range.todo.no-dtstart.no-due")
def test_task_without_any_date_is_in_every_range(calendar: caldav.Calendar):
    put(calendar, "x.ics", todo(uid="x"))

    ranges = [("20000101", "20000102"), ("20990101", ""), ("", "19000101")]

    assert [find(calendar, of("VTODO", between(*range_))) for range_ in ranges] == [{"x"}] * 3


def expanded(calendar: caldav.Calendar, component: str, start: str, end: str) -> dict[str, str]:
    """The expanded data of what lies between two days."""
    filter_ = of(component, between(start, end))
    return dict(search(calendar, filter_, expand=between(start, end, element="expand")).data)


@pytest.mark.feature("search.recurrences.expanded", "search.recurrences.expanded.event")
def test_expanded_event_is_its_instance(filled: caldav.Calendar):
    found = expanded(filled, "VEVENT", "20000212", "20000213")

    assert set(found) == {"monthly"}
    text = found["monthly"]
    assert sorted(lines(text, "DTSTART", "RECURRENCE-ID")) == [
        "DTSTART:20000212T120000Z",
        "RECURRENCE-ID:20000212T120000Z",
    ]
    assert lines(text, "RRULE", "RDATE", "EXDATE", "BEGIN:VTIMEZONE") == []


@pytest.mark.feature("search.recurrences.expanded.todo")
def test_expanded_task_is_its_instance(filled: caldav.Calendar):
    found = expanded(filled, "VTODO", "20000212", "20000213")

    assert set(found) == {"task-monthly"}
    assert sorted(lines(found["task-monthly"], "DTSTART", "DUE", "RECURRENCE-ID", "RRULE")) == [
        "DTSTART:20000212T120000Z",
        "DUE:20000212T130000Z",
        "RECURRENCE-ID:20000212T120000Z",
    ]


@pytest.mark.feature("search.recurrences.expanded.exception")
def test_expanded_exception_takes_the_place_of_its_instance(filled: caldav.Calendar):
    found = expanded(filled, "VEVENT", "20000213", "20000313T235959Z")

    text = found["exception"]
    assert sorted(lines(text, "DTSTART", "SUMMARY", "RECURRENCE-ID")) == [
        "DTSTART:20000213T130000Z",
        "DTSTART:20000313T120000Z",
        "RECURRENCE-ID:20000213T120000Z",
        "RECURRENCE-ID:20000313T120000Z",
        "SUMMARY:Meeting",
        "SUMMARY:moved",
    ]


@pytest.mark.feature("search.recurrences.expanded.all-day")
def test_expanded_date_stays_a_date(filled: caldav.Calendar):
    found = expanded(filled, "VEVENT", "20010201", "20010202")

    assert sorted(lines(found["yearly"], "DTSTART", "RECURRENCE-ID")) == [
        "DTSTART;VALUE=DATE:20010201",
        "RECURRENCE-ID;VALUE=DATE:20010201",
    ]


@pytest.mark.feature("search.recurrences.expanded.one-response")
def test_instances_of_an_event_come_in_one_response(filled: caldav.Calendar):
    inside = between("20000301", "20000601")
    body = (
        f'<C:calendar-query xmlns:D="DAV:" xmlns:C="{C[1:-1]}"><D:prop><C:calendar-data>'
        f"{between('20000301', '20000601', element='expand')}</C:calendar-data></D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR">{of("VEVENT", inside)}</C:comp-filter></C:filter>'
        "</C:calendar-query>"
    )

    answer = filled.client.report(str(filled.url), body, depth=1)

    hrefs = [str(one.text) for one in answer.tree.iterfind("{DAV:}response/{DAV:}href")]
    assert [href.rpartition("/")[2] for href in hrefs] == ["monthly.ics", "exception.ics"]
