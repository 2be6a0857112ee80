"""COPY and MOVE of objects and of whole calendars."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, proppatch
from tests.protocol.state import everything, members
from tests.unit.builders import event, todo

DEAD = "<x:dead xmlns:x='urn:x'>kept</x:dead>"
BOTH = pytest.mark.parametrize("method", ["COPY", "MOVE"])


@pytest.fixture
async def other(ann: Client) -> str:
    """The URL of a second calendar."""
    path = ann.home + "other/"
    await ann("MKCALENDAR", path)
    return path


@pytest.fixture
async def source(ann: Client, calendar: str) -> str:
    """The URL of an event with a dead property."""
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("PROPPATCH", calendar + "a.ics", proppatch(set_=DEAD))
    return calendar + "a.ics"


async def dead(client: Client, path: str) -> str | None:
    body = '<D:propfind xmlns:D="DAV:"><D:prop><dead xmlns="urn:x"/></D:prop></D:propfind>'
    answer = await client("PROPFIND", path, body, Depth="0")
    return answer.props()["{urn:x}dead"][1].text


@pytest.mark.rfc("4918 9.8.1")
@pytest.mark.rfc("4918 9.8.2")
async def test_a_copied_object_is_there_twice_with_its_dead_properties(
    ann: Client, source: str, other: str
):
    copied = await ann("COPY", source, Destination=other + "b.ics")

    first, second = await ann("GET", source), await ann("GET", other + "b.ics")
    assert (copied.status, first.body, second.body) == (201, second.body, first.body)
    assert await dead(ann, other + "b.ics") == "kept"


@pytest.mark.rfc("4918 9.9")
@pytest.mark.rfc("4918 9.9.1")
async def test_a_moved_object_keeps_its_tag_and_its_dead_properties(
    ann: Client, source: str, other: str
):
    before = await ann("GET", source)

    moved = await ann("MOVE", source, Destination=other + "b.ics")

    after = await ann("GET", other + "b.ics")
    assert (moved.status, after.body, after.etag) == (201, before.body, before.etag)
    assert (await ann("GET", source)).status == 404
    assert await dead(ann, other + "b.ics") == "kept"


@pytest.mark.rfc("6578 3.2")
async def test_a_move_is_news_in_both_calendars(
    ann: Client, calendar: str, source: str, other: str
):
    before = [(await ann.sync(path)).token for path in (calendar, other)]

    await ann("MOVE", source, Destination=other + "b.ics")

    left, arrived = await ann.sync(calendar, before[0]), await ann.sync(other, before[1])
    assert left.statuses() == {source: 404}
    assert (arrived.hrefs, arrived.statuses()) == ([other + "b.ics"], {})


@pytest.mark.rfc("6578 3.2")
async def test_a_copy_is_news_at_its_destination_alone(
    ann: Client, calendar: str, source: str, other: str
):
    before = [(await ann.sync(path)).token for path in (calendar, other)]

    await ann("COPY", source, Destination=other + "b.ics")

    assert (await ann.sync(calendar, before[0])).hrefs == []
    assert (await ann.sync(other, before[1])).hrefs == [other + "b.ics"]


@pytest.mark.rfc("4918 9.9")
async def test_an_object_is_renamed_by_a_move_within_its_calendar(
    ann: Client, calendar: str, source: str
):
    before = (await ann.sync(calendar)).token

    moved = await ann("MOVE", source, Destination=calendar + "z.ics")

    news = await ann.sync(calendar, before)
    assert moved.status == 201
    assert (sorted(news.hrefs), news.statuses()) == ([source, calendar + "z.ics"], {source: 404})


@pytest.mark.rfc("4918 10.6")
@BOTH
async def test_what_is_overwritten_is_204_unless_overwrite_is_f(
    ann: Client, source: str, other: str, method: str
):
    await ann.put(other + "b.ics", event(uid="a", summary="other"))
    before = await everything(ann)

    refused = await ann(method, source, Destination=other + "b.ics", Overwrite="F")
    unchanged = await everything(ann)
    done = await ann(method, source, Destination=other + "b.ics", Overwrite="T")

    assert (refused.status, unchanged) == (412, before)
    assert done.status == 204
    assert "UID:a" in (await ann("GET", other + "b.ics")).text


@pytest.mark.rfc("4918 10.6")
@BOTH
async def test_overwrite_f_lets_a_free_name_be_taken(
    ann: Client, source: str, other: str, method: str
):
    assert (await ann(method, source, Destination=other + "b.ics", Overwrite="F")).status == 201


@pytest.mark.rfc("4918 9.8.5")
@BOTH
@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("main/a.ics", 403),
        ("no/a.ics", 409),
        ("a.ics", 403),
        ("http://elsewhere.example.org/dav/calendars/ann/other/a.ics", 502),
        ("//elsewhere.example.org/dav/calendars/ann/other/a.ics", 502),
        ("http://[", 400),
        ("main/../x.ics", 400),
        ("", 400),
    ],
)
async def test_a_destination_where_nothing_can_go_is_refused(
    ann: Client, source: str, method: str, destination: str, status: int
):
    before = await everything(ann)
    plain = destination and "/" not in destination[:1] and not destination.startswith("http")

    answer = await ann(method, source, Destination=(ann.home if plain else "") + destination)

    assert answer.status == status
    assert await everything(ann) == before


@pytest.mark.rfc("4918 10.3")
@pytest.mark.parametrize("host", ["http://cal.example.org", "http://cal.example.org:8008", ""])
async def test_a_destination_is_a_path_or_an_absolute_uri(
    ann: Client, source: str, other: str, host: str
):
    assert (await ann("COPY", source, Destination=f"{host}{other}b.ics")).status == 201


@pytest.mark.rfc("4918 10.6")
async def test_overwrite_is_t_or_f(ann: Client, source: str, other: str):
    assert (await ann("COPY", source, Destination=other, Overwrite="yes")).status == 400


@pytest.mark.rfc("4791 5.3.2.1")
@BOTH
async def test_the_destination_takes_only_its_component_types(
    ann: Client, source: str, method: str
):
    before = await everything(ann)

    answer = await ann(method, source, Destination=ann.home + "tasks/a.ics")

    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}supported-calendar-component"
    assert await everything(ann) == before


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.rfc("5545 3.8.4.7")
@BOTH
async def test_a_uid_that_the_destination_holds_is_a_conflict_that_names_it(
    ann: Client, source: str, other: str, method: str
):
    await ann.put(other + "holder.ics", event(uid="a"))
    before = await everything(ann)

    answer = await ann(method, source, Destination=other + "b.ics")

    assert answer.status == 409
    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
    assert answer.xml.findtext(".//{DAV:}href") == other + "holder.ics"
    assert await everything(ann) == before


@pytest.mark.rfc("4791 5.3.2.1")
@BOTH
async def test_an_object_is_not_replaced_by_one_of_another_uid(
    ann: Client, source: str, other: str, method: str
):
    await ann.put(other + "b.ics", event(uid="b"))

    answer = await ann(method, source, Destination=other + "b.ics")

    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
    assert "<!-- b.ics has the UID b, which cannot change: use another name (RFC" in answer.text


@pytest.mark.rfc("4791 5.3.2.1")
async def test_a_copy_beside_its_source_is_a_conflict(ann: Client, calendar: str, source: str):
    answer = await ann("COPY", source, Destination=calendar + "b.ics")

    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"


@BOTH
async def test_an_object_may_take_the_place_of_the_one_with_its_uid(
    ann: Client, source: str, other: str, method: str
):
    await ann.put(other + "a.ics", event(uid="a", summary="Older"))

    answer = await ann(method, source, Destination=other + "a.ics")

    assert answer.status == 204
    assert "Older" not in (await ann("GET", other + "a.ics")).text


@pytest.mark.rfc("4918 9.8.3")
async def test_a_copied_calendar_has_members_index_and_properties_of_its_own(
    ann: Client, calendar: str, source: str
):
    await ann.put(calendar + "t.ics", todo(uid="t"))
    await ann("PROPPATCH", calendar, proppatch(set_="<D:displayname>Mine</D:displayname>" + DEAD))

    copied = await ann("COPY", calendar, Destination=ann.home + "copy/")
    await ann("DELETE", source)

    copy = await members(ann, ann.home + "copy/")
    props = (await ann.propfind(ann.home + "copy/", "D:displayname")).props()
    assert copied.status == 201
    assert list(copy) == [ann.home + "copy/a.ics", ann.home + "copy/t.ics"]
    assert (await ann.sync(ann.home + "copy/")).hrefs == list(copy)
    assert props["{DAV:}displayname"][1].text == "Mine"
    assert await dead(ann, ann.home + "copy/") == await dead(ann, ann.home + "copy/a.ics") == "kept"


@pytest.mark.rfc("4918 9.8.3")
async def test_depth_0_copies_a_calendar_without_its_members(
    ann: Client, calendar: str, source: str
):
    await ann("PROPPATCH", calendar, proppatch(set_=DEAD))

    copied = await ann("COPY", calendar, Destination=ann.home + "copy/", Depth="0")

    assert copied.status == 201
    assert await members(ann, ann.home + "copy/") == {}
    assert await dead(ann, ann.home + "copy/") == "kept"


@pytest.mark.rfc("4918 9.9.2")
@pytest.mark.parametrize(("method", "depth"), [("MOVE", "0"), ("MOVE", "1"), ("COPY", "1")])
async def test_other_depths_of_a_calendar_are_400(
    ann: Client, calendar: str, method: str, depth: str
):
    answer = await ann(method, calendar, Destination=ann.home + "new/", Depth=depth)

    assert answer.status == 400


@pytest.mark.rfc("4918 9.9.2")
async def test_a_moved_calendar_keeps_all_it_has_and_its_sync_token(
    ann: Client, calendar: str, source: str
):
    await ann("PROPPATCH", calendar, proppatch(set_=DEAD))
    token = (await ann.sync(calendar)).token
    tags = list((await members(ann, calendar)).values())

    moved = await ann("MOVE", calendar, Destination=ann.home + "moved/")

    assert moved.status == 201
    assert (await ann.propfind(calendar)).status == 404
    assert list((await members(ann, ann.home + "moved/")).values()) == tags
    assert (await ann.sync(ann.home + "moved/", token)).hrefs == []
    assert await dead(ann, ann.home + "moved/") == "kept"


@pytest.mark.rfc("4918 9.9.3")
@BOTH
async def test_an_overwritten_calendar_goes_to_the_trash_as_a_whole(
    ann: Client, calendar: str, source: str, other: str, method: str
):
    await ann.put(other + "b.ics", event(uid="b"))

    refused = await ann(method, calendar, Destination=other, Overwrite="F")
    done = await ann(method, calendar, Destination=other)

    assert (refused.status, done.status) == (412, 204)
    assert list(await members(ann, other)) == [other + "a.ics"]


@pytest.mark.rfc("4918 9.8.5")
@BOTH
@pytest.mark.parametrize(
    ("destination", "status"),
    [
        ("/dav/calendars/ann/main/", 403),
        ("/dav/calendars/ann/other/inside/", 403),
        ("/dav/calendars/ann/no/inside/", 409),
        ("/dav/calendars/ann/", 403),
        ("/dav/calendars/bob/main/", 404),
        ("/dav/elsewhere/", 403),
        ("/elsewhere/", 404),
    ],
)
async def test_a_calendar_stays_in_its_home(
    ann: Client, calendar: str, other: str, method: str, destination: str, status: int
):
    before = await everything(ann)

    answer = await ann(method, calendar, Destination=destination)

    assert answer.status == status
    assert await everything(ann) == before


@pytest.mark.rfc("4918 9.8.5")
@BOTH
@pytest.mark.parametrize("path", ["", "no/", "main/no.ics"])
async def test_only_objects_and_calendars_are_copied_and_moved(
    ann: Client, calendar: str, method: str, path: str
):
    answer = await ann(method, ann.home + path, Destination=ann.home + "x/")

    assert answer.status == (404 if path else 405)


@pytest.mark.rfc("4791 5.3.2.1")
@BOTH
async def test_an_object_of_another_uid_is_not_overwritten(
    ann: Client, source: str, other: str, method: str
):
    await ann.put(other + "b.ics", event(uid="b"))
    before = await everything(ann)

    answer = await ann(method, source, Destination=other + "b.ics")

    assert (answer.status, await everything(ann)) == (409, before)
    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
