"""Another user's data: the same answers, whether or not there is any."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.registry import METHODS, REPORTS
from caldavd.dav.server import Server
from caldavd.names import split
from tests.protocol.client import Answer, Client, declared, multiget, proppatch, query
from tests.protocol.people import ace, grant, href, make_group
from tests.protocol.state import everything
from tests.unit.builders import event

BODIES = {
    "PROPFIND": '<propfind xmlns="DAV:"><allprop/></propfind>',
    "PROPPATCH": proppatch(set_="<D:displayname>mine</D:displayname>"),
    "PUT": event(uid="z"),
    "POST": event(uid="z"),
    "REPORT": query(""),
    "ACL": (
        f"<D:acl {declared()}><D:ace><D:principal><D:all/></D:principal><D:grant><D:privilege>"
        "<D:read/></D:privilege></D:grant></D:ace></D:acl>"
    ),
    "MKCOL": (
        f"<D:mkcol {declared()}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>"
        "</D:resourcetype></D:prop></D:set></D:mkcol>"
    ),
}
SECRET = "Dentist"


@pytest.fixture
async def secret(bob: Client) -> str:
    """The URL of a calendar of bob's with an event."""
    path = bob.home + "private/"
    await bob("MKCALENDAR", path)
    await bob.put(path + "a.ics", event(uid="bobs", summary=SECRET))
    return path


def told(answer: Answer) -> tuple[object, ...]:
    return answer.status, sorted(answer.headers.items()), answer.body


@pytest.mark.rfc("3744 3.1")
@pytest.mark.parametrize("method", [row.name for row in METHODS])
@pytest.mark.parametrize(
    ("theirs", "missing"),
    [
        ("calendars/bob/", "calendars/zoe/"),
        ("principals/bob/calendar-proxy-read/", "principals/zoe/calendar-proxy-read/"),
        ("calendars/bob/private/", "calendars/zoe/private/"),
        ("calendars/bob/private/", "calendars/bob/no/"),
        ("calendars/bob/private/a.ics", "calendars/bob/private/no.ics"),
        ("calendars/bob/private/a.ics", "calendars/zoe/no/no.ics"),
    ],
)
async def test_no_method_tells_what_exists(
    ann: Client, bob: Client, secret: str, method: str, theirs: str, missing: str
):
    before = await everything(bob)
    headers = {"Depth": "1"} if method in ("PROPFIND", "REPORT") else {}
    if method in ("COPY", "MOVE"):
        headers = {"Destination": ann.home + "x.ics"}
    if method == "UNLOCK":
        headers = {"Lock-Token": "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"}

    answers = [
        await ann(method, f"/dav/{path}", BODIES.get(method, ""), **headers)
        for path in (theirs, missing)
    ]

    assert answers[0].status == 404
    assert told(answers[0]) == told(answers[1])
    assert await everything(bob) == before


@pytest.mark.rfc("3744 3.1")
@pytest.mark.parametrize("report", [row.name for row in REPORTS])
async def test_no_report_tells_what_exists(ann: Client, secret: str, report: str):
    namespace, local = split(report)
    inner = '<x:filter><x:comp-filter name="VCALENDAR"/></x:filter>' if "query" in local else ""
    inner += '<x:time-range start="20260101T000000Z"/>' if "busy" in local else ""
    inner += "<D:href>a.ics</D:href>" if "multiget" in local else ""
    inner += "<D:self/>" if "match" in local else ""
    body = f'<x:{local} xmlns:x="{namespace}" xmlns:D="DAV:">{inner}</x:{local}>'

    there = await ann("REPORT", secret, body)
    missing = await ann("REPORT", "/dav/calendars/zoe/no/", body)

    assert (there.status, told(there)) == (404, told(missing))


@pytest.mark.rfc("4918 9.8.5")
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
@pytest.mark.parametrize(
    "destination",
    ["bob/private/a.ics", "bob/private/new.ics", "bob/no/a.ics", "zoe/no/a.ics", "bob/private/"],
)
async def test_no_destination_tells_what_exists(
    ann: Client, bob: Client, secret: str, calendar: str, method: str, destination: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))
    before = await everything(ann), await everything(bob)

    answer = await ann(method, calendar + "a.ics", Destination="/dav/calendars/" + destination)

    reference = await ann(method, calendar + "a.ics", Destination="/dav/calendars/zoe/no/no.ics")
    assert told(answer) == told(reference)
    assert (await everything(ann), await everything(bob)) == before


@pytest.mark.rfc("4791 7.9")
async def test_no_multiget_href_tells_what_exists(ann: Client, secret: str, calendar: str):
    hrefs = (secret + "a.ics", secret + "no.ics", "/dav/calendars/zoe/x/a.ics", secret)

    answer = await ann("REPORT", calendar, multiget(*hrefs))

    assert answer.statuses() == dict.fromkeys(hrefs, 404)


