"""Syncing, as python-caldav asks for it. Each test runs under the features that it holds."""

from __future__ import annotations

import caldav
import pytest

from tests.client.asks import put, refused, sync, sync_body
from tests.client.served import Served
from tests.unit.builders import event


@pytest.mark.feature("sync-token")
def test_sync_sees_a_change_at_once_and_nothing_twice(calendar: caldav.Calendar):
    _, none, start = sync(calendar, "")
    put(calendar, "x.ics", event(uid="x"))
    _, new, token = sync(calendar, start)
    put(calendar, "x.ics", event(uid="x", summary="Changed"))
    _, changed, token = sync(calendar, token)
    _, nothing, again = sync(calendar, token)

    assert [none, new, changed, nothing] == [[], ["x.ics"], ["x.ics"], []]
    assert again == token


@pytest.mark.feature("sync-token.delete")
def test_sync_tells_what_is_gone(calendar: caldav.Calendar):
    put(calendar, "x.ics", event(uid="x"))
    _, _, token = sync(calendar, "")
    calendar.client.delete(f"{calendar.url}x.ics")

    answer, gone, _ = sync(calendar, token)

    assert gone == ["x.ics"]
    assert answer.tree.findtext("{DAV:}response/{DAV:}status") == "HTTP/1.1 404 Not Found"


@pytest.mark.feature("sync-token.same-second")
def test_each_of_many_changes_in_one_second_is_told_once(calendar: caldav.Calendar):
    _, _, token = sync(calendar, "")

    told = []
    for number in range(20):
        put(calendar, f"{number}.ics", event(uid=str(number)))
        _, found, token = sync(calendar, token)
        told.append(found)

    assert told == [[f"{number}.ics"] for number in range(20)]


@pytest.mark.feature("sync-token.invalid-token")
@pytest.mark.parametrize("token", ["nonsense", "http://example.org/1", "data:,0-0", "0" * 40])
def test_token_nobody_issued_is_refused(shared: Served, calendar: caldav.Calendar, token: str):
    answer = refused(shared, calendar, "REPORT", "", sync_body(token))

    assert answer == (403, "{DAV:}valid-sync-token")


def pages(calendar: caldav.Calendar, token: str) -> list[list[str]]:
    """The names in each answer to syncs of two, until one is complete."""
    found: list[list[str]] = []
    while not found or "" in found[-1]:
        _, page, token = sync(calendar, token, "2")
        found.append(page)
    return found


# The name of the collection itself is empty: its response is the 507.
PAGES = [["a.ics", "b.ics", ""], ["c.ics", "d.ics", ""], ["e.ics"]]


@pytest.mark.feature("sync-token.limit")
def test_limited_sync_brings_all_changes_in_pages(calendar: caldav.Calendar):
    _, _, token = sync(calendar, "")
    for uid in "abcde":
        put(calendar, f"{uid}.ics", event(uid=uid))

    assert pages(calendar, token) == PAGES


@pytest.mark.feature("sync-token.limit.initial-sync")
def test_limited_first_sync_brings_everything_in_pages(calendar: caldav.Calendar):
    for uid in "abcde":
        put(calendar, f"{uid}.ics", event(uid=uid))

    assert pages(calendar, "") == PAGES
