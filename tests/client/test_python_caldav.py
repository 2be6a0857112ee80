"""python-caldav as its users use it, against a running server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import caldav
import pytest
from caldav.lib.error import AuthorizationError, NotFoundError

from tests.client.served import PASSWORD, USER
from tests.unit.builders import event, journal, todo


@pytest.fixture
def calendar(principal: caldav.Principal) -> Iterator[caldav.Calendar]:
    """A new calendar, deleted afterwards."""
    made = principal.make_calendar(name="Journey", cal_id=str(uuid4()))
    yield made
    made.delete()


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


def names(found: list[caldav.CalendarObjectResource]) -> set[str]:
    """The last segments of the URLs of what was found."""
    return {str(one.url).rpartition("/")[2] for one in found}


@pytest.mark.parametrize("path", ["", "dav/", "principals/", "dav/calendars/ada/"])
def test_principal_is_found_from_any_address(base: str, path: str):
    with caldav.DAVClient(base + path, username=USER, password=PASSWORD) as client:
        principal = client.principal()

        assert str(principal.url) == f"{base}dav/principals/{USER}/"
        assert str(principal.calendar_home_set.url) == f"{base}dav/calendars/{USER}/"


def test_wrong_password_is_an_authorization_error(base: str):
    with (
        caldav.DAVClient(base, username=USER, password="wrong") as client,
        pytest.raises(AuthorizationError),
    ):
        client.principal()


def test_principal_knows_its_address(principal: caldav.Principal):
    address = principal.get_vcal_address()

    assert str(address) == f"mailto:{USER}@localhost"
    assert dict(address.params) == {"CN": USER, "CUTYPE": "INDIVIDUAL"}


def test_new_account_has_calendars_with_names(principal: caldav.Principal):
    shown = {one.get_display_name() for one in principal.get_calendars()}

    assert {"Calendar", "Tasks"} <= shown


def test_calendar_is_made_found_by_name_and_deleted(principal: caldav.Principal):
    made = principal.make_calendar(name="Yep", cal_id="yep")
    listed = [one for one in principal.get_calendars() if one.get_display_name() == "Yep"]
    named = principal.calendar(name="Yep")
    components = made.get_supported_components()
    made.delete()

    assert [str(one.url) for one in listed] == [str(made.url)]
    assert str(named.url) == str(made.url)
    assert sorted(components) == ["VEVENT", "VJOURNAL", "VTODO"]
    assert "Yep" not in {one.get_display_name() for one in principal.get_calendars()}


def test_looking_into_a_calendar_that_is_not_there_is_a_not_found(principal: caldav.Principal):
    missing = principal.calendar(cal_id="this_should_not_exist")

    with pytest.raises(NotFoundError):
        missing.get_events()


def test_event_task_and_journal_are_saved_and_listed_by_kind(calendar: caldav.Calendar):
    calendar.save_event(event(uid="e"))
    calendar.save_todo(todo(uid="t"))
    calendar.save_journal(journal(uid="j"))

    assert names(calendar.get_events()) == {"e.ics"}
    assert names(calendar.get_todos()) == {"t.ics"}
    assert names(calendar.get_journals()) == {"j.ics"}


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

    assert names(found) == {"in.ics", "day.ics"}


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


def test_task_is_completed_and_no_longer_pending(calendar: caldav.Calendar):
    task = calendar.save_todo(todo(uid="t", due="20260108"))
    pending = names(calendar.get_todos())
    task.complete()

    assert pending == {"t.ics"}
    assert calendar.get_todos() == []
    assert names(calendar.get_todos(include_completed=True)) == {"t.ics"}


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

    assert names(list(everything)) == {"stays.ics", "changes.ics", "goes.ics"}
    assert list(nothing) == []
    assert names(list(some)) == {"changes.ics", "goes.ics", "comes.ics"}


def test_collection_that_is_kept_in_sync_follows(calendar: caldav.Calendar):
    calendar.save_event(event(uid="a"))
    kept = calendar.objects(load_objects=True)
    calendar.get_event_by_uid("a").delete()
    calendar.save_event(event(uid="b"))

    updated, deleted = kept.sync()

    assert (names(list(updated)), names(list(deleted))) == ({"b.ics"}, {"a.ics"})
    assert names(list(kept)) == {"b.ics"}


def test_principals_can_be_searched_for(client: caldav.DAVClient, principal: caldav.Principal):
    found = client.search_principals(USER)
    everyone = client.search_principals()

    assert [str(one.url) for one in found] == [str(principal.url)]
    assert str(principal.url) in [str(one.url) for one in everyone]
    assert client.search_principals("zoe") == []


def test_server_says_what_it_supports(client: caldav.DAVClient):
    assert client.supports_dav()
    assert client.supports_caldav()
    assert not client.supports_scheduling()
