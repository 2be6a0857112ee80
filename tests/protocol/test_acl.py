"""Access control lists: the method, the properties, and what entries give (RFC 3744 5 to 8)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.server import Server
from caldavd.store import principals
from tests.protocol.client import NS, Answer, Client, multiget, proppatch, query
from tests.protocol.conftest import add_user
from tests.protocol.people import EVERYBODY, ace, grant, href, join, make_group
from tests.protocol.recorded import Recorded
from tests.unit.builders import event

BOB = href("bob")
READ = ace(BOB, "D:read")


def entries(answer: Answer) -> list[tuple[str, list[str], str]]:
    """Whom each entry is for, what it grants, and where it comes from."""
    _, acl = answer.props()["{DAV:}acl"]
    found = []
    for one in acl:
        (who,) = one.find("D:principal", NS)
        granted = [p.tag.partition("}")[2] for p in one.iterfind("D:grant/D:privilege/*", NS)]
        origin = "protected" if one.find("D:protected", NS) is not None else ""
        origin = one.findtext("D:inherited/D:href", origin, NS)
        found.append((who.text or who.tag.partition("}")[2], granted, origin))
    return found


@pytest.mark.rfc("3744 8.1")
@pytest.mark.rfc("3744 5.5")
@pytest.mark.rfc("3744 5.5.2")
@pytest.mark.rfc("3744 5.5.3")
@pytest.mark.rfc("3744 5.5.4")
async def test_a_list_holds_what_was_sent_between_what_is_protected_and_inherited(
    ann: Client, bob: Client, calendar: str
):
    set_on_home = await grant(ann, ann.home, ace(EVERYBODY, "C:read-free-busy"))
    set_ = await grant(
        ann,
        calendar,
        ace(BOB, "D:read", "D:write"),
        ace("<D:property><D:owner/></D:property>", "D:read-acl", "D:write-acl"),
        ace("<D:all/>", "C:read-free-busy"),
    )

    answer = await ann.propfind(calendar, "D:acl")

    assert (set_on_home.status, set_.status) == (200, 200)
    base = "/dav/principals/ann/calendar-proxy-"
    assert entries(answer) == [
        ("property", ["all"], "protected"),
        ("/dav/principals/bob/", ["read", "write"], ""),
        ("property", ["read-acl", "write-acl"], ""),
        ("all", ["read-free-busy"], ""),
        (f"{base}read/", ["read"], ann.home),
        (f"{base}write/", ["read", "write"], ann.home),
        ("authenticated", ["read-free-busy"], ann.home),
    ]


@pytest.mark.rfc("3744 5.5.4")
async def test_an_object_inherits_all_but_its_owners_entry(ann: Client, bob: Client, stored: str):
    calendar = stored.rpartition("/")[0] + "/"
    await grant(ann, calendar, READ)

    found = entries(await ann.propfind(stored, "D:acl"))

    base = "/dav/principals/ann/calendar-proxy-"
    assert found == [
        ("property", ["all"], "protected"),
        ("/dav/principals/bob/", ["read"], calendar),
        (f"{base}read/", ["read"], ann.home),
        (f"{base}write/", ["read", "write"], ann.home),
    ]


@pytest.mark.rfc("3744 8.1")
async def test_a_list_replaces_the_one_before(ann: Client, bob: Client, calendar: str):
    await grant(ann, calendar, READ)

    await grant(ann, calendar)

    assert (await bob.propfind(calendar)).status == 404
    assert all(origin for _, _, origin in entries(await ann.propfind(calendar, "D:acl")))


@pytest.mark.rfc("3744 8.1.1")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<D:acl xmlns:D='DAV:'><D:href/></D:acl>",
        "<D:acl xmlns:D='DAV:'><D:ace/></D:acl>",
        "<D:acl xmlns:D='DAV:'><D:ace><D:principal/><D:grant/></D:ace></D:acl>",
        "<D:acl xmlns:D='DAV:'><D:ace><D:principal><D:all/></D:principal><D:grant/></D:ace>"
        "</D:acl>",
        "<D:acl xmlns:D='DAV:'><D:ace><D:principal><D:all/></D:principal>"
        "<D:grant><D:read/></D:grant></D:ace></D:acl>",
        "<D:acl xmlns:D='DAV:'><D:ace><D:principal><D:all/></D:principal>"
        "<D:grant><D:privilege><D:read/></D:privilege></D:grant>"
        "<D:principal><D:all/></D:principal></D:ace></D:acl>",
    ],
)
async def test_what_is_no_list_is_400(ann: Client, calendar: str, body: str):
    assert (await ann("ACL", calendar, body)).status == 400


@pytest.mark.rfc("3744 8.1")
async def test_a_list_is_replaced_only_in_the_state_that_was_named(ann: Client, calendar: str):
    tag = (await ann("HEAD", calendar)).etag
    await ann.put(calendar + "a.ics", event(uid="a"))
    body = "<D:acl xmlns:D='DAV:'/>"

    assert (await ann("ACL", calendar, body, If_Match=tag)).status == 412


@pytest.mark.rfc("3744 3.1")
@pytest.mark.rfc("3744 6")
async def test_a_reader_reads_in_every_way_and_changes_nothing(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await grant(ann, calendar, READ)

    listed = await bob.propfind(calendar, "D:getetag", depth="1")
    got = await bob("GET", stored)
    found = await bob("REPORT", calendar, query(""))
    many = await bob("REPORT", calendar, multiget(stored))
    synced = await bob.sync(calendar)

    assert (got.status, got.body) == (200, (await ann("GET", stored)).body)
    assert got.etag == listed.props(stored)["{DAV:}getetag"][1].text
    assert listed.hrefs == [calendar, stored]
    assert [found.hrefs, many.hrefs, synced.hrefs] == [[stored]] * 3
    refused = [
        await bob.put(stored, event(uid="a", summary="B")),
        await bob.put(calendar + "b.ics", event(uid="b")),
        await bob("DELETE", stored),
        await bob("DELETE", calendar),
        await bob("MOVE", stored, Destination=f"{bob.home}calendar/a.ics"),
        await grant(bob, calendar, ace(BOB, "D:all")),
        await bob("POST", calendar, event(uid="b"), Content_Type="text/calendar"),
    ]
    assert [(answer.status, answer.condition) for answer in refused] == [
        (403, "{DAV:}need-privileges")
    ] * len(refused)
    assert (await ann("GET", stored)).body == got.body


@pytest.mark.rfc("3744 7.1.1")
@pytest.mark.parametrize(
    ("method", "path", "resource", "privilege"),
    [
        ("PUT", "main/a.ics", "main/a.ics", "write-content"),
        ("PUT", "main/b.ics", "main/", "bind"),
        ("DELETE", "main/a.ics", "main/", "unbind"),
        ("DELETE", "main/", "", "unbind"),
        ("ACL", "main/", "main/", "write-acl"),
        ("MOVE", "main/a.ics", "main/", "unbind"),
    ],
)
async def test_a_refusal_names_the_privilege_and_the_resource(
    ann: Client,
    bob: Client,
    calendar: str,
    stored: str,
    method: str,
    path: str,
    resource: str,
    privilege: str,
):
    await grant(ann, calendar, READ)
    body = {"PUT": event(uid="a", summary="B"), "ACL": "<D:acl xmlns:D='DAV:'/>"}.get(method, "")

    answer = await bob(method, ann.home + path, body, Destination=bob.home + "calendar/a.ics")

    (named,) = answer.xml.iterfind("D:need-privileges/D:resource", NS)
    assert answer.status == 403
    assert named.findtext("D:href", "", NS) == ann.home + resource
    assert [one.tag for one in named.find("D:privilege", NS)] == [f"{{DAV:}}{privilege}"]


@pytest.mark.rfc("3744 3.6")
async def test_a_list_is_shown_to_who_may_read_it_alone(ann: Client, bob: Client, calendar: str):
    await grant(ann, calendar, READ)
    before = (await bob.propfind(calendar, "D:acl", "D:owner")).props()

    await grant(ann, calendar, ace(BOB, "D:read", "D:read-acl"))
    after = (await bob.propfind(calendar, "D:acl")).props()

    assert (before["{DAV:}acl"][0], len(before["{DAV:}acl"][1])) == (403, 0)
    assert (before["{DAV:}owner"][0], before["{DAV:}owner"][1][0].text) == (
        200,
        "/dav/principals/ann/",
    )
    assert (after["{DAV:}acl"][0], len(after["{DAV:}acl"][1])) == (200, 4)


TOLD = ["read", "read-free-busy", "read-current-user-privilege-set"]
WRITES = ["write", "write-properties", "write-content", "bind", "unbind"]


@pytest.mark.rfc("3744 5.4")
@pytest.mark.rfc("3744 3.12")
@pytest.mark.parametrize(
    ("granted", "told"),
    [
        (["D:read"], TOLD),
        (["D:read", "D:bind"], [*TOLD, "bind"]),
        (["D:read", "D:write"], [*TOLD, *WRITES]),
        (["D:all"], ["all", *TOLD, "read-acl", *WRITES, "unlock", "write-acl"]),
    ],
)
async def test_a_reader_is_told_the_privileges_it_has(
    ann: Client, bob: Client, calendar: str, stored: str, granted: list[str], told: list[str]
):
    await grant(ann, calendar, ace(BOB, *granted))

    for path in (calendar, stored):
        answer = await bob.propfind(path, "D:current-user-privilege-set")
        _, element = answer.props()["{DAV:}current-user-privilege-set"]

        assert [one[0].tag.partition("}")[2] for one in element] == told


@pytest.mark.rfc("4791 6.1.1")
@pytest.mark.rfc("4791 7.10")
async def test_who_may_know_when_somebody_is_busy_learns_that_alone(
    ann: Client, bob: Client, calendar: str
):
    await ann.put(
        calendar + "a.ics",
        event(uid="a", summary="Dentist", start="20260701T100000Z", end="20260701T110000Z"),
    )
    await grant(ann, calendar, ace(BOB, "C:read-free-busy"))
    body = (
        '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
        '<C:time-range start="20260701T000000Z" end="20260702T000000Z"/></C:free-busy-query>'
    )

    busy = await bob("REPORT", calendar, body)
    rest = [
        await bob.propfind(calendar),
        await bob.sync(calendar),
        await bob("REPORT", calendar, query("")),
    ]

    assert (busy.status, "20260701T100000Z/" in busy.text) == (200, True)
    assert "Dentist" not in busy.text
    assert [answer.condition for answer in rest] == ["{DAV:}need-privileges"] * 3
    # Which objects there are is more than when somebody is busy.
    there, missing = [await bob("GET", calendar + name) for name in ("a.ics", "no.ics")]
    assert (there.status, there) == (404, missing)


@pytest.mark.rfc("3744 2")
@pytest.mark.rfc("3744 5.5.1")
async def test_a_group_in_a_group_has_what_the_outer_one_was_granted(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await make_group(server, "team", "bob")
    await make_group(server, "staff", "team")
    # A circle does no harm.
    await join(server, "team", "staff")

    await grant(ann, calendar, ace(href("staff"), "D:read"))

    assert (await bob.propfind(calendar)).status == 207


@pytest.mark.rfc("3744 5.5.1")
@pytest.mark.parametrize("who", ["<D:all/>", EVERYBODY])
async def test_everybody_who_logs_in_is_everybody(
    ann: Client, bob: Client, nobody: Client, calendar: str, who: str
):
    await grant(ann, calendar, ace(who, "D:read"))

    assert (await bob.propfind(calendar)).status == 207
    assert (await nobody.propfind(calendar)).status == 401


@pytest.mark.rfc("3744 3.9")
@pytest.mark.rfc("3744 3.4")
async def test_who_may_add_may_not_change_what_is_there(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await grant(ann, calendar, ace(BOB, "D:bind"))

    added = await bob.put(calendar + "b.ics", event(uid="b"))
    changed = await bob.put(stored, event(uid="a", summary="B"))
    read = await bob("GET", calendar + "b.ics")

    assert (added.status, changed.status, read.status) == (201, 403, 403)


@pytest.mark.rfc("3744 3.8")
async def test_who_may_write_the_list_may_grant(ann: Client, bob: Client, calendar: str):
    await grant(ann, calendar, ace(BOB, "D:read", "D:write-acl"))

    given = await grant(bob, calendar, ace(BOB, "D:all"))

    assert given.status == 200
    assert (await bob.put(calendar + "b.ics", event(uid="b"))).status == 201


@pytest.mark.rfc("4918 9.2")
@pytest.mark.parametrize("element", ["D:displayname", "I:calendar-color"])
async def test_a_reader_calls_and_paints_a_calendar_for_itself(
    ann: Client, bob: Client, calendar: str, element: str
):
    await ann("PROPPATCH", calendar, proppatch(set_=f"<{element}>#111111FF</{element}>"))
    await grant(ann, calendar, READ)
    token = (await ann.sync(calendar)).token
    first = await bob.propfind(calendar, element)

    answer = await bob("PROPPATCH", calendar, proppatch(set_=f"<{element}>#222222FF</{element}>"))

    (status, _), *_ = answer.props().values()
    shown = [
        next(iter((await client.propfind(calendar, element)).props().values()))[1].text
        for client in (ann, bob)
    ]
    ((_, before),) = first.props().values()
    assert (answer.status, status) == (207, 200)
    assert (before.text, shown) == ("#111111FF", ["#111111FF", "#222222FF"])
    assert (await ann.sync(calendar)).token == token


@pytest.mark.rfc("3744 3.3")
async def test_a_reader_sets_nothing_that_all_would_see(ann: Client, bob: Client, calendar: str):
    await grant(ann, calendar, READ)

    answer = await bob("PROPPATCH", calendar, proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>"))

    assert {status for status, _ in answer.props().values()} == {403}


@pytest.mark.rfc("3744 7.3")
@pytest.mark.rfc("3744 7.4")
async def test_a_list_moves_with_its_calendar_and_is_not_copied(
    ann: Client, bob: Client, calendar: str
):
    await grant(ann, calendar, READ)

    await ann("COPY", calendar, Destination=ann.home + "copy/")
    await ann("MOVE", calendar, Destination=ann.home + "moved/")

    answers = [await bob.propfind(f"{ann.home}{name}/") for name in ("copy", "moved", "main")]
    assert [answer.status for answer in answers] == [404, 207, 404]


@pytest.mark.rfc("4918 9.8")
@pytest.mark.rfc("4918 9.9")
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
async def test_objects_go_from_one_users_calendar_to_anothers(
    ann: Client, bob: Client, calendar: str, stored: str, method: str
):
    await ann("PROPPATCH", stored, proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>"))
    await grant(ann, calendar, ace(BOB, "D:read", "D:write"))
    to = bob.home + "calendar/a.ics"

    answer = await bob(method, stored, Destination=to)

    assert answer.status == 201
    assert (await bob("GET", to)).status == 200
    assert (await bob.propfind(to)).props()["{urn:x}y"][1].text == "1"
    assert (await ann("GET", stored)).status == (200 if method == "COPY" else 404)
    assert (await bob.sync(bob.home + "calendar/")).hrefs == [to]


@pytest.mark.rfc("4918 9.8")
async def test_a_calendar_is_copied_into_ones_own_home_and_is_ones_own_there(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await ann("PROPPATCH", calendar, proppatch(set_="<D:displayname>Work</D:displayname>"))
    await grant(ann, calendar, READ)
    to = bob.home + "theirs/"

    copied = await bob("COPY", calendar, Destination=to)
    moved = await bob("MOVE", calendar, Destination=bob.home + "moved/")

    props = (await bob.propfind(to, "D:owner", "D:displayname")).props()
    assert (copied.status, moved.status) == (201, 403)
    assert [element.text or element[0].text for _, element in props.values()] == [
        "/dav/principals/bob/",
        "Work",
    ]
    assert (await bob("GET", to + "a.ics")).status == 200
    assert (await ann.propfind(to)).status == 404


@pytest.mark.rfc("3744 3.10")
async def test_homes_that_one_may_read_are_listed_with_ones_own(
    ann: Client, bob: Client, calendar: str
):
    before = (await bob.propfind("/dav/calendars/", "D:displayname", depth="1")).hrefs

    await grant(ann, ann.home, READ)
    answer = await bob.propfind("/dav/calendars/", "D:displayname", "D:owner", depth="1")

    assert before == ["/dav/calendars/", bob.home]
    assert answer.hrefs == ["/dav/calendars/", bob.home, ann.home]
    assert answer.props(ann.home)["{DAV:}owner"][1][0].text == "/dav/principals/ann/"
    assert answer.props(ann.home)["{DAV:}displayname"][1].text == "ann"


@pytest.mark.rfc("6578 3.2")
async def test_a_home_that_one_may_read_is_synchronised(ann: Client, bob: Client, calendar: str):
    await grant(ann, ann.home, READ)
    first = await bob.sync(ann.home)

    await ann.put(calendar + "a.ics", event(uid="a"))
    second = await bob.sync(ann.home, first.token)

    assert (calendar in first.hrefs, second.hrefs) == (True, [calendar])
    props = (await bob.propfind(ann.home, "D:sync-token")).props()
    assert props["{DAV:}sync-token"][1].text == second.token


@pytest.mark.rfc("3744 5.3")
async def test_every_privilege_is_described_once_in_the_tree(ann: Client, calendar: str):
    _, element = (await ann.propfind(calendar, "D:supported-privilege-set")).props()[
        "{DAV:}supported-privilege-set"
    ]

    told = [one[0].tag for one in element.iterfind(".//D:supported-privilege/D:privilege", NS)]
    owned = (await ann.propfind(calendar, "D:current-user-privilege-set")).props()
    assert told == [one[0].tag for one in owned["{DAV:}current-user-privilege-set"][1]]
    assert len(element.findall(".//D:description", NS)) == len(told)
    assert not element.findall(".//D:abstract", NS)


@pytest.mark.rfc("3744 9.2")
async def test_the_principals_of_a_list_are_shown_once_each(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await make_group(server, "staff", "bob")
    await grant(ann, ann.home, ace(href("staff"), "C:read-free-busy"))
    await grant(ann, calendar, READ, ace(BOB, "D:bind"), ace("<D:all/>", "C:read-free-busy"))
    body = (
        '<acl-principal-prop-set xmlns="DAV:"><prop><displayname/></prop></acl-principal-prop-set>'
    )

    answer = await ann("REPORT", calendar, body)

    base = "/dav/principals/"
    proxies = [f"{base}ann/calendar-proxy-{level}/" for level in ("read", "write")]
    assert sorted(answer.hrefs) == sorted([f"{base}ann/", *proxies, f"{base}bob/", f"{base}staff/"])
    assert (await bob("REPORT", calendar, body)).condition == "{DAV:}need-privileges"


@pytest.mark.rfc("3744 12.1")
async def test_what_was_granted_to_who_was_removed_is_gone(
    server: Server, ann: Client, bob: Client, calendar: str
):
    group = await make_group(server, "staff", "bob")
    await grant(ann, calendar, ace(href("staff"), "D:read"))

    await server.db.write(lambda tx: principals.remove(tx, group.id))

    assert (await bob.propfind(calendar)).status == 404
    assert all(origin for _, _, origin in entries(await ann.propfind(calendar, "D:acl")))


@pytest.mark.rfc("3744 8.1.1")
async def test_a_principal_of_another_host_is_not_ours(ann: Client, bob: Client, calendar: str):
    other, ours = (
        f"<D:href>http://{host}/dav/principals/bob/</D:href>"
        for host in ("evil.example", "cal.example.org:8443")
    )

    refused = await grant(ann, calendar, ace(other, "D:read"))
    granted = await grant(ann, calendar, ace(ours, "D:read"))

    assert refused.condition == "{DAV:}recognized-principal"
    assert granted.status == 200


@pytest.mark.rfc("3744 8.1")
async def test_entries_for_the_same_become_one(ann: Client, bob: Client, calendar: str):
    await grant(
        ann, calendar, READ, ace("<D:all/>", "D:read"), ace(BOB, "D:bind"), ace(BOB, "D:read")
    )

    assert entries(await ann.propfind(calendar, "D:acl"))[1:3] == [
        ("/dav/principals/bob/", ["read", "bind"], ""),
        ("all", ["read"], ""),
    ]


async def test_what_others_grant_is_read_of_the_owners_shown_only(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await grant(ann, calendar, READ)
    for number in range(3):
        await add_user(server.db, f"eve{number}", "Eve")
        eve = Client(server, f"eve{number}")
        await grant(eve, f"{eve.home}calendar/", ace(EVERYBODY, "D:read"))
    recorded = Recorded(server.db)
    asking = Client(replace(server, db=recorded), "bob")

    shown = await asking.propfind(calendar, "D:current-user-privilege-set")
    listed = await asking.propfind("/dav/calendars/", "D:current-user-privilege-set", depth="1")

    assert (shown.status, listed.hrefs) == (207, ["/dav/calendars/", bob.home])
    # Everybody may deliver to ann's inbox, so that the first has one more.
    assert [recorded.rows[at] for at, sql in enumerate(recorded.noted) if "FROM ace" in sql] == [
        2,
        1,
        0,
    ]
