"""Searches that a server must answer fully for python-caldav to need no allowance for it."""

from __future__ import annotations

from collections.abc import Iterator

import caldav
import pytest

from tests.client.probes import (
    EVENTS,
    OBJECTS,
    TASKS,
    absent,
    between,
    holds,
    lines,
    of,
    prop,
    search,
)

PENDING = absent("COMPLETED") + "".join(
    holds("STATUS", word, "i;octet", negate=True) for word in ("COMPLETED", "CANCELLED")
)
ALL_YEAR = between("20000101", "20010101")

SEARCHES: dict[str, list[tuple[str, set[str]]]] = {
    "search": [(of("VEVENT"), set(EVENTS))],
    "search.comp-type": [(of("VTODO"), set(TASKS)), (of("VJOURNAL"), {"journal1"})],
    "search.comp-type.optional": [("", set(OBJECTS)), (ALL_YEAR, set(OBJECTS))],
    "search.unlimited-time-range": [(of("VEVENT"), set(EVENTS))],
    "search.time-range.accurate": [
        (of("VEVENT", between("20000101", "20000102")), {"event1"}),
        (of("VEVENT", between("20000112", "20000113")), {"monthly"}),
        (of("VEVENT", between("20000213T120000Z", "20000213T125900Z")), set()),
    ],
    "search.time-range.event": [(of("VEVENT", between("20000101", "20000102")), {"event1"})],
    "search.time-range.event.old-dates": [
        (of("VEVENT", between("20000102", "20000104")), {"event2", "event3"}),
        (of("VEVENT", between("20000104", "20000107")), {"event4"}),
    ],
    "search.time-range.todo": [(of("VTODO", between("20000109", "20000110")), {"task3"})],
    "search.time-range.todo.old-dates": [
        # A DUE on the very end of the range is in it (RFC 4791 §9.9).
        (of("VTODO", between("20000107", "20000108")), {"task1", "task2"})
    ],
    "search.time-range.todo.strict": [
        (of("VTODO", between("20000109", "20000110")), {"task3"}),
        (of("VTODO", between("20000118", "20000119")), {"task-duration"}),
    ],
    "search.time-range.todo.no-dtstart": [
        (of("VTODO", between("20000107T230000Z", "20000108T010000Z")), {"task2"})
    ],
    "search.time-range.journal": [
        (of("VJOURNAL", between("20000111", "20000112")), {"journal1"}),
        (of("VJOURNAL", between("20000112", "20000113")), set()),
    ],
    "search.time-range.alarm": [
        (
            of("VEVENT", of("VALARM", between("20000110T074000Z", "20000110T075500Z"))),
            {"event-alarm"},
        ),
        (of("VEVENT", of("VALARM", between("20000110T080000Z", "20000110T081500Z"))), set()),
    ],
    "search.time-range.open.end": [
        (of("VTODO", between("20000109", "")), set(TASKS) - {"task1", "task2"}),
        (of("VEVENT", between("20300101", "")), {"monthly", "yearly", "exception"}),
    ],
    "search.time-range.open.start": [
        (of("VTODO", between("", "20000101")), set()),
        (of("VEVENT", between("", "20000102")), {"event1"}),
    ],
    "search.time-range.open.start.duration": [
        (
            of("VTODO", between("", "20000118T120000Z")),
            set(TASKS) - {"task-duration", "task-count"},
        ),
        (of("VEVENT", between("20000117T123000Z", "20000117T124000Z")), {"event-duration"}),
    ],
    "search.is-not-defined.category": [
        (of("VEVENT", absent("CATEGORIES")), set(EVENTS) - {"event-categories"})
    ],
    "search.is-not-defined.class": [(of("VEVENT", absent("CLASS")), set(EVENTS) - {"event-class"})],
    "search.is-not-defined.dtend": [
        (
            of("VEVENT", absent("DTEND")),
            {"event2", "event3", "event-duration", "yearly"},
        )
    ],
    "search.text.case-sensitive": [
        (of("VEVENT", holds("SUMMARY", "Simple", "i;octet")), set()),
        (of("VEVENT", holds("SUMMARY", "simple", "i;octet")), {"event1"}),
    ],
    "search.text.case-insensitive": [
        (of("VEVENT", holds("SUMMARY", "SIMPLE")), {"event1"}),
        (of("VEVENT", holds("SUMMARY", "SIMPLE", "i;unicode-casemap")), {"event1"}),
        (of("VEVENT", prop("SUMMARY", "<C:text-match>SIMPLE</C:text-match>")), {"event1"}),
    ],
    "search.text.substring": [(of("VEVENT", holds("SUMMARY", "ple eve")), {"event1"})],
    "search.text.category": [
        (of("VEVENT", holds("CATEGORIES", category)), {"event-categories"})
        for category in ("hands", "feet", "head")
    ],
    "search.text.category.substring": [
        (of("VEVENT", holds("CATEGORIES", "mil")), {"event-categories"})
    ],
    "search.combined-is-logical-and": [
        (
            of("VEVENT", between("20000101", "20000113") + holds("CATEGORIES", "hands")),
            {"event-categories"},
        ),
        (of("VEVENT", between("20000101", "20000106") + holds("CATEGORIES", "hands")), set()),
    ],
    "search.recurrences.includes-implicit.event": [
        (of("VEVENT", between("20000212", "20000213")), {"monthly"}),
        (of("VEVENT", between("20010201", "20010202")), {"yearly"}),
        (of("VEVENT", between("20010301", "20010302")), set()),
    ],
    "search.recurrences.includes-implicit.todo": [
        (of("VTODO", between("20000212", "20000213")), {"task-monthly"})
    ],
    "search.recurrences.includes-implicit.todo.pending": [
        (of("VTODO", between("20000212", "20000213") + PENDING), {"task-monthly"})
    ],
    "search.recurrences.includes-implicit.infinite-scope": [
        (of("VEVENT", between("20450312", "20450313")), {"monthly"}),
        (of("VTODO", between("20450312", "20450313")), {"task-monthly"}),
        (of("VEVENT", between("20450201", "20450202")), {"yearly"}),
    ],
    "search.recurrences.count": [
        (of("VEVENT", between("20001017", "20001018")), {"weekly"}),
        (of("VEVENT", between("20001024", "20001025")), set()),
        (of("VTODO", between("20001024", "20001025")), set()),
    ],
    "search.text.comp-type-optional": [
        (holds("CATEGORIES", "hands"), {"event-categories"}),
        (holds("SUMMARY", "simple"), {"event1", "task1", "journal1"}),
    ],
}
"""What is asked and what must be found, by the name of the feature."""


