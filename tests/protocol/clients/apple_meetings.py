"""Meetings as Apple Calendar writes them: what ann and bob send, and what they are to have then."""

from __future__ import annotations

from tests.protocol.client import Answer, Client
from tests.protocol.clients.wire import data, ics, text_of, wire
from tests.protocol.meetings import only, said, unfolded

XML = "text/xml"
ICS = "text/calendar"
HIS = "/dav/calendars/bob/"
HERS = "/dav/calendars/ann/calendar/ev-1.ics"
SERIES = "RRULE:FREQ=DAILY;COUNT=3\n"
BOB = "PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
"""What stands of bob's answer in an invitation."""


async def invite(ann: Client, *, rule: str = "", summary: str = "Talk") -> Answer:
    """Ann writes the meeting, as a new one."""
    text = ics("apple/invite", rule=rule, summary=summary)
    return await ann.put(HERS, text, If_None_Match="*", Content_Type=ICS)


async def change(client: Client, path: str, *changes: tuple[str, str]) -> Answer:
    """Somebody changes what the server has, under its tag."""
    got = await client("GET", path)
    text = unfolded(got.text)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    tag = got.headers["Schedule-Tag"]
    return await client.put(path, text, If_Schedule_Tag_Match=tag, Content_Type=ICS)


async def answer(bob: Client, partstat: str = "ACCEPTED") -> Answer:
    """Bob answers with what his client makes of the invitation, under its tag."""
    path, _ = await only(bob, "ev-1")
    tag = (await bob("GET", path)).headers["Schedule-Tag"]
    text = ics("apple/accept", partstat=partstat)
    return await bob.put(path, text, If_Schedule_Tag_Match=tag, Content_Type=ICS)


async def fetched(client: Client, path: str, token: str = "") -> dict[str, str]:
    """What came into a collection since a token, as it is synced: texts by URL."""
    synced = await client("REPORT", path, wire("apple/sync", token=token), Depth="1")
    assert synced.status == 207
    for href in synced.hrefs:
        assert text_of(synced, "{DAV:}getcontenttype", href).startswith("text/calendar")
    named = "".join(f'<A:href xmlns:A="DAV:">{href}</A:href>' for href in synced.hrefs)
    got = await client("REPORT", path, wire("apple/inbox-multiget", hrefs=named), Content_Type=XML)
    assert (got.status, got.hrefs) == (207, synced.hrefs)
    assert {got.props(href)["{DAV:}getetag"][0] for href in got.hrefs} <= {200}
    return data(got)


def hers(*changes: tuple[str, str], rule: str = "", summary: str = "Talk") -> list[list[str]]:
    """What ann is to see: what she sent, but for some changes."""
    return changed(ics("apple/invite", rule=rule, summary=summary), changes)


def his(*changes: tuple[str, str], rule: str = "", summary: str = "Talk") -> list[list[str]]:
    """What bob is to see: what ann sent without her alarm and her own notes, but for changes."""
    text = ics("apple/invite", rule=rule, summary=summary)
    alarm = text[text.index("BEGIN:VALARM") : text.index("END:VEVENT")]
    own = (
        (alarm, ""),
        ("CALSCALE:GREGORIAN\r\n", ""),
        ("X-APPLE-CREATOR-IDENTITY:com.apple.calendar\r\n", ""),
    )
    return changed(text, (*own, *changes))


def instance(text: str, day: str) -> str:
    """The first event of a text as its instance of some day."""
    found = unfolded(text)[text.index("BEGIN:VEVENT") :]
    found = found[: found.index("END:VEVENT")] + "END:VEVENT\r\n"
    found = found.replace("RRULE:FREQ=DAILY;COUNT=3\r\n", "").replace("20260804", day)
    return found.replace("DTSTART:", f"RECURRENCE-ID:{day}T090000Z\r\nDTSTART:")


def changed(text: str, changes: tuple[tuple[str, str], ...]) -> list[list[str]]:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return said(text)