@pytest.mark.rfc("4918 10.4")
async def test_no_if_header_tells_what_exists(ann: Client, bob: Client, secret: str, calendar: str):
    tag = (await bob("HEAD", secret + "a.ics")).etag
    token = (await bob.sync(secret)).token

    for header in (
        f"<{secret}a.ics> ([{tag}])",
        f"<{secret}no.ics> ([{tag}])",
        f"<{secret}> (<{token}>)",
        f"<{bob.home}no/> (<{token}>)",
    ):
        answer = await ann.put(calendar + "a.ics", event(uid="a"), If=header)

        assert answer.status == 412


@pytest.mark.rfc("3253 3.8")
async def test_expand_property_opens_no_other_door(
    ann: Client, bob: Client, secret: str, calendar: str
):
    hrefs = "".join(
        f"<D:href>{path}</D:href>"
        for path in (secret, secret + "a.ics", "/dav/principals/bob/calendar-proxy-read/")
    )
    await ann("PROPPATCH", calendar, proppatch(set_=f"<x:see xmlns:x='urn:x'>{hrefs}</x:see>"))
    body = (
        f'<D:expand-property {declared()}><D:property name="see" namespace="urn:x">'
        '<D:property name="displayname"/><D:property name="getetag"/></D:property>'
        "</D:expand-property>"
    )

    answer = await ann("REPORT", calendar, body)

    (see,) = answer.xml.iterfind(".//{urn:x}see")
    assert [child.tag for child in see] == ["{DAV:}href"] * 3
    assert "Bob Example" not in answer.text


@pytest.fixture
def discreet(server: Server) -> Client:
    """Ann's client of a server that shows nobody anyone but themselves and their groups."""
    return Client(replace(server, all_principals=False), "ann")


@pytest.mark.rfc("3744 9.4")
async def test_no_principal_search_of_a_discreet_server_finds_others(discreet: Client):
    for path in ("/", "/dav/principals/", "/dav/principals/ann/"):
        body = (
            f"<D:principal-property-search {declared()}><D:property-search><D:prop>"
            "<D:displayname/></D:prop><D:match>b</D:match></D:property-search>"
            "<D:prop><D:displayname/></D:prop></D:principal-property-search>"
        )

        assert (await discreet("REPORT", path, body)).hrefs == []


@pytest.mark.rfc("3744 5.8")
async def test_a_principal_of_a_discreet_server_is_not_there_for_others(discreet: Client):
    answers = [await discreet("PROPFIND", f"/dav/principals/{who}/") for who in ("bob", "zoe")]

    assert (answers[0].status, told(answers[0])) == (404, told(answers[1]))


@pytest.mark.rfc("3744 4.3")
async def test_a_group_of_a_discreet_server_names_none_of_its_other_members(
    server: Server, discreet: Client
):
    await make_group(server, "staff", "ann", "bob")
    body = f"<D:propfind {declared()}><D:prop><D:group-member-set/></D:prop></D:propfind>"

    answer = await discreet("PROPFIND", "/dav/principals/staff/", body, Depth="0")

    (members,) = answer.xml.iterfind(".//{DAV:}group-member-set")
    assert [one.text for one in members] == ["/dav/principals/ann/"]


@pytest.mark.rfc("3744 9.2")
async def test_the_principals_of_an_acl_of_a_discreet_server_are_not_told_of(
    server: Server, bob: Client, discreet: Client
):
    """That they are named can be read in DAV:acl as well."""
    path = f"{bob.home}calendar/"
    await grant(bob, path, ace(href("ann"), "D:read", "D:read-acl"))
    body = (
        f"<D:acl-principal-prop-set {declared()}><D:prop><D:displayname/></D:prop>"
        "</D:acl-principal-prop-set>"
    )

    answer = await discreet("REPORT", path, body)

    found = dict(zip(answer.hrefs, answer.xml.iterfind("{DAV:}response"), strict=True))
    assert found["/dav/principals/bob/"].findtext("{DAV:}status") == "HTTP/1.1 404 Not Found"
    assert "/dav/principals/ann/" in found
    assert "Bob" not in answer.text


@pytest.mark.rfc("3744 3.1")
@pytest.mark.parametrize("path", ["/", "/dav/", "/dav/principals/", "/dav/calendars/"])
async def test_no_listing_of_a_discreet_server_names_others(
    discreet: Client, secret: str, path: str
):
    ann = discreet
    body = '<propfind xmlns="DAV:"><propname/></propfind>'

    for answer in (await ann("PROPFIND", path, body, Depth="1"), await ann.propfind(path)):
        assert "bob" not in answer.text.lower()


@pytest.mark.rfc("4791 8.2.1")
async def test_a_sync_token_of_another_is_foreign(ann: Client, bob: Client, secret: str):
    token = (await bob.sync(bob.home)).token

    assert (await ann.sync(ann.home, token)).condition == "{DAV:}valid-sync-token"


@pytest.mark.rfc("3986 2.3")
@pytest.mark.parametrize(
    "path", ["/dav/calendars/ann/../bob/private/", "/dav/calendars/ann/%2e%2e/bob/private/"]
)
async def test_no_spelling_leads_out_of_the_home(ann: Client, secret: str, path: str):
    assert (await ann.propfind(path)).status == 400


async def test_a_uid_that_another_holds_is_free(ann: Client, secret: str, calendar: str):
    assert (await ann.put(calendar + "a.ics", event(uid="bobs"))).status == 201
