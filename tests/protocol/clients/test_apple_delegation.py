"""Apple Calendar delegates: find somebody, name them, and open the calendars of who named one."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Answer, Client
from tests.protocol.clients.wire import children, hrefs, privileges, wire
from tests.unit.builders import event

CS = "{http://calendarserver.org/ns/}"
C = "{urn:ietf:params:xml:ns:caldav}"
ANN = "/dav/principals/ann/"
BOB = "/dav/principals/bob/"
GROUPS = {level: f"{ANN}calendar-proxy-{level}/" for level in ("read", "write")}
XML = "text/xml"


async def name(ann: Client, level: str, *members: str) -> Answer:
    """What the pane of delegates sends: the members of one of the two groups."""
    body = wire("apple/delegates", members=hrefs(members, "A:"))
    return await ann("PROPPATCH", GROUPS[level], body, Content_Type=XML)


async def acts_for(bob: Client, level: str) -> dict[str, str]:
    """For whom somebody acts: their principals by URL, with the names that are shown."""
    answer = await bob("REPORT", BOB, wire("apple/proxies"), Content_Type=XML)
    assert (answer.status, answer.hrefs) == (207, [BOB])
    found = answer.xml.iterfind(f".//{CS}calendar-proxy-{level}-for/D:response", NS)
    return {
        one.findtext("D:href", "", NS): one.findtext(".//D:displayname", "", NS) for one in found
    }


async def test_the_account_offers_delegation(ann: Client):
    answer = await ann("OPTIONS", ANN)

    assert answer.status == 200
    assert "calendar-proxy" in [token.strip() for token in answer.headers["DAV"].split(",")]


@pytest.mark.rfc("3744 9.4")
async def test_a_delegate_is_found_by_the_first_letters_of_a_name(ann: Client, bob: Client):
    body = wire("apple/find-people", text="bo")

    answer = await ann("REPORT", "/dav/principals/", body, Depth="0", Content_Type=XML)

    assert (answer.status, answer.hrefs) == (207, [BOB])
    _, addresses = answer.props(BOB)[C + "calendar-user-address-set"]
    assert "mailto:bob@example.org" in [one.text for one in addresses]


@pytest.mark.parametrize("level", ["read", "write"])
async def test_who_is_named_acts_for_the_owner_and_is_listed(ann: Client, bob: Client, level: str):
    named = await name(ann, level, BOB)

    assert (named.status, named.props()["{DAV:}group-member-set"][0]) == (207, 200)
    listed = await ann("REPORT", GROUPS[level], wire("apple/own-proxies"), Content_Type=XML)
    (member,) = listed.xml.iterfind(".//D:group-member-set/D:response", NS)
    assert member.findtext("D:href", "", NS) == BOB
    assert member.findtext(".//D:displayname", "", NS) == "Bob Example"
    assert await acts_for(bob, level) == {ANN: "Ann Example"}


@pytest.mark.parametrize(("level", "status"), [("read", 403), ("write", 201)])
async def test_a_delegates_sidebar_has_the_owners_calendars(
    ann: Client, bob: Client, calendar: str, level: str, status: int
):
    await ann.put(calendar + "a.ics", event(uid="a"))
    await name(ann, level, BOB)

    principal = await bob("PROPFIND", ANN, wire("apple/principal"), Depth="0", Content_Type=XML)
    _, homes = principal.props()[C + "calendar-home-set"]
    (home,) = (one.text for one in homes)
    listed = await bob("PROPFIND", home, wire("apple/home"), Depth="1", Content_Type=XML)

    assert home == ann.home
    kinds = {href: children(listed.props(href)["{DAV:}resourcetype"][1]) for href in listed.hrefs}
    assert kinds[calendar] == ["{DAV:}collection", C + "calendar"]
    assert not any(CS + "notification" in kind for kind in kinds.values())
    assert ("{DAV:}write-content" in privileges(listed, calendar)) == (level == "write")
    assert len((await bob.sync(calendar, "")).hrefs) == 1
    assert (await bob.put(calendar + "b.ics", event(uid="b"))).status == status


async def test_who_is_taken_out_loses_the_calendars(ann: Client, bob: Client, calendar: str):
    await name(ann, "write", BOB)

    removed = await name(ann, "write")

    assert (removed.status, removed.props()["{DAV:}group-member-set"][0]) == (207, 200)
    assert await acts_for(bob, "write") == {}
    assert (await bob.propfind(calendar)).status == 404


async def test_a_delegate_names_nobody(ann: Client, bob: Client):
    await name(ann, "write", BOB)

    refused = await bob(
        "PROPPATCH", GROUPS["read"], wire("apple/delegates", members=hrefs([BOB], "A:"))
    )

    assert (refused.status, refused.condition) == (403, "{DAV:}need-privileges")
    assert await acts_for(bob, "read") == {}
