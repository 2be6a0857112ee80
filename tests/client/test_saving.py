"""Saving and loading, as python-caldav does it. Each test runs under the features that it holds."""

from __future__ import annotations

import re
from uuid import uuid4

import caldav
import pytest
from caldav.lib.error import NotFoundError

from tests.client.asks import get, put, refused
from tests.client.probes import C
from tests.client.saves import SAVES
from tests.client.served import Served
from tests.unit.builders import event, journal, todo


@pytest.mark.parametrize("feature", SAVES)
def test_what_is_saved_comes_back(calendar: caldav.Calendar, feature: str):
    for place, text in enumerate(SAVES[feature]):
        answer = put(calendar, "x.ics", text)

        assert answer.status == (204 if place else 201)
        status, found = get(calendar, "x.ics")
        # What became of an invitation is the server's to say (RFC 6638 §7.3).
        said = re.sub(r";SCHEDULE-STATUS=[\d.]+", "", found)
        assert (status, said) == (200, text.replace("\r\n", "\n"))


@pytest.mark.feature("save-load.todo.mixed-calendar")
def test_calendar_made_for_nothing_special_takes_events_and_tasks(calendar: caldav.Calendar):
    calendar.save_event(event(uid="e"))
    calendar.save_todo(todo(uid="t"))

    assert [one.id for one in calendar.get_events()] == ["e"]
    assert [one.id for one in calendar.get_todos()] == ["t"]


@pytest.mark.feature("save-load.journal.mixed-calendar")
def test_calendar_made_for_nothing_special_takes_journals_too(calendar: caldav.Calendar):
    calendar.save_event(event(uid="e"))
    calendar.save_journal(journal(uid="j"))

    assert [one.id for one in calendar.get_events()] == ["e"]
    assert [one.id for one in calendar.get_journals()] == ["j"]


@pytest.mark.feature("save-load.get-by-url", "save-load.stable-url")
@pytest.mark.parametrize("name", ["a%40b.ics", "a+b.ics", "a%252Fb.ics", "%C3%A9.ics", "a%20b.ics"])
def test_object_is_got_by_the_url_it_was_put_to(calendar: caldav.Calendar, name: str):
    put(calendar, name, event(uid="x"))

    assert get(calendar, name)[0] == 200
    (found,) = calendar.get_events()
    assert found.url == caldav.lib.url.URL.objectify(f"{calendar.url}{name}")


@pytest.mark.feature("save-load.reuse-deleted-uid")
@pytest.mark.parametrize("name", ["x.ics", "other.ics"])
def test_uid_of_a_deleted_object_is_free(calendar: caldav.Calendar, name: str):
    put(calendar, "x.ics", event(uid="x"))
    calendar.client.delete(f"{calendar.url}x.ics")

    assert put(calendar, name, event(uid="x")).status == 201


@pytest.mark.feature("save.duplicate-uid", "save.no-uid-conflict")
def test_uid_is_held_once_in_a_calendar(shared: Served, calendar: caldav.Calendar):
    put(calendar, "x.ics", event(uid="x"))

    answer = refused(shared, calendar, "PUT", "y.ics", event(uid="x"))

    assert answer == (409, C + "no-uid-conflict")


@pytest.mark.feature("save.duplicate-uid.cross-calendar")
def test_uid_may_be_in_two_calendars(calendar: caldav.Calendar, principal: caldav.Principal):
    other = principal.make_calendar(name="Other", cal_id=str(uuid4()))
    put(calendar, "x.ics", event(uid="x", summary="one"))

    answer = put(other, "x.ics", event(uid="x", summary="two"))

    assert answer.status == 201
    assert "SUMMARY:one" in get(calendar, "x.ics")[1]
    assert "SUMMARY:two" in get(other, "x.ics")[1]
    other.delete()


@pytest.mark.feature("save.duplicate-event")
def test_same_content_under_another_uid_is_another_event(calendar: caldav.Calendar):
    answers = [put(calendar, f"{uid}.ics", event(uid=uid)) for uid in ("a", "b")]

    assert [answer.status for answer in answers] == [201, 201]
    assert len(calendar.get_events()) == 2


@pytest.mark.feature("save")
def test_object_is_saved_under_its_uid_and_saved_again(calendar: caldav.Calendar):
    saved = calendar.save_event(event(uid="x"))
    saved.icalendar_component["SUMMARY"] = "Changed"
    saved.save()

    (found,) = calendar.get_events()
    assert (str(found.url), found.icalendar_component["SUMMARY"]) == (str(saved.url), "Changed")


@pytest.mark.feature("save.etag")
def test_tag_of_a_put_is_good_for_one_change(calendar: caldav.Calendar):
    tag = put(calendar, "x.ics", event(uid="x", summary="1")).headers["ETag"]

    changes = [put(calendar, "x.ics", event(uid="x", summary=s), If_Match=tag) for s in "23"]

    assert (tag[0], tag[-1]) == ('"', '"')
    assert [change.status for change in changes] == [204, 412]


@pytest.mark.feature("save.if-none-match")
def test_star_that_must_not_match_makes_and_never_overwrites(calendar: caldav.Calendar):
    answers = [
        put(calendar, "x.ics", event(uid="x", summary=summary), If_None_Match="*")
        for summary in ("1", "2")
    ]

    assert [answer.status for answer in answers] == [201, 412]
    assert "SUMMARY:1" in get(calendar, "x.ics")[1]


@pytest.mark.feature("save-load.mutable.if-match-wildcard")
def test_star_that_must_match_overwrites_and_never_makes(calendar: caldav.Calendar):
    put(calendar, "x.ics", event(uid="x"))

    over = put(calendar, "x.ics", event(uid="x", summary="2"), If_Match="*")
    missing = put(calendar, "y.ics", event(uid="y"), If_Match="*")

    assert (over.status, missing.status) == (204, 412)


@pytest.mark.feature("save-load.mutable.if-match-optional")
def test_object_is_overwritten_without_a_condition(calendar: caldav.Calendar):
    put(calendar, "x.ics", event(uid="x"))

    assert put(calendar, "x.ics", event(uid="x", summary="2")).status == 204


@pytest.mark.feature("non-existing-raises-not-found", "non-existing-raises-not-found.object")
def test_object_that_is_not_there_is_not_found(calendar: caldav.Calendar):
    with pytest.raises(NotFoundError):
        calendar.event_by_url(f"{calendar.url}missing.ics")
    with pytest.raises(NotFoundError):
        calendar.get_event_by_uid("missing")


@pytest.mark.feature("search-cache", "synchronous-write")
def test_write_is_seen_by_the_next_search(calendar: caldav.Calendar):
    found = []
    for summary in ("one", "two"):
        put(calendar, "x.ics", event(uid="x", summary=summary))
        found += [one.icalendar_component["SUMMARY"] for one in calendar.search(summary=summary)]
    calendar.client.delete(f"{calendar.url}x.ics")

    assert found == ["one", "two"]
    assert calendar.search(event=True) == []