@pytest.fixture(scope="module")
def calendar(principal: caldav.Principal) -> Iterator[caldav.Calendar]:
    """A calendar with all OBJECTS."""
    made = principal.make_calendar(name="Probes", cal_id="probes")
    for text in OBJECTS.values():
        made.save_object(caldav.CalendarObjectResource, text)
    yield made
    made.delete()


@pytest.mark.parametrize("feature", SEARCHES)
def test_search_finds_what_it_should_and_no_more(calendar: caldav.Calendar, feature: str):
    for filter_, wanted in SEARCHES[feature]:
        found = search(calendar, filter_)

        assert (found.status, set(found.data)) == (207, wanted), filter_


def expanded(calendar: caldav.Calendar, component: str, start: str, end: str) -> dict[str, str]:
    """The expanded data of what lies between two days."""
    filter_ = of(component, between(start, end))
    return dict(search(calendar, filter_, expand=between(start, end, element="expand")).data)


def test_expanded_event_is_its_instance(calendar: caldav.Calendar):
    """search.recurrences.expanded.event"""
    found = expanded(calendar, "VEVENT", "20000212", "20000213")

    assert set(found) == {"monthly"}
    text = found["monthly"]
    assert sorted(lines(text, "DTSTART", "RECURRENCE-ID")) == [
        "DTSTART:20000212T120000Z",
        "RECURRENCE-ID:20000212T120000Z",
    ]
    assert lines(text, "RRULE", "RDATE", "EXDATE", "BEGIN:VTIMEZONE") == []


def test_expanded_task_is_its_instance(calendar: caldav.Calendar):
    """search.recurrences.expanded.todo"""
    found = expanded(calendar, "VTODO", "20000212", "20000213")

    assert set(found) == {"task-monthly"}
    assert sorted(lines(found["task-monthly"], "DTSTART", "DUE", "RECURRENCE-ID", "RRULE")) == [
        "DTSTART:20000212T120000Z",
        "DUE:20000212T130000Z",
        "RECURRENCE-ID:20000212T120000Z",
    ]


def test_expanded_exception_takes_the_place_of_its_instance(calendar: caldav.Calendar):
    """search.recurrences.expanded.exception"""
    found = expanded(calendar, "VEVENT", "20000213", "20000313T235959Z")

    text = found["exception"]
    assert sorted(lines(text, "DTSTART", "SUMMARY", "RECURRENCE-ID")) == [
        "DTSTART:20000213T130000Z",
        "DTSTART:20000313T120000Z",
        "RECURRENCE-ID:20000213T120000Z",
        "RECURRENCE-ID:20000313T120000Z",
        "SUMMARY:Meeting",
        "SUMMARY:moved",
    ]


def test_expanded_date_stays_a_date(calendar: caldav.Calendar):
    found = expanded(calendar, "VEVENT", "20010201", "20010202")

    assert sorted(lines(found["yearly"], "DTSTART", "RECURRENCE-ID")) == [
        "DTSTART;VALUE=DATE:20010201",
        "RECURRENCE-ID;VALUE=DATE:20010201",
    ]
