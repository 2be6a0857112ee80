"""What python-caldav asks of a server beside searches: making, saving, deleting, syncing.

Each test, or row of a table, is named by the feature that the library knows it by.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import caldav
import pytest
from caldav.elements import dav, ical
from caldav.lib.error import NotFoundError

from tests.client.probes import C, condition, of, search
from tests.client.saves import SAVES
from tests.client.served import USER, Served, basic
from tests.unit.builders import event, journal, todo

ICS = {"Content-Type": 'text/calendar; charset="utf-8"'}
XML = {"Content-Type": "text/xml"}


@pytest.fixture
def calendar(principal: caldav.Principal) -> Iterator[caldav.Calendar]:
    """A new calendar that was made without saying what for."""
    made = principal.make_calendar(name="Features", cal_id=str(uuid4()))
    yield made
    if str(made.url) in {str(one.url) for one in principal.get_calendars()}:
        made.delete()


def put(calendar: caldav.Calendar, name: str, text: str, **headers: str) -> Any:
    """The answer to a PUT; `If_Match` stands for If-Match."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return calendar.client.put(f"{calendar.url}{name}", text, {**ICS, **sent})


def refused(
    shared: Served, calendar: caldav.Calendar, method: str, name: str, body: str
) -> tuple[int, str]:
    """Status and condition of what the library would raise an error for."""
    path = f"{calendar.url.path}{name}"
    answer = shared.request(method, path, body.encode(), {**basic(), **ICS})
    return answer.status, condition(answer.body)


def get(calendar: caldav.Calendar, name: str) -> tuple[int, str]:
    """Status and text of an object."""
    answer = calendar.client.request(f"{calendar.url}{name}")
    return answer.status, answer.raw.replace("\r\n", "\n")


@pytest.mark.parametrize("feature", SAVES)
def test_what_is_saved_comes_back(calendar: caldav.Calendar, feature: str):
    for place, text in enumerate(SAVES[feature]):
        answer = put(calendar, "x.ics", text)

        assert answer.status == (204 if place else 201)
        assert get(calendar, "x.ics") == (200, text.replace("\r\n", "\n"))


def test_one_calendar_takes_every_component(calendar: caldav.Calendar):
    """save-load.todo.mixed-calendar, save-load.journal.mixed-calendar"""
    answers = [
        put(calendar, f"{number}.ics", text)
        for number, text in enumerate((event(uid="e"), todo(uid="t"), journal(uid="j")))
    ]

    assert [answer.status for answer in answers] == [201, 201, 201]


@pytest.mark.parametrize("name", ["a%40b.ics", "a+b.ics", "a%252Fb.ics", "%C3%A9.ics", "a%20b.ics"])
def test_object_is_got_by_the_url_it_was_put_to(calendar: caldav.Calendar, name: str):
    """save-load.get-by-url, save-load.stable-url"""
    put(calendar, name, event(uid="x"))

    assert get(calendar, name)[0] == 200
    (found,) = calendar.get_events()
    assert found.url == caldav.lib.url.URL.objectify(f"{calendar.url}{name}")


@pytest.mark.parametrize("spelling", ["a@b.ics", "a%40b.ics"])
def test_at_is_one_name_in_either_spelling(calendar: caldav.Calendar, spelling: str):
    """url.encode-at.literal, url.encode-at.encoded"""
    put(calendar, "a@b.ics", event(uid="x"))

    assert get(calendar, spelling)[0] == 200


@pytest.mark.parametrize("name", ["x.ics", "other.ics"])
def test_uid_of_a_deleted_object_is_free(calendar: caldav.Calendar, name: str):
    """save-load.reuse-deleted-uid"""
    put(calendar, "x.ics", event(uid="x"))
    calendar.client.delete(f"{calendar.url}x.ics")

    assert put(calendar, name, event(uid="x")).status == 201


def test_uid_is_held_once_in_a_calendar(shared: Served, calendar: caldav.Calendar):
    """save.duplicate-uid, save.no-uid-conflict"""
    put(calendar, "x.ics", event(uid="x"))

    answer = refused(shared, calendar, "PUT", "y.ics", event(uid="x"))

    assert answer == (409, C + "no-uid-conflict")


def test_uid_may_be_in_two_calendars(calendar: caldav.Calendar, principal: caldav.Principal):
    """save.duplicate-uid.cross-calendar"""
    other = principal.make_calendar(name="Other", cal_id=str(uuid4()))
    put(calendar, "x.ics", event(uid="x", summary="one"))

    answer = put(other, "x.ics", event(uid="x", summary="two"))

    assert answer.status == 201
    assert "SUMMARY:one" in get(calendar, "x.ics")[1]
    assert "SUMMARY:two" in get(other, "x.ics")[1]
    other.delete()


