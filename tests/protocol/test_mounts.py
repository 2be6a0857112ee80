"""Somebody's calendar in one's own home: what a sharee does with it, at each level."""

from __future__ import annotations

import pytest

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.model import Level
from caldavd.service import named
from caldavd.store.engine import WriteTx
from tests.protocol.client import NS, Client, declared, multiget, proppatch, query
from tests.protocol.clients.wire import children, data, href_in, privileges, text_of
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, grant, href
from tests.protocol.sharing import CS, give, remove, share
from tests.unit.builders import event

MOUNT = "/dav/calendars/bob/ann-main/"
READS = {"read", "read-free-busy", "read-current-user-privilege-set"}
WRITES = READS | {"write", "write-properties", "write-content", "bind", "unbind"}


@pytest.fixture
async def read(server: Server, stored: str) -> str:
    """The URL at which bob reads ann's calendar with its one object."""
    await give(server, "ann", "main", "bob", Level.READ)
    return MOUNT


@pytest.fixture
async def written(server: Server, stored: str) -> str:
    """The URL at which bob reads and writes it."""
    await give(server, "ann", "main", "bob", Level.WRITE)
    return MOUNT


async def listed(client: Client) -> list[str]:
    """The hrefs of the calendars in a home."""
    answer = await client.propfind(client.home, "D:resourcetype", depth="1")
    types = {one: answer.props(one)["{DAV:}resourcetype"][1] for one in answer.hrefs}
    return [one for one, type_ in types.items() if type_.find("C:calendar", NS) is not None]


async def test_a_mount_is_a_calendar_of_the_home(bob: Client, read: str):
    answer = await bob.propfind(
        bob.home, "D:resourcetype", "D:owner", "CS:shared-url", "D:displayname", depth="1"
    )

    props = answer.props(read)
    assert children(props["{DAV:}resourcetype"][1]) == [
        "{DAV:}collection",
        "{urn:ietf:params:xml:ns:caldav}calendar",
        CS + "shared",
    ]
    assert href_in(answer, "{DAV:}owner", read) == "/dav/principals/ann/"
    assert href_in(answer, CS + "shared-url", read) == "/dav/calendars/ann/main/"
    assert text_of(answer, "{DAV:}displayname", read) == "main"


async def test_the_owner_sees_that_a_calendar_is_shared(ann: Client, calendar: str, read: str):
    answer = await ann.propfind(calendar, "D:resourcetype", "CS:shared-url")

    types = children(answer.props()["{DAV:}resourcetype"][1])
    assert CS + "shared-owner" in types
    assert answer.props()[CS + "shared-url"][0] == 404


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.READ, READS),
        (Level.WRITE, WRITES),
        (Level.MANAGE, WRITES | {"read-acl", "write-acl"}),
    ],
)
async def test_a_level_is_what_the_privileges_say_in_either_home(
    server: Server, bob: Client, stored: str, level: Level, expected: set[str]
):
    await give(server, "ann", "main", "bob", level)

    own = await bob.propfind(bob.home, "D:current-user-privilege-set", depth="1")
    place = await bob.propfind("/dav/calendars/ann/main/", "D:current-user-privilege-set")

    def names(found: set[str]) -> set[str]:
        return {one.rpartition("}")[2] for one in found}

    assert names(privileges(own, MOUNT)) == expected
    assert names(privileges(place)) == expected


