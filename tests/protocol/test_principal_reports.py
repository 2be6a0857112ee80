"""The reports about principals (RFC 3744 9)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, declared
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, delegate, grant, href

ANN = "/dav/principals/ann/"


def search(*matches: tuple[str, str], attributes: str = "", kind: str = "") -> str:
    inner = "".join(
        f"<D:property-search><D:prop><{name}/></D:prop><D:match{kind}>{text}</D:match>"
        "</D:property-search>"
        for name, text in matches
    )
    return (
        f"<D:principal-property-search {declared()}{attributes}>{inner}"
        "<D:prop><D:displayname/></D:prop></D:principal-property-search>"
    )


@pytest.mark.rfc("3744 9.4")
@pytest.mark.parametrize(
    ("matches", "found"),
    [
        ([("D:displayname", "ANN")], True),
        ([("D:displayname", "Ann Exam")], True),
        ([("D:displayname", "zoe")], False),
        ([("CS:email-address-set", "ann@")], True),
        ([("C:calendar-user-address-set", "mailto:ann@example.org")], True),
        ([("D:displayname", "ann"), ("CS:email-address-set", "zoe")], False),
        ([("D:getetag", "a")], False),
    ],
)
async def test_a_search_finds_principals_by_all_its_terms(
    ann: Client, matches: list[tuple[str, str]], found: bool
):
    answer = await ann("REPORT", "/dav/principals/", search(*matches))

    assert (answer.status, answer.hrefs) == (207, [ANN] if found else [])


@pytest.mark.rfc("3744 9.4")
async def test_a_search_may_be_for_any_of_its_terms(ann: Client):
    body = search(("D:displayname", "ann"), ("D:displayname", "zoe"), attributes=' test="anyof"')

    assert (await ann("REPORT", "/dav/principals/", body)).hrefs == [ANN]


@pytest.mark.rfc("3744 9.4")
@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("equals", "ann example", True),
        ("equals", "ann", False),
        ("starts-with", "ann", True),
        ("ends-with", "ann", False),
        ("contains", "n e", True),
    ],
)
async def test_a_match_may_say_where_it_is_to_be(ann: Client, kind: str, text: str, found: bool):
    body = search(("D:displayname", text), kind=f' match-type="{kind}"')

    assert (await ann("REPORT", "/dav/principals/", body)).hrefs == ([ANN] if found else [])


@pytest.mark.rfc("3744 9.4")
@pytest.mark.parametrize(
    "inner",
    [
        "<D:property-search/>",
        "<D:property-search><D:prop><D:displayname/></D:prop></D:property-search>",
        "<D:property-search><D:prop/><D:match match-type='like'>a</D:match></D:property-search>",
    ],
)
async def test_a_search_without_sense_is_400(ann: Client, inner: str):
    body = f"<D:principal-property-search {declared()}>{inner}</D:principal-property-search>"

    assert (await ann("REPORT", "/dav/principals/", body)).status == 400


@pytest.mark.rfc("3744 9.5")
async def test_what_can_be_searched_is_told_and_true(ann: Client):
    body = '<principal-search-property-set xmlns="DAV:"/>'

    answer = await ann("REPORT", "/dav/principals/", body)

    names = [prop[0].tag for prop in answer.xml.iterfind("*/{DAV:}prop")]
    assert (answer.status, answer.xml.tag) == (200, "{DAV:}principal-search-property-set")
    assert "{DAV:}displayname" in names
    assert len(answer.xml.findall("*/{DAV:}description")) == len(names)


@pytest.mark.rfc("3744 9.3")
@pytest.mark.parametrize(
    ("path", "inner", "hrefs"),
    [
        ("/dav/principals/", "<D:self/>", [ANN]),
        ("/", "<D:self/>", [ANN]),
        (ANN, "<D:self/>", [ANN]),
        ("/dav/calendars/ann/", "<D:self/>", []),
        (
            "/dav/calendars/ann/",
            "<D:principal-property><D:owner/></D:principal-property>",
            ["", "calendar/", "tasks/"],
        ),
    ],
)
async def test_principal_match_finds_what_is_the_actors(
    ann: Client, path: str, inner: str, hrefs: list[str]
):
    body = (
        f"<D:principal-match {declared()}>{inner}<D:prop><D:displayname/></D:prop>"
        "</D:principal-match>"
    )

    answer = await ann("REPORT", path, body, Depth="0")

    below = "principal-property" in inner
    assert answer.hrefs == ([path + href for href in hrefs] if below else hrefs)


@pytest.mark.rfc("3744 9.3")
@pytest.mark.parametrize("inner", ["", "<D:principal-property/>"])
async def test_principal_match_says_what_to_match(ann: Client, inner: str):
    body = f"<D:principal-match {declared()}>{inner}</D:principal-match>"

    assert (await ann("REPORT", "/dav/principals/", body)).status == 400


@pytest.mark.rfc("3744 9.2")
async def test_the_principals_of_an_acl_are_its_owner_and_the_delegates(ann: Client, calendar: str):
    body = (
        '<acl-principal-prop-set xmlns="DAV:"><prop><displayname/></prop></acl-principal-prop-set>'
    )

    answer = await ann("REPORT", calendar, body)

    groups = [ANN + "calendar-proxy-read/", ANN + "calendar-proxy-write/"]
    assert answer.hrefs == [ANN, *groups]
    assert answer.props()["{DAV:}displayname"][1].text == "Ann Example"


@pytest.mark.rfc("3744 4")
@pytest.mark.rfc("5397 3")
async def test_a_principal_says_who_it_is(ann: Client):
    props = (await ann.propfind(ANN, "D:principal-URL", "D:current-user-principal")).props()

    assert [element[0].text for _, element in props.values()] == [ANN, ANN]


ACL_PRINCIPALS = (
    '<acl-principal-prop-set xmlns="DAV:"><prop><group-member-set/></prop></acl-principal-prop-set>'
)


@pytest.mark.rfc("3744 9.2")
async def test_who_the_delegates_are_is_not_told_with_the_list(
    ann: Client, bob: Client, calendar: str
):
    await delegate(ann, "write", "bob")
    await add_user(ann.server.db, "eve", "Eve")
    eve = Client(ann.server, "eve")
    await grant(ann, calendar, *(ace(href(name), "D:read-acl") for name in ("bob", "eve")))

    told = await bob("REPORT", calendar, ACL_PRINCIPALS)
    untold = await eve("REPORT", calendar, ACL_PRINCIPALS)

    groups = [ANN + "calendar-proxy-read/", ANN + "calendar-proxy-write/"]
    write = told.props(groups[1])["{DAV:}group-member-set"][1]
    assert [one.text for one in write] == ["/dav/principals/bob/"]
    assert untold.statuses() == dict.fromkeys(groups, 404)