def test_same_content_under_another_uid_is_another_event(calendar: caldav.Calendar):
    """save.duplicate-event"""
    answers = [put(calendar, f"{uid}.ics", event(uid=uid)) for uid in ("a", "b")]

    assert [answer.status for answer in answers] == [201, 201]
    assert len(calendar.get_events()) == 2


def test_conditions_of_a_put_are_held(calendar: caldav.Calendar):
    """save.etag, save.if-none-match, save-load.mutable.if-match-optional, .if-match-wildcard"""
    first = put(calendar, "x.ics", event(uid="x", summary="1"), If_None_Match="*")
    tag = first.headers["ETag"]

    statuses = [
        put(calendar, "x.ics", event(uid="x", summary="2"), If_None_Match="*").status,
        put(calendar, "x.ics", event(uid="x", summary="3"), If_Match=tag).status,
        put(calendar, "x.ics", event(uid="x", summary="4"), If_Match=tag).status,
        put(calendar, "x.ics", event(uid="x", summary="5"), If_Match="*").status,
        put(calendar, "x.ics", event(uid="x", summary="6")).status,
        put(calendar, "y.ics", event(uid="y"), If_Match="*").status,
    ]

    assert [first.status, *statuses] == [201, 412, 204, 412, 204, 204, 412]


def test_component_types_of_a_new_calendar_are_kept(shared: Served, principal: caldav.Principal):
    """create-calendar.with-supported-component-types"""
    made = principal.make_calendar(
        name="Tasks only", cal_id=str(uuid4()), supported_calendar_component_set=["VTODO"]
    )

    answer = refused(shared, made, "PUT", "x.ics", event(uid="x"))

    assert made.get_supported_components() == ["VTODO"]
    assert answer == (403, C + "supported-calendar-component")
    made.delete()


def test_every_calendar_tells_its_components(principal: caldav.Principal):
    """get-supported-components, get-current-user-principal.has-calendar"""
    sets = [one.get_supported_components() for one in principal.get_calendars()]

    assert sets
    assert all(sets)


def test_nothing_is_made_by_looking(principal: caldav.Principal):
    """create-calendar.auto, non-existing-raises-not-found"""
    missing = principal.calendar(cal_id="this_should_not_exist")

    for look in (missing.get_events, missing.get_todos, missing.get_supported_components):
        with pytest.raises(NotFoundError):
            look()

    assert str(missing.url) not in {str(one.url) for one in principal.get_calendars()}


def test_name_of_a_deleted_calendar_is_free_and_empty(
    calendar: caldav.Calendar, principal: caldav.Principal
):
    """delete-calendar, delete-calendar.free-namespace, create-calendar.stable-url"""
    put(calendar, "x.ics", event(uid="x"))
    name = str(calendar.url).rstrip("/").rpartition("/")[2]
    calendar.delete()
    with pytest.raises(NotFoundError):
        calendar.get_events()

    again = principal.make_calendar(name="Again", cal_id=name)

    assert str(again.url) == str(calendar.url)
    assert again.search() == []
    assert put(again, "x.ics", event(uid="x")).status == 201


@pytest.mark.parametrize(
    ("element", "value"),
    [
        (ical.CalendarColor, "#00FF00FF"),
        (ical.CalendarColor, "blue"),
        (ical.CalendarOrder, "12"),
        (dav.DisplayName, "Büro & mehr"),
    ],
)
def test_property_of_a_calendar_is_set_and_read(calendar: caldav.Calendar, element, value: str):
    """calendar-color, calendar-color.name, calendar-order, propfind.displayname"""
    calendar.set_properties([element(value)])

    assert calendar.get_property(element(), use_cached=False) == value


def test_allprop_shows_the_resourcetype(calendar: caldav.Calendar):
    """propfind.allprop.resourcetype"""
    for body in ("", '<D:propfind xmlns:D="DAV:"><D:allprop/></D:propfind>'):
        answer = calendar.client.propfind(str(calendar.url), body, depth=0)
        assert answer.status == 207
        assert answer.tree.find(f".//{{DAV:}}resourcetype/{C}calendar") is not None


def test_principal_is_listed_at_depth_1(principal: caldav.Principal):
    """propfind.principal-depth-1"""
    answer = principal.client.propfind(str(principal.url), "", depth=1)

    assert answer.status == 207


def test_tasks_without_any_date_are_in_every_range(calendar: caldav.Calendar):
    """search.time-range.todo.no-dtstart.no-due"""
    put(calendar, "x.ics", todo(uid="x"))

    range_ = '<C:time-range start="20000101T000000Z" end="20000102T000000Z"/>'

    assert set(search(calendar, of("VTODO", range_)).data) == {"x"}