async def test_a_reader_reads_by_every_door_and_writes_by_none(
    bob: Client, ann: Client, read: str, stored: str
):
    text = (await ann("GET", stored)).text
    mine = read + "a.ics"

    got = await bob("GET", mine)
    found = await bob("REPORT", read, multiget(mine))
    queried = await bob("REPORT", read, query('<C:comp-filter name="VEVENT"/>'))
    synced = await bob.sync(read)
    refused = [
        await bob.put(mine, event(uid="a", summary="Mine")),
        await bob.put(read + "b.ics", event(uid="b")),
        await bob("POST", read, event(uid="b"), Content_Type="text/calendar"),
        await bob("DELETE", mine),
        await bob("PROPPATCH", mine, proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>")),
    ]

    assert got.text == text
    assert data(found) == {mine: text}
    assert (queried.hrefs, synced.hrefs) == ([mine], [mine])
    assert [one.status for one in refused] == [403, 403, 403, 403, 207]
    assert {one.condition for one in refused[:4]} == {"{DAV:}need-privileges"}
    assert "need-privileges" in refused[4].text
    assert (await ann("GET", stored)).text == text


async def test_what_a_sharee_writes_is_the_owners(ann: Client, bob: Client, written: str):
    put = await bob.put(written + "b.ics", event(uid="b", summary="By Bob"))
    changed = await bob.put(written + "a.ics", event(uid="a", summary="By Bob"))
    added = await bob("POST", written, event(uid="c"), Content_Type="text/calendar")
    deleted = await bob("DELETE", written + "b.ics")

    place = "/dav/calendars/ann/main/"
    listed_ = await ann.propfind(place, "D:getetag", depth="1")
    assert [put.status, changed.status, added.status, deleted.status] == [201, 204, 201, 204]
    assert added.headers["Location"].startswith(MOUNT)
    assert len(listed_.hrefs) == 3
    assert "By Bob" in (await ann("GET", place + "a.ics")).text
    assert (await bob("GET", written + "a.ics")).etag == changed.etag


@pytest.mark.rfc("4791 5.3.2.1")
async def test_a_uid_conflict_names_the_object_in_the_sharees_home(bob: Client, written: str):
    answer = await bob.put(written + "other.ics", event(uid="a"))

    assert answer.condition == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
    assert written + "a.ics" in answer.text


async def test_deleting_a_mount_leaves_the_owners_calendar_as_it_is(
    ann: Client, bob: Client, written: str, stored: str
):
    before = (await ann("GET", stored)).etag

    answer = await bob("DELETE", written)

    assert answer.status == 204
    assert written not in await listed(bob)
    assert (await bob.propfind(written)).status == 404
    assert (await ann("GET", stored)).etag == before


@pytest.mark.rfc("6578 3.2")
async def test_a_home_tells_of_a_mount_that_comes_changes_and_goes(
    server: Server, ann: Client, bob: Client, stored: str
):
    first = await bob.sync(bob.home)
    await give(server, "ann", "main", "bob", Level.WRITE)
    came = await bob.sync(bob.home, first.token)
    await ann.put("/dav/calendars/ann/main/n.ics", event(uid="n"))
    changed = await bob.sync(bob.home, came.token)
    still = await bob.sync(bob.home, changed.token)
    await bob("DELETE", MOUNT)
    went = await bob.sync(bob.home, still.token)

    assert MOUNT in came.hrefs
    assert changed.hrefs == [MOUNT]
    assert still.hrefs == []
    assert went.statuses() == {MOUNT: 404}
    assert MOUNT in went.hrefs


@pytest.mark.rfc("6578 3.2")
async def test_a_change_by_one_reader_reaches_all_others(
    server: Server, ann: Client, bob: Client, written: str
):
    await add_user(server.db, "cat", "Cat Example")
    await add_user(server.db, "dan", "Dan Example")
    await give(server, "ann", "main", "cat", Level.READ)
    await give(server, "ann", "main", "dan", Level.READ)
    readers = [
        (Client(server, "cat"), "/dav/calendars/cat/ann-main/"),
        (Client(server, "dan"), "/dav/calendars/dan/ann-main/"),
        (ann, "/dav/calendars/ann/main/"),
    ]
    tokens = [((await one.sync(path)).token, await ctag(one, path)) for one, path in readers]
    homes = [((await one.sync(one.home)).token, await ctag(one, one.home)) for one, _ in readers]

    await bob.put(written + "b.ics", event(uid="b"))

    for (one, path), (token, tag), (home, home_tag) in zip(readers, tokens, homes, strict=True):
        delta = await one.sync(path, token)
        assert delta.hrefs == [path + "b.ics"]
        assert text_of(delta, "{DAV:}getetag") == (await one("GET", path + "b.ics")).etag
        assert await ctag(one, path) != tag
        assert path in (await one.sync(one.home, home)).hrefs
        assert await ctag(one, one.home) != home_tag


async def ctag(client: Client, path: str) -> str:
    return text_of(await client.propfind(path, "CS:getctag"), CS + "getctag")


@pytest.mark.rfc("6578 3.2")
async def test_another_level_voids_the_tokens_of_before(server: Server, bob: Client, read: str):
    token = (await bob.sync(read)).token
    home = (await bob.sync(bob.home)).token

    await give(server, "ann", "main", "bob", Level.WRITE)

    refused = await bob.sync(read, token)
    assert refused.condition == "{DAV:}valid-sync-token"
    assert read in (await bob.sync(bob.home, home)).hrefs


async def test_colour_and_name_are_each_readers_own(ann: Client, bob: Client, read: str):
    place = "/dav/calendars/ann/main/"
    named = "<D:displayname>Ann</D:displayname><I:calendar-color>#111111FF</I:calendar-color>"
    await ann("PROPPATCH", place, proppatch(set_=named))
    first = await bob.propfind(read, "D:displayname", "I:calendar-color")
    home = (await bob.sync(bob.home)).token
    anns = await ctag(ann, place)

    mine = "<D:displayname>Mine</D:displayname><I:calendar-color>#222222FF</I:calendar-color>"
    answer = await bob("PROPPATCH", read, proppatch(set_=mine))

    later = await bob.propfind(read, "D:displayname", "I:calendar-color")
    hers = await ann.propfind(place, "D:displayname", "I:calendar-color")
    color = "{http://apple.com/ns/ical/}calendar-color"
    assert answer.status == 207
    assert answer.props()["{DAV:}displayname"][0] == 200
    assert [(text_of(one, "{DAV:}displayname"), text_of(one, color)) for one in (first, hers)] == [
        ("Ann", "#111111FF")
    ] * 2
    assert (text_of(later, "{DAV:}displayname"), text_of(later, color)) == ("Mine", "#222222FF")
    assert read in (await bob.sync(bob.home, home)).hrefs
    assert await ctag(ann, place) == anns


async def test_a_new_mount_makes_its_reader_not_busy(ann: Client, bob: Client, read: str):
    name = "C:schedule-calendar-transp"
    mine = await bob.propfind(read, name)
    hers = await ann.propfind("/dav/calendars/ann/main/", name)

    transp = "{urn:ietf:params:xml:ns:caldav}schedule-calendar-transp"
    caldav = "{urn:ietf:params:xml:ns:caldav}"
    assert children(mine.props()[transp][1]) == [caldav + "transparent"]
    assert children(hers.props()[transp][1]) == [caldav + "opaque"]


async def test_a_mount_takes_another_name(ann: Client, bob: Client, read: str):
    token = (await bob.sync(bob.home)).token
    to = bob.home + "family/"

    moved = await bob("MOVE", read, Destination=to)

    delta = await bob.sync(bob.home, token)
    assert moved.status == 201
    assert (await bob("GET", to + "a.ics")).status == 200
    assert (await bob("GET", read + "a.ics")).status == 404
    assert sorted(delta.hrefs) == [read, to]
    assert delta.statuses() == {read: 404}
    assert (await ann.propfind("/dav/calendars/ann/main/")).status == 207


async def test_a_mount_stays_in_its_home_and_is_not_overwritten(bob: Client, read: str):
    away = await bob("MOVE", read, Destination="/dav/calendars/ann/mine/")
    over = await bob("MOVE", bob.home + "calendar/", Destination=read)
    onto = await bob("MOVE", read, Destination=bob.home + "calendar/")
    made = await bob("MKCALENDAR", read)

    assert [one.status for one in (away, over, onto)] == [404, 403, 403]
    assert made.condition == "{DAV:}resource-must-be-null"
    assert (await bob("GET", read + "a.ics")).status == 200


async def test_objects_are_copied_out_of_a_mount_and_not_moved(
    ann: Client, bob: Client, written: str, stored: str
):
    mine = bob.home + "calendar/a.ics"

    moved = await bob("MOVE", written + "a.ics", Destination=mine)
    renamed = await bob("MOVE", written + "a.ics", Destination=written + "z.ics")
    copied = await bob("COPY", written + "a.ics", Destination=mine)

    assert [one.status for one in (moved, renamed, copied)] == [403, 403, 201]
    assert (await ann("GET", stored)).status == 200
    assert (await bob("GET", mine)).status == 200


async def test_objects_are_moved_into_a_mount(ann: Client, bob: Client, written: str):
    await bob.put(bob.home + "calendar/b.ics", event(uid="b"))

    moved = await bob("MOVE", bob.home + "calendar/b.ics", Destination=written + "b.ics")

    assert moved.status == 201
    assert (await ann("GET", "/dav/calendars/ann/main/b.ics")).status == 200


async def test_a_copy_of_a_mount_is_a_calendar_of_ones_own(ann: Client, bob: Client, read: str):
    copied = await bob("COPY", read, Destination=bob.home + "copy/")
    put = await bob.put(bob.home + "copy/b.ics", event(uid="b"))

    answer = await bob.propfind(bob.home + "copy/", "D:resourcetype", "D:owner")
    assert (copied.status, put.status) == (201, 201)
    assert href_in(answer, "{DAV:}owner") == "/dav/principals/bob/"
    assert (await ann("GET", "/dav/calendars/ann/main/b.ics")).status == 404


async def test_no_calendar_takes_the_name_of_a_mount_or_of_the_notifications(
    bob: Client, read: str
):
    notifications = bob.home + "notifications/"
    made = [await bob("MKCALENDAR", path) for path in (read, notifications)]
    moved = await bob("MOVE", bob.home + "calendar/", Destination=notifications)

    assert [one.condition for one in made] == ["{DAV:}resource-must-be-null"] * 2
    assert moved.status == 403


async def test_a_mount_goes_to_the_trash_with_its_calendar_and_comes_back(
    server: Server, ann: Client, bob: Client, read: str, stored: str
):
    token = (await bob.sync(bob.home)).token
    await ann("DELETE", "/dav/calendars/ann/main/")
    went = await bob.sync(bob.home, token)
    missing = await bob("GET", read + "a.ics")

    await restore(server, "ann", "main")
    back = await bob.sync(bob.home, went.token)

    assert went.statuses() == {read: 404}
    assert missing.status == 404
    assert read in back.hrefs
    assert back.statuses() == {}
    assert (await bob("GET", read + "a.ics")).status == 200


async def restore(server: Server, owner: str, calendar: str) -> None:
    async def work(tx: WriteTx) -> None:
        await named.restore(tx, await named.account(tx, owner), calendar, now())

    await server.db.write(work)


async def test_nobody_else_sees_the_mounts_of_a_home(
    server: Server, ann: Client, bob: Client, read: str
):
    await add_user(server.db, "cat", "Cat Example")
    cat = Client(server, "cat")
    await grant(bob, bob.home, ace(href("cat"), "D:read"))

    home = await cat.propfind(bob.home, "D:getetag", depth="1")

    assert read not in home.hrefs
    assert bob.home + "notifications/" not in home.hrefs
    assert [(await cat.propfind(read)).status, (await cat("GET", read + "a.ics")).status] == [
        404,
        404,
    ]


@pytest.mark.parametrize("how", ["declined", "removed", "never"])
async def test_who_does_not_share_gets_what_is_answered_for_what_does_not_exist(
    server: Server, ann: Client, bob: Client, stored: str, how: str
):
    if how != "never":
        await give(server, "ann", "main", "bob", Level.WRITE)
    if how == "declined":
        await bob("DELETE", MOUNT)
    if how == "removed":
        await share(ann, "/dav/calendars/ann/main/", remove("bob"))

    for there, missing in [
        (MOUNT, bob.home + "xnn-main/"),
        (MOUNT + "a.ics", bob.home + "xnn-main/a.ics"),
        ("/dav/calendars/ann/main/", "/dav/calendars/ann/xain/"),
        (stored, "/dav/calendars/ann/xain/a.ics"),
    ]:
        for method in ("GET", "PROPFIND", "REPORT", "DELETE", "PUT"):
            body = event(uid="q") if method == "PUT" else ""
            one = await bob(method, there, body, Depth="0")
            other = await bob(method, missing, body, Depth="0")
            assert (one.status, one.text.replace(there, "")) == (
                other.status,
                other.text.replace(missing, ""),
            )


async def test_the_owners_url_gives_a_sharee_no_more_than_the_level(
    ann: Client, bob: Client, read: str, stored: str
):
    place = "/dav/calendars/ann/main/"

    assert (await bob("GET", stored)).status == 200
    refused = [
        await bob.put(stored, event(uid="a", summary="x")),
        await bob("DELETE", stored),
        await bob("DELETE", place),
        await grant(bob, place),
    ]
    assert {one.condition for one in refused} == {"{DAV:}need-privileges"}
    assert (await bob.propfind("/dav/calendars/ann/")).status == 404


@pytest.mark.rfc("4791 7.10")
async def test_free_busy_only_is_nothing_but_the_time(server: Server, bob: Client, stored: str):
    await give(server, "ann", "main", "bob", Level.FREE_BUSY)
    place = "/dav/calendars/ann/main/"
    asked = (
        f"<C:free-busy-query {declared()}>"
        '<C:time-range start="20200101T000000Z" end="20300101T000000Z"/></C:free-busy-query>'
    )

    busy = await bob("REPORT", place, asked)

    assert busy.status == 200
    assert "FREEBUSY" in busy.text
    assert (await bob.propfind(place)).condition == "{DAV:}need-privileges"
    assert (await bob("GET", stored)).status == 404
    assert MOUNT not in await listed(bob)
    assert (await bob.propfind(MOUNT)).status == 404
