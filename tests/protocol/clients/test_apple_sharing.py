"""Apple Calendar shares: invite, accept, decline, leave and remove, as it sends them."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Answer, Client
from tests.protocol.clients.wire import children, href_in, text_of, wire

CS = "{http://calendarserver.org/ns/}"
C = "{urn:ietf:params:xml:ns:caldav}"
XML = "text/xml"
TOLD = "/dav/calendars/bob/notifications/"


async def invited(ann: Client, bob: Client, calendar: str) -> str:
    """Ann invites bob, who looks at what he is told; the UID of the invitation."""
    body = wire("apple/share", sharee="bob", access="read-write")
    answer = await ann("POST", calendar, body, Content_Type=XML)
    assert answer.status == 200

    listed = await bob.propfind(TOLD, "CS:notificationtype", "D:getetag", depth="1")
    (item,) = [href for href in listed.hrefs if href != TOLD]
    kind = listed.props(item)[CS + "notificationtype"][1]
    assert children(kind) == [CS + "invite-notification"]
    got = await bob("GET", item)
    assert got.headers["Content-Type"].startswith("application/xml")
    assert got.etag == text_of(listed, "{DAV:}getetag", item)
    assert got.xml.tag == CS + "notification"
    assert got.xml.findtext("CS:dtstamp", "", NS)
    return str(got.xml.findtext("CS:invite-notification/CS:uid", "", NS))


async def answered(bob: Client, calendar: str, uid: str, said: str) -> Answer:
    body = wire("apple/invite-reply", sharee="bob", said=said, host=calendar, uid=uid)
    return await bob("POST", bob.home, body, Content_Type=XML)


async def token(client: Client, name: str = "D:sync-token") -> str:
    clark = name.replace("D:", "{DAV:}").replace("CS:", CS)
    return text_of(await client.propfind(client.home, name), clark)


@pytest.fixture
async def mounted(ann: Client, bob: Client, calendar: str) -> str:
    """The URL of ann's calendar in bob's home, who accepted it."""
    answer = await answered(bob, calendar, await invited(ann, bob, calendar), "accepted")
    return str(answer.xml.findtext("D:href", "", NS))


async def test_an_accepted_calendar_is_in_the_home(ann: Client, bob: Client, calendar: str):
    before = await token(ann), await token(bob), await token(ann, "CS:getctag")
    uid = await invited(ann, bob, calendar)

    answer = await answered(bob, calendar, uid, "accepted")

    assert (answer.status, answer.xml.tag) == (200, CS + "shared-as")
    place = str(answer.xml.findtext("D:href", "", NS))
    assert place.startswith(bob.home)
    listed = await bob.propfind(
        bob.home,
        "D:resourcetype",
        "C:schedule-calendar-transp",
        "D:owner",
        "CS:invite",
        "CS:shared-url",
        depth="1",
    )
    props = listed.props(place)
    assert set(children(props["{DAV:}resourcetype"][1])) == {
        "{DAV:}collection",
        C + "calendar",
        CS + "shared",
    }
    assert children(props[C + "schedule-calendar-transp"][1]) == [C + "transparent"]
    assert href_in(listed, "{DAV:}owner", place) == "/dav/principals/ann/"
    assert href_in(listed, CS + "shared-url", place) == calendar
    hers = await ann.propfind(calendar, "D:resourcetype", "CS:invite")
    assert CS + "shared-owner" in children(hers.props()["{DAV:}resourcetype"][1])
    user = hers.props()[CS + "invite"][1].find("CS:user", NS)
    assert CS + "invite-accepted" in children(user)
    assert user.findtext("CS:common-name", "", NS) == "Bob"
    after = await token(ann), await token(bob), await token(ann, "CS:getctag")
    assert not set(before) & set(after)


async def test_the_notification_is_deleted_when_it_was_answered(
    ann: Client, bob: Client, mounted: str
):
    listed = await bob.propfind(TOLD, "D:getetag", depth="1")
    (item,) = [href for href in listed.hrefs if href != TOLD]

    deleted = await bob("DELETE", item)

    assert deleted.status == 204
    assert (await bob.propfind(TOLD, "D:getetag", depth="1")).hrefs == [TOLD]


async def test_a_declined_calendar_is_nowhere(ann: Client, bob: Client, calendar: str):
    before = await bob.propfind(bob.home, "D:resourcetype", depth="1")
    uid = await invited(ann, bob, calendar)

    answer = await answered(bob, calendar, uid, "declined")

    after = await bob.propfind(bob.home, "D:resourcetype", depth="1")
    assert answer.status == 200
    assert [href for href in after.hrefs if href != TOLD] == before.hrefs


async def test_a_sharee_who_deletes_the_calendar_leaves_it(
    ann: Client, bob: Client, calendar: str, mounted: str
):
    answer = await bob("DELETE", mounted)

    hers = await ann.propfind(calendar, "CS:invite")
    user = hers.props()[CS + "invite"][1].find("CS:user", NS)
    assert answer.status == 204
    assert (await bob.propfind(mounted)).status == 404
    assert CS + "invite-declined" in children(user)


async def test_a_sharee_who_is_removed_is_told(
    ann: Client, bob: Client, calendar: str, mounted: str
):
    body = wire("apple/unshare", sharee="bob")

    answer = await ann("POST", calendar, body, Content_Type=XML)

    listed = await bob.propfind(TOLD, "D:getetag", depth="1")
    (item,) = [href for href in listed.hrefs if href != TOLD]
    told = (await bob("GET", item)).xml.find("CS:invite-notification", NS)
    hers = await ann.propfind(calendar, "D:resourcetype")
    assert answer.status == 200
    assert CS + "invite-deleted" in children(told)
    assert (await bob.propfind(mounted)).status == 404
    assert CS + "shared-owner" not in children(hers.props()["{DAV:}resourcetype"][1])
