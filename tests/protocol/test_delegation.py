"""Delegates: the groups below a principal, and what their members may do (caldav-proxy)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client, declared, proppatch
from tests.protocol.people import delegate, href, make_group
from tests.protocol.recorded import Recorded
from tests.unit.builders import event

ANN = "/dav/principals/ann/"
BOB = "/dav/principals/bob/"
READ = ANN + "calendar-proxy-read/"
WRITE = ANN + "calendar-proxy-write/"


def hrefs(answer: Answer, name: str) -> list[str]:
    """The hrefs in a property of an answer's only response."""
    _, element = answer.props()[name]
    return [str(one.text) for one in element.iterfind("D:href", NS)]


@pytest.mark.rfc("3744 4.3")
async def test_each_user_has_two_groups_of_delegates(ann: Client, calendar: str):
    answer = await ann.propfind(ANN, "D:resourcetype", depth="1")

    types = [
        {one.tag for one in answer.props(path)["{DAV:}resourcetype"][1]} for path in (READ, WRITE)
    ]
    cs = "{http://calendarserver.org/ns/}"
    assert answer.hrefs == [ANN, READ, WRITE]
    assert types == [
        {"{DAV:}collection", "{DAV:}principal", f"{cs}calendar-proxy-read"},
        {"{DAV:}collection", "{DAV:}principal", f"{cs}calendar-proxy-write"},
    ]


@pytest.mark.rfc("3744 4.4")
async def test_a_delegate_is_told_on_both_sides(ann: Client, bob: Client):
    answer = await delegate(ann, "write", "bob")

    cs = "{http://calendarserver.org/ns/}"
    names = ("D:group-membership", "CS:calendar-proxy-write-for", "CS:calendar-proxy-read-for")
    mine = await bob.propfind(BOB, *names)
    assert answer.status == 207
    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == [BOB]
    assert hrefs(mine, "{DAV:}group-membership") == [WRITE]
    assert hrefs(mine, f"{cs}calendar-proxy-write-for") == [ANN]
    assert hrefs(mine, f"{cs}calendar-proxy-read-for") == []


