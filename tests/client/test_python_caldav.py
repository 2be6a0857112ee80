"""python-caldav as its users use it, against a running server."""

from __future__ import annotations

from datetime import UTC, datetime

import caldav
import pytest
from caldav.lib.error import NotFoundError

from tests.client.asks import names
from tests.unit.builders import event, todo


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def test_event_made_of_values_comes_back(calendar: caldav.Calendar):
    calendar.save_event(
        dtstart=utc(2026, 5, 17, 8), dtend=utc(2026, 5, 17, 9), summary="Café", uid="made"
    )

    component = calendar.get_event_by_uid("made").icalendar_component

    assert (component["SUMMARY"], component["DTSTART"].dt) == ("Café", utc(2026, 5, 17, 8))


def test_event_is_changed_and_deleted(calendar: caldav.Calendar):
    saved = calendar.save_event(event(uid="e"))
    saved.icalendar_component["SUMMARY"] = "Changed"
    saved.save()

    assert calendar.get_event_by_uid("e").icalendar_component["SUMMARY"] == "Changed"
    saved.delete()
    with pytest.raises(NotFoundError):
        calendar.get_event_by_uid("e")


def test_uid_with_odd_characters_is_found_by_url_and_by_uid(calendar: caldav.Calendar):
    uid = "a/b c+d%40e@home"
    saved = calendar.save_event(event(uid=uid))

    assert calendar.event_by_url(saved.url).id == uid
    assert calendar.get_event_by_uid(uid).id == uid


def test_search_by_date_finds_what_lies_there(calendar: caldav.Calendar):
    calendar.save_event(event(uid="in", start="20260105T090000Z"))
    calendar.save_event(event(uid="out", start="20260106T090000Z"))
    calendar.save_event(event(uid="day", start="20260105"))

    found = calendar.search(event=True, start=utc(2026, 1, 5), end=utc(2026, 1, 6))

    assert names(found) == {"in", "day"}


def test_expanded_search_makes_instances_of_a_series(calendar: caldav.Calendar):
    series = event(uid="s", start="20260101T090000Z", duration="PT1H", rrule="FREQ=WEEKLY")
    calendar.save_event(series)

    found = calendar.search(
        event=True,
        start=utc(2026, 2, 1),
        end=utc(2026, 2, 28),
        expand=True,
        server_expand=True,
    )

    starts = sorted(one.icalendar_component["DTSTART"].dt for one in found)
    assert starts == [utc(2026, 2, day, 9) for day in (5, 12, 19, 26)]


@pytest.mark.feature("freebusy-query")
@pytest.mark.parametrize("year", [2000, 2026, 2090])
def test_free_busy_is_told_for_any_year(calendar: caldav.Calendar, year: int):
    series = event(uid="s", start="19990105T090000Z", duration="PT1H", rrule="FREQ=YEARLY")
    calendar.save_event(series)
    calendar.save_event(
        event(uid="free", start=f"{year}0105T120000Z", lines=["TRANSP:TRANSPARENT"])
    )

    found = calendar.freebusy_request(utc(year, 1, 5), utc(year, 1, 6))

    told = found.icalendar_component
    assert (told.name, told["DTSTART"].dt, told["DTEND"].dt, told["FREEBUSY"].dt) == (
        "VFREEBUSY",
        utc(year, 1, 5),
        utc(year, 1, 6),
        (utc(year, 1, 5, 9), utc(year, 1, 5, 10)),
    )


def test_task_is_completed_and_no_longer_pending(calendar: caldav.Calendar):
    task = calendar.save_todo(todo(uid="t", due="20260108"))
    pending = names(calendar.get_todos())
    task.complete()

    assert pending == {"t"}
    assert calendar.get_todos() == []
    assert names(calendar.get_todos(include_completed=True)) == {"t"}


def test_recurring_task_is_completed_once(calendar: caldav.Calendar):
    start, due = "20260108T090000Z", "20260108T100000Z"
    task = calendar.save_todo(todo(uid="t", start=start, due=due, rrule="FREQ=DAILY"))

    task.complete(handle_rrule=True, rrule_mode="safe")

    pending = [one.icalendar_component for one in calendar.get_todos()]
    assert [component["DTSTART"].dt > utc(2026, 1, 8, 9) for component in pending] == [True]


def test_sync_tells_what_came_changed_and_went(calendar: caldav.Calendar):
    calendar.save_event(event(uid="stays"))
    changing = calendar.save_event(event(uid="changes"))
    going = calendar.save_event(event(uid="goes"))
    everything = calendar.get_objects_by_sync_token(load_objects=True)
    nothing = calendar.get_objects_by_sync_token(sync_token=everything.sync_token)

    changing.icalendar_component["SUMMARY"] = "Changed"
    changing.save()
    going.delete()
    calendar.save_event(event(uid="comes"))
    some = calendar.get_objects_by_sync_token(
        sync_token=nothing.sync_token, load_objects=True, disable_fallback=True
    )

    assert names(list(everything)) == {"stays", "changes", "goes"}
    assert list(nothing) == []
    assert names(list(some)) == {"changes", "goes", "comes"}


def test_collection_that_is_kept_in_sync_follows(calendar: caldav.Calendar):
    calendar.save_event(event(uid="a"))
    kept = calendar.objects(load_objects=True)
    calendar.get_event_by_uid("a").delete()
    calendar.save_event(event(uid="b"))

    updated, deleted = kept.sync()

    assert (names(list(updated)), names(list(deleted))) == ({"b"}, {"a"})
    assert names(list(kept)) == {"b"}
