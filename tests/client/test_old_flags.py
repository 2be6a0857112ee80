"""What python-caldav once had a flag for, by the name of the flag."""

from __future__ import annotations

from uuid import uuid4

import caldav
import pytest
from caldav.elements import ical
from caldav.lib.error import NotFoundError

from tests.client.asks import get, put
from tests.client.probes import C, between, find, lines, of, search, tasks
from tests.unit.builders import event, todo


@pytest.mark.parametrize(
    ("feature", "element", "value"),
    [
        ("calendar_order", ical.CalendarOrder, "7"),
        ("calendar_color", ical.CalendarColor, "#FF0000"),
    ],
)
def test_property_of_apple_is_kept(
    calendar: caldav.Calendar, feature: str, element: type, value: str
):
    calendar.set_properties([element(value)])

    assert calendar.get_property(element(), use_cached=False) == value


@pytest.mark.feature("duplicates_not_allowed")
def test_equal_events_with_two_uids_are_two(calendar: caldav.Calendar):
    for uid in ("one", "two"):
        calendar.save_event(event(uid=uid))

    assert {one.id for one in calendar.get_events()} == {"one", "two"}


@pytest.mark.feature("event_by_url_is_broken")
def test_event_is_got_by_its_url(calendar: caldav.Calendar):
    saved = calendar.save_event(event(uid="x"))

    assert calendar.event_by_url(saved.url).id == "x"


@pytest.mark.feature("propfind_allprop_failure")
def test_allprop_of_a_home_shows_what_is_a_calendar(principal: caldav.Principal):
    answer = principal.client.propfind(str(principal.calendar_home_set.url), "", depth=1)

    kinds = answer.tree.findall(".//{DAV:}resourcetype")
    assert len(kinds) == len(answer.tree.findall("{DAV:}response"))
    assert any(kind.find(C + "calendar") is not None for kind in kinds)


DATED = {
    "due": todo(uid="due", due="20000110T120000Z"),
    "completed": todo(uid="completed", completed="20000110T120000Z"),
    "created": todo(uid="created", created="20000110T120000Z"),
    "both": todo(uid="both", created="20000108T120000Z", completed="20000112T120000Z"),
}
"""Tasks without DTSTART, for the lower rows of the table of RFC 4791 §9.9."""


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(
    ("feature", "range_", "wanted"),
    [
        ("vtodo_datesearch_nodtstart_task_is_skipped", ("20000110", ""), set(DATED)),
        ("vtodo_datesearch_nodtstart_task_is_skipped", ("", "20000110"), {"both"}),
        (
            "vtodo_datesearch_nodtstart_task_is_skipped_in_closed_date_range",
            ("20000110", "20000111"),
            set(DATED),
        ),
        (
            "vtodo_datesearch_nodtstart_task_is_skipped_in_closed_date_range",
            ("20000108", "20000109"),
            {"both"},
        ),
    ],
)
def test_task_without_a_start_lies_where_its_other_dates_are(
    calendar: caldav.Calendar, feature: str, range_: tuple[str, str], wanted: set[str]
):
    for name, text in DATED.items():
        put(calendar, f"{name}.ics", text)

    assert find(calendar, tasks(*range_)) == wanted


@pytest.mark.feature("vtodo_datesearch_notime_task_is_skipped")
def test_task_without_dates_is_always_found(calendar: caldav.Calendar):
    calendar.save_todo(todo(uid="x"))

    assert find(calendar, tasks("20000101", "20000102")) == {"x"}


@pytest.mark.rfc("4791 9.9")
@pytest.mark.feature("vtodo_no_due_infinite_duration")
@pytest.mark.parametrize("start", ["20000110", "20000110T000000Z"])
def test_task_with_a_start_alone_is_a_point_in_time(calendar: caldav.Calendar, start: str):
    calendar.save_todo(todo(uid="x", start=start))
    days = [("20000109", "20000110"), ("20000110", "20000111"), ("20000111", "20000112")]

    assert [find(calendar, tasks(*day)) for day in days] == [set(), {"x"}, set()]


@pytest.mark.feature("vtodo-cannot-be-uncompleted")
def test_task_is_done_and_open_again(calendar: caldav.Calendar):
    task = calendar.save_todo(todo(uid="x", due="20000110"))
    task.complete()
    task.uncomplete()

    loaded = calendar.get_todo_by_uid("x").icalendar_component
    assert (loaded["STATUS"], "COMPLETED" in loaded) == ("NEEDS-ACTION", False)


@pytest.mark.feature("sticky_events")
def test_events_go_with_their_calendar(calendar: caldav.Calendar, principal: caldav.Principal):
    name = str(calendar.url).rstrip("/").rpartition("/")[2]
    calendar.save_event(event(uid="x"))
    calendar.delete()

    again = principal.make_calendar(name="Again", cal_id=name)

    assert again.get_events() == []
    assert get(again, "x.ics")[0] == 404


@pytest.mark.feature("no_overwrite")
def test_event_is_overwritten(calendar: caldav.Calendar):
    calendar.save_event(event(uid="x"))
    calendar.save_event(event(uid="x", summary="Second"))

    assert [one.icalendar_component["SUMMARY"] for one in calendar.get_events()] == ["Second"]


@pytest.mark.feature("dav_not_supported")
def test_options_announces_dav_and_calendars(client: caldav.DAVClient):
    assert client.supports_dav()
    assert client.supports_caldav()


@pytest.mark.feature("fastmail_buggy_noexpand_date_search")
def test_series_is_not_found_outside_of_its_instances(calendar: caldav.Calendar):
    series = {"start": "20000101T120000Z", "duration": "PT1H", "rrule": "FREQ=WEEKLY"}
    calendar.save_event(event(uid="x", **series))
    days = [("20000109", "20000115"), ("20000108", "20000109"), ("19990101", "20000101")]

    assert [find(calendar, of("VEVENT", between(*day))) for day in days] == [set(), {"x"}, set()]


@pytest.mark.feature("non_existing_raises_other")
def test_what_does_not_exist_is_not_found(principal: caldav.Principal, calendar: caldav.Calendar):
    for look in (
        principal.calendar(cal_id=str(uuid4())).get_events,
        lambda: calendar.event_by_url(f"{calendar.url}nothing.ics"),
        lambda: calendar.get_event_by_uid("nothing"),
    ):
        with pytest.raises(NotFoundError):
            look()


@pytest.mark.feature("robur_rrule_freq_yearly_expands_monthly")
def test_yearly_event_is_expanded_to_one_instance_a_year(calendar: caldav.Calendar):
    calendar.save_event(event(uid="x", start="20000201", rrule="FREQ=YEARLY"))
    window = ("20000101", "20030101")

    found = search(
        calendar, of("VEVENT", between(*window)), expand=between(*window, element="expand")
    )

    assert lines(found.data["x"], "DTSTART") == [
        f"DTSTART;VALUE=DATE:{year}0201" for year in (2000, 2001, 2002)
    ]
