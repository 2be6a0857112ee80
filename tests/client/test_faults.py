"""Faults of servers that python-caldav has no feature for, by names of our own."""

from __future__ import annotations

import caldav
import pytest

from tests.client.asks import get, put
from tests.client.probes import between, events, find, lines, of, search, tasks, terms
from tests.client.searches import PENDING
from tests.unit.builders import event, todo, vevent, vtodo

MONTHLY = {"start": "20000112T120000Z", "duration": "PT1H", "rrule": "FREQ=MONTHLY"}


@pytest.mark.feature("search.recurrences.includes-implicit.all-day")
@pytest.mark.parametrize("rule", ["FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY"])
def test_later_days_of_a_series_of_days_are_found(calendar: caldav.Calendar, rule: str):
    # Tuesday, the 29th of February of two leap years that are 28 years apart.
    calendar.save_event(event(uid="x", start="20000229", rrule=rule))

    assert find(calendar, events("20280229", "20280301")) == {"x"}


@pytest.mark.feature("search.recurrences.expanded.sequence")
def test_override_with_a_sequence_takes_the_place_of_its_instance(calendar: caldav.Calendar):
    moved = vevent(
        uid="x",
        start="20000212T130000Z",
        duration="PT1H",
        recurrence_id="20000212T120000Z",
        lines=["SEQUENCE:2"],
    )
    calendar.save_event(event(uid="x", **MONTHLY, lines=["SEQUENCE:1"], overrides=[moved]))
    window = ("20000201", "20000301")

    found = search(
        calendar, of("VEVENT", between(*window)), expand=between(*window, element="expand")
    )

    assert lines(found.data["x"], "DTSTART") == ["DTSTART:20000212T130000Z"]


@pytest.mark.feature("search.recurrences.pending.stable")
def test_pending_recurring_task_is_found_every_time(calendar: caldav.Calendar):
    calendar.save_todo(
        todo(
            uid="open",
            start="20000112T120000Z",
            rrule="FREQ=MONTHLY",
            lines=["STATUS:NEEDS-ACTION"],
        )
    )
    calendar.save_todo(
        todo(uid="done", start="20000112T120000Z", rrule="FREQ=MONTHLY", lines=["STATUS:COMPLETED"])
    )
    query = of("VTODO", between("20000212", "20000213") + PENDING)

    assert [find(calendar, query) for _ in range(10)] == [{"open"}] * 10


@pytest.mark.feature("search.time-range.stable")
def test_one_search_has_one_answer(calendar: caldav.Calendar):
    for number in range(20):
        put(calendar, f"{number}.ics", event(uid=str(number), start=f"200001{number + 1:02}"))

    found = [find(calendar, events("20000105", "20000108")) for _ in range(10)]

    assert found == [{"4", "5", "6"}] * 10


@pytest.mark.feature("search.unlimited-time-range.far")
def test_whatever_is_long_past_or_far_off_is_found(calendar: caldav.Calendar):
    days = {"old": "19010203", "past": "19700101", "near": "20261121", "far": "20991231"}
    for uid, day in days.items():
        calendar.save_event(event(uid=uid, start=day))
        calendar.save_todo(todo(uid=f"{uid}-task", due=day))

    assert find(calendar, events()) == set(days)
    assert find(calendar, terms()) == {*days, *(f"{uid}-task" for uid in days)}
    assert find(calendar, events("19010101", "19020101")) == {"old"}
    assert find(calendar, tasks("20990101", "21000101")) == {"far-task"}


@pytest.mark.feature("save-load.todo.recurrences.exception")
def test_recurring_task_keeps_its_override(calendar: caldav.Calendar):
    done = vtodo(
        uid="x",
        start="20000212T120000Z",
        recurrence_id="20000212T120000Z",
        completed="20000212T130000Z",
        lines=["STATUS:COMPLETED"],
    )
    text = todo(uid="x", start="20000112T120000Z", rrule="FREQ=MONTHLY", overrides=[done])

    assert put(calendar, "x.ics", text).status == 201
    assert get(calendar, "x.ics") == (200, text.replace("\r\n", "\n"))


@pytest.mark.feature("save-load.icalendar.unknown")
def test_what_nobody_knows_comes_back(calendar: caldav.Calendar):
    unknown = "BEGIN:X-THING\r\nX-INSIDE:1\r\nEND:X-THING\r\n"
    text = event(
        uid="x",
        lines=["X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT1H", 'X-odd;P="a;b":c^nd', "FUTURE:1"],
        alarms=[unknown],
    )

    put(calendar, "x.ics", text)

    assert get(calendar, "x.ics") == (200, text.replace("\r\n", "\n"))
