"""What is asked of probes.OBJECTS and what must be found, by the name of the feature."""

from __future__ import annotations

from typing import Final

from tests.client.probes import (
    EVENTS,
    OBJECTS,
    TASKS,
    Row,
    absent,
    between,
    events,
    holds,
    journals,
    of,
    prop,
    tasks,
    terms,
)

PENDING: Final = absent("COMPLETED") + "".join(
    holds("STATUS", word, "i;octet", negate=True) for word in ("COMPLETED", "CANCELLED")
)
ENDLESS_TASKS: Final = {"task-monthly"}
ENDLESS_EVENTS: Final = {"monthly", "yearly", "exception"}

TIME_RANGES: Final[dict[str, Row]] = {
    "search.time-range": [
        (events("20000101", "20000102"), {"event1"}),
        (tasks("20000109", "20000110"), {"task3"}),
        (journals("20000111", "20000112"), {"journal1"}),
    ],
    "search.time-range.accurate": [
        (events("20000101", "20000102"), {"event1"}),
        (events("20000112", "20000113"), {"monthly"}),
        # The override of February was moved by an hour, out of the first and into the second.
        (events("20000213T120000Z", "20000213T130000Z"), set()),
        (events("20000213T130000Z", "20000213T140000Z"), {"exception"}),
        (events("20000101T130000Z", "20000102T120000Z"), set()),
    ],
    "search.time-range.comp-type-optional": [
        (terms(start="20000107", end="20000108"), {"event-categories", "task1", "task2"}),
        (between("20000111", "20000112"), {"journal1"}),
    ],
    "search.time-range.event": [(events("20000101", "20000102"), {"event1"})],
    "search.time-range.event.old-dates": [
        (events("20000102", "20000104"), {"event2", "event3"}),
        (events("20000104", "20000107"), {"event4"}),
    ],
    "search.time-range.todo": [(tasks("20000109", "20000110"), {"task3"})],
    "search.time-range.todo.old-dates": [
        # A DUE on the very end of the range is in it (RFC 4791 §9.9).
        (tasks("20000107", "20000108"), {"task1", "task2"})
    ],
    "search.time-range.todo.strict": [
        (tasks("20000109", "20000110"), {"task3"}),
        (tasks("20000118", "20000119"), {"task-duration"}),
        (tasks("20000119", "20000120"), set()),
    ],
    "search.time-range.todo.no-dtstart": [
        (tasks("20000107T230000Z", "20000108T010000Z"), {"task2"})
    ],
    "search.time-range.journal": [
        (journals("20000111", "20000112"), {"journal1"}),
        (journals("20000111T230000Z", "20000112T010000Z"), {"journal1"}),
        (journals("20000112", "20000113"), set()),
    ],
    "search.time-range.alarm": [
        (
            terms(event=True, alarm_start="20000110T074000Z", alarm_end="20000110T075500Z"),
            {"event-alarm"},
        ),
        (terms(event=True, alarm_start="20000110T080000Z", alarm_end="20000110T081500Z"), set()),
    ],
    "search.time-range.open": [
        (events("20300101"), ENDLESS_EVENTS),
        (events("", "20000102"), {"event1"}),
    ],
    "search.time-range.open.end": [
        (tasks("20000109"), set(TASKS) - {"task1", "task2"}),
        (tasks("20001101"), ENDLESS_TASKS),
    ],
    "search.time-range.open.start": [
        (tasks("", "20000101"), set()),
        (tasks("", "20000107T120000Z"), {"task1"}),
        (events("", "20000101"), set()),
    ],
    "search.time-range.open.start.duration": [
        (tasks("", "20000118T120000Z"), set(TASKS) - {"task-duration", "task-count"}),
        (tasks("", "20000118T120001Z"), set(TASKS) - {"task-count"}),
        (
            events("", "20000117T120000Z"),
            set(EVENTS) - {"event-duration", "weekly", "yearly"},
        ),
        (events("", "20000117T120001Z"), set(EVENTS) - {"weekly", "yearly"}),
        (events("20000117T123000Z", "20000117T124000Z"), {"event-duration"}),
    ],
}

