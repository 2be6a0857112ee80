"""CS:schedule-changes on the messages in an inbox (caldav-schedulingchanges §3, §4.1.1)."""

from __future__ import annotations

import pytest
from lxml import etree

from caldavd.dav.server import Server
from caldavd.itip.schedule_changes import NAME
from caldavd.names import CS
from tests.protocol.client import Client, multiget, proppatch
from tests.protocol.meetings import answering, meeting, only, scheduling

MINE = "/dav/calendars/ann/calendar/m.ics"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def newest(client: Client) -> str:
    """The URL of the one message in somebody's inbox."""
    listed = await client.propfind(f"{client.home}inbox/", "D:getetag", depth="1")
    (href,) = listed.hrefs[1:]
    return href


def told(element: etree._Element) -> list[str]:
    """The elements of CS:action, what they hold, and the names that they give."""
    (action,) = element.findall(CS + "action")
    return [
        etree.QName(one).localname + (one.text or "") + one.get("name", "")
        for one in action.iter()
        if one is not action
    ]


async def changes(client: Client) -> list[str]:
    """What the newest message did, by PROPFIND and by multiget alike."""
    href = await newest(client)
    status, element = (await client.propfind(href, "CS:schedule-changes")).props()[NAME]
    body = multiget(href, props="<CS:schedule-changes/>")
    got = (await client("REPORT", f"{client.home}inbox/", body)).props(href)[NAME]
    assert (status, told(got[1])) == (200, told(element))
    return told(element)


async def test_a_message_tells_what_it_did(ann: Client, bob: Client) -> None:
    await ann.put(MINE, meeting("bob"))
    created = await changes(bob)

    place, text = await only(bob)
    await bob.put(place, answering(text, "bob", "ACCEPTED"))
    replied = await changes(ann)

    mine = (await ann("GET", MINE)).text
    await ann.put(MINE, mine.replace("SUMMARY:Meeting", "SUMMARY:Other"))
    updated = await changes(bob)

    await ann("DELETE", MINE)
    cancelled = await changes(bob)

    assert (created, cancelled) == (["create"], ["cancel"])
    assert replied == [
        *("reply", "attendeemailto:bob@example.org", "recurrence", "master", "changes"),
        *("changed-propertyATTENDEE", "changed-parameterPARTSTAT"),
    ]
    assert updated == [
        *("update", "recurrence", "master", "changes", "changed-propertySUMMARY"),
    ]


async def test_it_is_told_to_who_asks_for_it_alone(ann: Client, bob: Client) -> None:
    await ann.put(MINE, meeting("bob"))
    href = await newest(bob)
    place, _ = await only(bob)

    every = await bob.propfind(href)
    copy = await bob.propfind(place, "CS:schedule-changes")

    assert NAME not in every.props(href)
    assert copy.props()[NAME][0] == 404


async def test_nobody_else_writes_it(ann: Client, bob: Client) -> None:
    await ann.put(MINE, meeting("bob"))
    href = await newest(bob)

    answer = await bob("PROPPATCH", href, proppatch(remove="<CS:schedule-changes/>"))

    assert answer.props(href)[NAME][0] == 403
    assert await changes(bob) == ["create"]


async def test_it_goes_with_its_message(ann: Client, bob: Client) -> None:
    await ann.put(MINE, meeting("bob"))
    await bob("DELETE", await newest(bob))

    listed = await bob.propfind(f"{bob.home}inbox/", "CS:schedule-changes", depth="1")

    assert listed.hrefs == [f"{bob.home}inbox/"]
