"""Making, describing and deleting calendars. Each test runs under the features that it holds."""

from __future__ import annotations

from uuid import uuid4

import caldav
import pytest
from caldav.elements import dav, ical
from caldav.lib.error import NotFoundError

from tests.client.asks import get, put, refused, sync, urls
from tests.client.probes import C
from tests.client.served import Served
from tests.unit.builders import event


@pytest.mark.feature("create-calendar", "create-calendar.stable-url")
def test_calendar_is_made_where_it_was_asked_for(principal: caldav.Principal):
    name = str(uuid4())
    home = str(principal.calendar_home_set.url)

    made = principal.make_calendar(name="New", cal_id=name)
    listed = urls(principal)
    found = made.search()
    made.delete()

    assert str(made.url) == f"{home}{name}/"
    assert str(made.url) in listed
    assert found == []


@pytest.mark.feature("synchronous-write.create-calendar")
def test_calendar_takes_objects_as_soon_as_it_is_made(principal: caldav.Principal):
    for _ in range(5):
        made = principal.make_calendar(name="New", cal_id=str(uuid4()))
        status = put(made, "x.ics", event(uid="x")).status
        made.delete()

        assert status == 201


@pytest.mark.feature("create-calendar.auto")
def test_nothing_is_made_by_looking(principal: caldav.Principal):
    missing = principal.calendar(cal_id="this_should_not_exist")

    for look in (missing.get_events, missing.get_todos, missing.get_supported_components):
        with pytest.raises(NotFoundError):
            look()

    assert str(missing.url) not in urls(principal)


@pytest.mark.feature("create-calendar.auto")
def test_nothing_is_made_by_writing_into_it(principal: caldav.Principal):
    missing = principal.calendar(cal_id="this_should_not_exist")

    assert put(missing, "x.ics", event(uid="x")).status == 409
    assert str(missing.url) not in urls(principal)


@pytest.mark.feature("non-existing-raises-not-found.collection")
def test_looking_into_a_calendar_that_is_not_there_is_a_not_found(principal: caldav.Principal):
    with pytest.raises(NotFoundError):
        principal.calendar(cal_id="this_should_not_exist").get_events()


@pytest.mark.feature("create-calendar.set-displayname", "propfind.displayname")
def test_calendar_is_found_by_the_name_it_was_made_with(principal: caldav.Principal):
    made = principal.make_calendar(name="Yep", cal_id=str(uuid4()))
    named = principal.calendar(name="Yep")
    with pytest.raises(NotFoundError):
        principal.calendar(name="Nope")
    made.delete()

    assert str(named.url) == str(made.url)
    assert "Yep" not in {one.get_display_name() for one in principal.get_calendars()}


@pytest.mark.feature("create-calendar.with-supported-component-types")
@pytest.mark.parametrize("component", ["VTODO", "VJOURNAL"])
def test_component_types_of_a_new_calendar_are_kept(
    shared: Served, principal: caldav.Principal, component: str
):
    made = principal.make_calendar(
        name="One kind", cal_id=str(uuid4()), supported_calendar_component_set=[component]
    )

    answer = refused(shared, made, "PUT", "x.ics", event(uid="x"))

    assert made.get_supported_components() == [component]
    assert answer == (403, C + "supported-calendar-component")
    made.delete()


@pytest.mark.feature("get-supported-components")
def test_every_calendar_tells_its_components(
    calendar: caldav.Calendar, principal: caldav.Principal
):
    assert sorted(calendar.get_supported_components()) == ["VEVENT", "VJOURNAL", "VTODO"]
    assert all(one.get_supported_components() for one in principal.get_calendars())


@pytest.mark.feature("delete-calendar", "synchronous-write.delete-calendar")
def test_deleted_calendar_is_gone_with_its_objects(
    calendar: caldav.Calendar, principal: caldav.Principal
):
    put(calendar, "x.ics", event(uid="x"))

    calendar.delete()

    with pytest.raises(NotFoundError):
        calendar.get_events()
    with pytest.raises(NotFoundError):
        calendar.event_by_url(f"{calendar.url}x.ics")
    assert str(calendar.url) not in urls(principal)


@pytest.mark.feature("delete-calendar.free-namespace", "tests-cleanup-calendar")
def test_name_of_a_deleted_calendar_is_free_and_empty(
    calendar: caldav.Calendar, principal: caldav.Principal
):
    put(calendar, "x.ics", event(uid="x"))
    name = str(calendar.url).rstrip("/").rpartition("/")[2]
    calendar.delete()

    again = principal.make_calendar(name="Again", cal_id=name)

    assert str(again.url) == str(calendar.url)
    assert again.search() == []
    assert put(again, "x.ics", event(uid="x")).status == 201


@pytest.mark.parametrize(
    ("feature", "element", "value"),
    [
        ("calendar-color", ical.CalendarColor, "#00FF00FF"),
        ("calendar-color.name", ical.CalendarColor, "blue"),
        ("calendar-order", ical.CalendarOrder, "12"),
        ("synchronous-write.proppatch", dav.DisplayName, "Büro & mehr"),
    ],
)
def test_property_of_a_calendar_is_set_and_read(
    calendar: caldav.Calendar, feature: str, element: type, value: str
):
    calendar.set_properties([element(value)])

    assert calendar.get_property(element(), use_cached=False) == value


@pytest.mark.feature("propfind")
def test_property_is_found_by_its_name(calendar: caldav.Calendar):
    body = '<D:propfind xmlns:D="DAV:"><D:prop><D:resourcetype/></D:prop></D:propfind>'

    answer = calendar.client.propfind(str(calendar.url), body, depth=0)

    assert answer.status == 207
    assert [child.tag for child in answer.tree.find(".//{DAV:}prop")] == ["{DAV:}resourcetype"]


@pytest.mark.feature("propfind.allprop", "propfind.allprop.resourcetype")
@pytest.mark.parametrize("body", ["", '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'])
def test_allprop_shows_the_resourcetype(calendar: caldav.Calendar, body: str):
    answer = calendar.client.propfind(str(calendar.url), body, depth=0)

    assert answer.status == 207
    assert answer.tree.find(f".//{{DAV:}}resourcetype/{C}calendar") is not None


@pytest.mark.feature(
    "url.encode-at.literal", "url.encode-at.literal.object", "url.encode-at.encoded"
)
@pytest.mark.parametrize("spelling", ["a@b.ics", "a%40b.ics"])
def test_at_in_the_name_of_an_object_is_itself(calendar: caldav.Calendar, spelling: str):
    put(calendar, "a@b.ics", event(uid="x"))

    assert get(calendar, spelling)[0] == 200
    assert sync(calendar, "")[1] == ["a@b.ics"]


@pytest.mark.feature("url.encode-at", "url.encode-at.identity")
def test_at_and_its_code_are_one_name(calendar: caldav.Calendar):
    answers = [put(calendar, name, event(uid="x")) for name in ("a@b.ics", "a%40b.ics")]

    assert [answer.status for answer in answers] == [201, 204]


@pytest.mark.feature("url.encode-at.literal.collection")
def test_at_in_the_name_of_a_calendar_is_itself(principal: caldav.Principal):
    made = principal.make_calendar(name="At", cal_id="x@y")
    status = put(made, "x.ics", event(uid="x")).status
    listed = urls(principal)
    made.delete()

    assert status == 201
    assert [url for url in listed if "x@y" in url] == [f"{principal.calendar_home_set.url}x@y/"]