def sync_body(token: str, limit: str = "") -> str:
    """A sync-collection for entity tags."""
    limited = f"<D:limit><D:nresults>{limit}</D:nresults></D:limit>" if limit else ""
    return (
        f'<D:sync-collection xmlns:D="DAV:"><D:sync-token>{token}</D:sync-token>'
        f"<D:sync-level>1</D:sync-level>{limited}<D:prop><D:getetag/></D:prop>"
        "</D:sync-collection>"
    )


def sync(calendar: caldav.Calendar, token: str, limit: str = "") -> tuple[Any, list[str], str]:
    """The answer to a sync, the names in it, and the next token."""
    answer = calendar.client.report(str(calendar.url), sync_body(token, limit), depth=1)
    hrefs = [str(one.text) for one in answer.tree.iterfind("{DAV:}response/{DAV:}href")]
    names = [href.rpartition("/")[2] for href in hrefs]
    return answer, names, answer.tree.findtext("{DAV:}sync-token")


def test_sync_sees_a_change_at_once_and_nothing_twice(calendar: caldav.Calendar):
    """sync-token, sync-token.delete, search-cache, synchronous-write"""
    _, none, start = sync(calendar, "")
    put(calendar, "x.ics", event(uid="x"))
    _, new, token = sync(calendar, start)
    put(calendar, "x.ics", event(uid="x", summary="Changed"))
    _, changed, token = sync(calendar, token)
    _, nothing, token = sync(calendar, token)
    calendar.client.delete(f"{calendar.url}x.ics")
    answer, gone, _ = sync(calendar, token)

    assert [none, new, changed, nothing, gone] == [[], ["x.ics"], ["x.ics"], [], ["x.ics"]]
    assert answer.tree.findtext("{DAV:}response/{DAV:}status") == "HTTP/1.1 404 Not Found"


@pytest.mark.parametrize("token", ["nonsense", "http://example.org/1", "data:,0-0"])
def test_token_nobody_issued_is_refused(shared: Served, calendar: caldav.Calendar, token: str):
    """sync-token.invalid-token"""
    answer = refused(shared, calendar, "REPORT", "", sync_body(token))

    assert answer == (403, "{DAV:}valid-sync-token")


@pytest.mark.parametrize("initial", [True, False])
def test_limited_sync_brings_everything_in_pages(calendar: caldav.Calendar, initial: bool):
    """sync-token.limit, sync-token.limit.initial-sync"""
    token = "" if initial else sync(calendar, "")[2]
    for uid in "abcde":
        put(calendar, f"{uid}.ics", event(uid=uid))

    pages: list[list[str]] = []
    while not pages or "" in pages[-1]:
        _, page, token = sync(calendar, token, "2")
        pages.append(page)

    # The name of the collection itself is empty: its response is the 507.
    assert pages == [["a.ics", "b.ics", ""], ["c.ics", "d.ics", ""], ["e.ics"]]


def test_challenge_is_one_that_any_client_can_meet(shared: Served):
    """auth.www-authenticate.usable-scheme, wrong-password-check"""
    none = shared.request("PROPFIND", "/", headers={})
    wrong = shared.request("PROPFIND", "/", headers=basic(password="wrong"))

    assert (none.status, wrong.status) == (401, 401)
    assert none.headers["www-authenticate"].startswith("Basic ")


def test_well_known_leads_to_where_options_announces_calendars(shared: Served):
    """well-known"""
    redirect = shared.request("GET", "/.well-known/caldav", headers={})
    answer = shared.request("OPTIONS", redirect.headers["location"])

    assert redirect.status in (301, 302, 307, 308)
    assert "calendar-access" in answer.headers["dav"]


@pytest.mark.parametrize(
    ("search_", "found"),
    [
        ("<D:property-search><D:prop><D:displayname/></D:prop><D:match>AD</D:match>", True),
        ("<D:property-search><D:prop><D:displayname/></D:prop><D:match>zoe</D:match>", False),
        ("", True),
    ],
    ids=["by-name", "by-no-name", "list-all"],
)
@pytest.mark.parametrize("path", ["/", "/principals/"])
def test_principal_search_shows_home_and_name(shared: Served, path: str, search_: str, found: bool):
    """principal-search.by-name, principal-search.by-name.self, principal-search.list-all"""
    inner = f"{search_}</D:property-search>" if search_ else ""
    body = (
        f'<D:principal-property-search xmlns:D="DAV:" xmlns:C="{C[1:-1]}">{inner}<D:prop>'
        "<C:calendar-home-set/><D:displayname/></D:prop></D:principal-property-search>"
    )

    answer = shared.request("REPORT", path, body.encode(), {**basic(), **XML})

    assert answer.status == 207
    assert (f"/dav/calendars/{USER}/".encode() in answer.body) == found
    assert (f"<D:displayname>{USER}</D:displayname>".encode() in answer.body) == found