PROPERTIES: Final[dict[str, Row]] = {
    "search": [(events(), set(EVENTS))],
    "search.comp-type": [
        (events(), set(EVENTS)),
        (tasks(), set(TASKS)),
        (journals(), {"journal1"}),
    ],
    "search.comp-type.optional": [
        (terms(), set(OBJECTS)),
        (terms(start="20000101", end="20010101"), set(OBJECTS)),
    ],
    "search.unlimited-time-range": [(events(), set(EVENTS)), (tasks(), set(TASKS))],
    "search.is-not-defined": [
        (journals(no_category=True), {"journal1"}),
        (tasks(no_due=True), {"task1", "task-duration"}),
    ],
    "search.is-not-defined.category": [
        (events(no_category=True), set(EVENTS) - {"event-categories"})
    ],
    "search.is-not-defined.class": [(events(no_class=True), set(EVENTS) - {"event-class"})],
    "search.is-not-defined.dtend": [
        (events(no_dtend=True), {"event2", "event3", "event-duration", "yearly"})
    ],
    "search.text": [
        (events(summary="simple"), {"event1"}),
        (events(summary="no such text"), set()),
        (events(class_="CONFIDENTIAL"), {"event-class"}),
    ],
    "search.text.case-sensitive": [
        (events(summary="Simple"), set()),
        (events(summary="simple"), {"event1"}),
    ],
    "search.text.case-insensitive": [
        (of("VEVENT", holds("SUMMARY", "SIMPLE")), {"event1"}),
        (of("VEVENT", holds("SUMMARY", "SIMPLE", "i;unicode-casemap")), {"event1"}),
        (of("VEVENT", prop("SUMMARY", "<C:text-match>SIMPLE</C:text-match>")), {"event1"}),
    ],
    "search.text.substring": [
        (events(summary="ple eve"), {"event1"}),
        (events(summary="simple event"), {"event1"}),
    ],
    "search.text.category": [
        (events(category=category), {"event-categories"}) for category in ("hands", "feet", "head")
    ],
    "search.text.category.substring": [(events(category="mil"), {"event-categories"})],
    "search.text.comp-type-optional": [
        (terms(category="hands"), {"event-categories"}),
        (terms(summary="simple"), {"event1", "task1", "journal1"}),
    ],
    "search.combined-is-logical-and": [
        (events("20000101", "20000113", category="hands"), {"event-categories"}),
        (events("20000101", "20000106", category="hands"), set()),
        (events(summary="simple", category="hands"), set()),
    ],
}

RECURRENCES: Final[dict[str, Row]] = {
    "search.recurrences": [
        (events("20001017", "20001018"), {"weekly"}),
        (events("20001024", "20001025"), set()),
        (tasks("20001017", "20001018"), {"task-count"}),
        (tasks("20001024", "20001025"), set()),
    ],
    "search.recurrences.includes-implicit": [
        (events("20000212", "20000213"), {"monthly"}),
        (tasks("20000212", "20000213"), {"task-monthly"}),
    ],
    "search.recurrences.includes-implicit.event": [
        (events("20000212", "20000213"), {"monthly"}),
        (events("20010201", "20010202"), {"yearly"}),
        (events("20010301", "20010302"), set()),
    ],
    "search.recurrences.includes-implicit.todo": [
        (tasks("20000212", "20000213"), {"task-monthly"})
    ],
    "search.recurrences.includes-implicit.todo.pending": [
        (of("VTODO", between("20000212", "20000213") + PENDING), {"task-monthly"})
    ],
    "search.recurrences.includes-implicit.infinite-scope": [
        (events("20450312", "20450313"), {"monthly"}),
        (tasks("20450312", "20450313"), {"task-monthly"}),
        (events("20450201", "20450202"), {"yearly"}),
        (events("20900112", "20900113"), {"monthly"}),
    ],
}

SEARCHES: Final = {**PROPERTIES, **TIME_RANGES, **RECURRENCES}