@pytest.mark.rfc("3744 4.4")
async def test_a_member_of_a_group_acts_for_whom_the_group_does(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await make_group(server, "team", "bob")
    await make_group(server, "office", "team")

    await delegate(ann, "read", "office")

    names = ("D:group-membership", "CS:calendar-proxy-read-for")
    mine = await bob.propfind(BOB, *names)
    assert hrefs(mine, "{DAV:}group-membership") == ["/dav/principals/team/"]
    assert hrefs(mine, "{http://calendarserver.org/ns/}calendar-proxy-read-for") == [ANN]
    assert (await bob.propfind(calendar)).status == 207


@pytest.mark.rfc("3744 4.3")
async def test_delegates_are_set_as_a_whole(ann: Client, bob: Client, calendar: str):
    await delegate(ann, "write", "bob")

    await delegate(ann, "write")

    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == []
    assert (await bob.propfind(calendar)).status == 404


@pytest.mark.rfc("3744 4.3")
@pytest.mark.parametrize(
    ("set_", "status", "element"),
    [
        (f"<D:group-member-set>{href('zoe')}</D:group-member-set>", 403, "recognized-principal"),
        (
            f"<D:group-member-set><D:href>{READ}</D:href></D:group-member-set>",
            403,
            "allowed-principal",
        ),
        ("<D:displayname>x</D:displayname>", 403, "cannot-modify-protected-property"),
        ("<x:y xmlns:x='urn:x'/>", 403, "cannot-modify-protected-property"),
    ],
)
async def test_what_cannot_be_set_leaves_the_delegates_as_they_were(
    ann: Client, bob: Client, set_: str, status: int, element: str
):
    await delegate(ann, "write", "bob")

    answer = await ann("PROPPATCH", WRITE, proppatch(set_=set_))

    (propstat,) = answer.xml.iterfind("D:response/D:propstat", NS)
    assert f" {status} " in propstat.findtext("D:status", "", NS)
    assert [one.tag for one in propstat.find("D:error", NS)] == [f"{{DAV:}}{element}"]
    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == [BOB]


@pytest.mark.rfc("3744 4.3")
async def test_nobody_is_their_own_delegate(ann: Client):
    assert (await delegate(ann, "write", "ann")).condition == "{DAV:}allowed-principal"


@pytest.mark.rfc("3744 4.3")
async def test_the_members_of_a_group_are_not_for_its_members_to_set(server: Server, bob: Client):
    await make_group(server, "team", "bob")
    team = "/dav/principals/team/"

    answer = await bob("PROPPATCH", team, proppatch(set_="<D:group-member-set/>"))

    assert hrefs(await bob.propfind(team, "D:group-member-set"), "{DAV:}group-member-set") == [BOB]
    assert answer.condition == "{DAV:}need-privileges"


@pytest.mark.rfc("3744 12.2")
async def test_who_somebodys_delegates_are_concerns_the_two_sides_alone(
    server: Server, ann: Client, bob: Client
):
    await make_group(server, "team", "bob")
    before = [(await bob.propfind(path, "D:group-member-set")).status for path in (READ, WRITE)]

    await delegate(ann, "read", "team")

    after = await bob.propfind(READ, "D:group-member-set")
    set_ = await bob("PROPPATCH", READ, proppatch(set_="<D:group-member-set/>"))
    assert before == [404, 404]
    assert hrefs(after, "{DAV:}group-member-set") == ["/dav/principals/team/"]
    assert set_.condition == "{DAV:}need-privileges"
    assert (await bob.propfind(ANN, depth="1")).hrefs == [ANN, READ, WRITE]


@pytest.mark.rfc("3744 6")
async def test_a_delegate_who_writes_does_all_that_the_owner_does_but_grant(
    ann: Client, bob: Client, calendar: str
):
    await delegate(ann, "write", "bob")

    done = [
        await bob.put(calendar + "b.ics", event(uid="b")),
        await bob.put(calendar + "b.ics", event(uid="b", summary="B")),
        await bob("DELETE", calendar + "b.ics"),
        await bob("MKCALENDAR", ann.home + "new/"),
        await bob("MOVE", ann.home + "new/", Destination=ann.home + "newer/"),
        await bob("DELETE", ann.home + "newer/"),
    ]
    granted = await bob("ACL", calendar, "<D:acl xmlns:D='DAV:'/>")

    assert [answer.status for answer in done] == [201, 204, 204, 201, 201, 204]
    assert granted.condition == "{DAV:}need-privileges"


@pytest.mark.rfc("4791 5.3.1")
async def test_what_a_delegate_names_is_named_for_the_owner(ann: Client, bob: Client):
    await delegate(ann, "write", "bob")
    props = "<D:set><D:prop><D:displayname>Work</D:displayname></D:prop></D:set>"
    body = f"<C:mkcalendar {declared()}>{props}</C:mkcalendar>"

    await bob("MKCALENDAR", ann.home + "work/", body)

    answer = await ann.propfind(ann.home + "work/", "D:displayname", "D:owner")
    values = [element.text or element[0].text for _, element in answer.props().values()]
    assert values == ["Work", ANN]


@pytest.mark.rfc("3744 6")
async def test_a_delegate_who_reads_changes_nothing(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await delegate(ann, "read", "bob")

    answers = [
        await bob("GET", stored),
        await bob.put(stored, event(uid="a", summary="B")),
        await bob("MKCALENDAR", ann.home + "new/"),
        await bob("DELETE", calendar),
    ]

    assert [answer.status for answer in answers] == [200, 403, 403, 403]


@pytest.mark.rfc("3744 9.3")
async def test_principal_match_finds_the_groups_that_one_is_in(
    server: Server, ann: Client, bob: Client
):
    await make_group(server, "team", "bob")
    await delegate(ann, "write", "team")
    body = '<D:principal-match xmlns:D="DAV:"><D:self/></D:principal-match>'

    answers = [
        (await bob("REPORT", path, body)).hrefs
        for path in ("/dav/principals/", "/dav/principals/team/", ANN)
    ]

    assert answers == [
        [BOB, "/dav/principals/team/", WRITE],
        ["/dav/principals/team/"],
        [WRITE],
    ]


@pytest.mark.rfc("3744 9.3")
async def test_principal_match_looks_into_any_property(server: Server, ann: Client, bob: Client):
    await make_group(server, "team", "bob")
    body = (
        '<D:principal-match xmlns:D="DAV:"><D:principal-property><D:group-member-set/>'
        "</D:principal-property></D:principal-match>"
    )

    found = [(await client("REPORT", "/", body)).hrefs for client in (bob, ann)]

    assert found == [["/dav/principals/team/"], []]


@pytest.mark.rfc("3253 3.8")
async def test_a_client_is_told_of_delegates_in_one_request(
    ann: Client, bob: Client, calendar: str
):
    await delegate(ann, "write", "bob")
    cs = 'namespace="http://calendarserver.org/ns/"'
    caldav = 'namespace="urn:ietf:params:xml:ns:caldav"'
    inner = (
        f'<A:property name="calendar-user-address-set" {caldav}/>'
        f'<A:property name="calendar-home-set" {caldav}/>'
        '<A:property name="displayname" namespace="DAV:"/>'
    )
    body = (
        '<A:expand-property xmlns:A="DAV:">'
        f'<A:property name="calendar-proxy-write-for" {cs}>{inner}</A:property>'
        f'<A:property name="calendar-proxy-read-for" {cs}>{inner}</A:property>'
        "</A:expand-property>"
    )

    answer = await bob("REPORT", BOB, body)

    (found,) = answer.xml.iterfind(".//CS:calendar-proxy-write-for/D:response", NS)
    assert found.findtext("D:href", "", NS) == ANN
    assert found.findtext(".//D:displayname", "", NS) == "Ann Example"
    assert found.findtext(".//C:calendar-home-set/D:href", "", NS) == ann.home
    assert "mailto:ann@example.org" in answer.text
    assert (await bob.propfind(ann.home, "D:owner", depth="1")).status == 207


@pytest.mark.rfc("3744 2")
async def test_a_group_is_a_principal_without_calendars(server: Server, ann: Client):
    await make_group(server, "staff", "ann")
    names = ("C:calendar-home-set", "C:calendar-user-type", "CS:record-type", "D:group-member-set")

    answer = await ann.propfind("/dav/principals/staff/", *names)

    assert [status for status, _ in answer.props().values()] == [200, 200, 200, 404]
    assert answer.props()["{urn:ietf:params:xml:ns:caldav}calendar-user-type"][1].text == "GROUP"
    assert hrefs(answer, "{DAV:}group-member-set") == [ANN]
    assert (await ann.propfind("/dav/calendars/staff/")).status == 404
    assert (await ann.propfind("/dav/principals/staff/", depth="1")).hrefs == [
        "/dav/principals/staff/"
    ]


@pytest.mark.rfc("3744 4.3")
async def test_of_several_sets_the_last_one_holds(ann: Client, bob: Client):
    sets = "".join(
        f"<D:group-member-set>{href(name)}</D:group-member-set>" for name in ("zoe", "bob")
    )

    answer = await ann("PROPPATCH", WRITE, proppatch(set_=sets))

    assert answer.props()["{DAV:}group-member-set"][0] == 200
    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == [BOB]


@pytest.mark.rfc("3744 4.3")
async def test_all_sets_of_a_request_together_name_only_so_many(ann: Client, bob: Client):
    one = f"<D:group-member-set>{href('bob') * 501}</D:group-member-set>"

    answer = await ann("PROPPATCH", WRITE, proppatch(set_=one * 2))

    assert answer.props()["{DAV:}group-member-set"][0] == 507
    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == []


@pytest.mark.rfc("3744 4.3")
async def test_many_spellings_of_delegates_are_looked_up_at_once(ann: Client, bob: Client):
    spelled = "".join(f"<D:href>/dav/principals/%62ob/?{n}</D:href>" for n in range(900))
    set_ = f"<D:group-member-set>{spelled}</D:group-member-set>"
    recorded = Recorded(ann.server.db)
    recording = Client(replace(ann.server, db=recorded), "ann")

    answer = await recording("PROPPATCH", WRITE, proppatch(set_=set_))

    assert answer.props()["{DAV:}group-member-set"][0] == 200
    assert hrefs(await ann.propfind(WRITE, "D:group-member-set"), "{DAV:}group-member-set") == [BOB]
    assert len(recorded.noted) < 12
