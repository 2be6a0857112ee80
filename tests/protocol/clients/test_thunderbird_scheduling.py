"""Thunderbird invites and is invited, where it leaves that to the server and where it does not."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client
from tests.protocol.clients.wire import data, href_in, hrefs, ics, text_of, tokens, wire
from tests.protocol.meetings import (
    answering,
    held,
    meeting,
    messages,
    method,
    only,
    partstats,
    said,
    scheduling,
    statuses,
)

C = "{urn:ietf:params:xml:ns:caldav}"
PRINCIPAL = "/dav/principals/ann/"
HERS = "/dav/calendars/ann/calendar/m.ics"
INBOX = "/dav/calendars/bob/inbox/"
SENT = {"Content_Type": "text/xml; charset=utf-8"}


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def write(client: Client, path: str, text: str) -> tuple[Answer, str]:
    """Puts an item and fetches it at once, as the client does: the answer, and what there is."""
    head = await client("HEAD", path)
    condition = {"If_Match": head.etag} if head.status == 200 else {"If_None_Match": "*"}
    put = await client.put(path, text, **condition)
    body = wire("thunderbird/multiget", hrefs=hrefs([path], "D:"))
    found = await client("REPORT", path.rpartition("/")[0] + "/", body, Depth="1", **SENT)
    return put, data(found)[path]


class TestLookingForScheduling:
    async def test_the_server_says_that_it_invites(self, ann: Client):
        _, *rest = tokens((await ann("OPTIONS", ann.home)).headers["DAV"])
        found = await ann("PROPFIND", PRINCIPAL, wire("thunderbird/principal"), Depth="0", **SENT)

        assert "calendar-auto-schedule" in rest
        assert href_in(found, C + "schedule-inbox-URL") == ann.home + "inbox/"
        assert href_in(found, C + "schedule-outbox-URL") == ann.home + "outbox/"

    async def test_nothing_says_so_where_it_does_not(self, server: Server):
        ann = Client(server, "ann")

        _, *rest = tokens((await ann("OPTIONS", ann.home)).headers["DAV"])
        found = await ann("PROPFIND", PRINCIPAL, wire("thunderbird/principal"), Depth="0", **SENT)

        assert not {"calendar-schedule", "calendar-auto-schedule"} & set(rest)
        assert found.props()[C + "schedule-inbox-URL"][0] == 404
        assert found.props()[C + "calendar-home-set"][0] == 200


class TestBusyTime:
    async def ask(self, ann: Client, attendee: str) -> tuple[str, str]:
        """One question, as one is asked for each attendee: the status and the data."""
        answer = await ann(
            "POST",
            ann.home + "outbox/",
            ics("thunderbird/free-busy", attendee=attendee),
            Content_Type="text/calendar; charset=utf-8",
            Originator="mailto:ann@example.org",
            Recipient=f"mailto:{attendee}@example.org",
        )
        assert (answer.status, answer.xml.tag) == (200, C + "schedule-response")
        (one,) = answer.xml
        recipient = one.findtext("C:recipient/D:href", "", NS)
        assert recipient == f"mailto:{attendee}@example.org"
        return one.findtext("C:request-status", "", NS), one.findtext("C:calendar-data", "", NS)

    @pytest.mark.rule("G21")
    @pytest.mark.rfc("6638 5")
    async def test_it_is_told_of_each_attendee(self, ann: Client, bob: Client):
        await ann.put(HERS, meeting("bob", start="20260804T090000Z", end="20260804T100000Z"))

        status, told = await self.ask(ann, "bob")

        assert status.startswith("2")
        assert said(told)[1] == sorted(
            [
                "VFREEBUSY",
                "UID:fb-2",
                "DTSTART:20260804T000000Z",
                "DTEND:20260806T000000Z",
                "ORGANIZER:mailto:ann@example.org",
                "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT"
                ":mailto:bob@example.org",
                "FREEBUSY;FBTYPE=BUSY:20260804T090000Z/20260804T100000Z",
                "END:VFREEBUSY",
                "END:VCALENDAR",
            ]
        )

    async def test_of_a_stranger_nothing_is_told(self, ann: Client):
        status, told = await self.ask(ann, "zoe")

        assert (status[0], told) == ("3", "")


class TestInviting:
    SENDS = ("X-MOZ-SEND-INVITATIONS:TRUE", "X-MOZ-GENERATION:1")

    async def test_what_the_server_wrote_is_fetched_at_once(self, ann: Client, bob: Client):
        put, text = await write(ann, HERS, meeting("bob", lines=self.SENDS))

        _, mine = await only(bob)
        assert (put.status, "ETag" in put.headers) == (201, False)
        assert (statuses(text), partstats(mine)["bob"]) == ({"bob": "1.2"}, "NEEDS-ACTION")
        assert [name for name in self.SENDS if name + "\r\n" not in text] == []
        assert "X-MOZ" not in mine

    async def test_whom_the_client_mails_the_server_does_not_invite(self, ann: Client, bob: Client):
        parameters = "bob;SCHEDULE-AGENT=CLIENT"
        _, text = await write(ann, HERS, meeting(parameters, lines=self.SENDS))

        assert (await held(bob), await messages(bob)) == ({}, [])
        assert "SCHEDULE-AGENT=CLIENT" in text
        assert statuses(text) == {}

    async def test_an_answer_in_between_asks_before_it_is_overwritten_and_survives_that(
        self, ann: Client, bob: Client
    ):
        _, text = await write(ann, HERS, meeting("bob"))
        old = (await ann("GET", HERS)).etag
        path, mine = await only(bob)
        await write(bob, path, answering(mine, "bob", "ACCEPTED"))
        changed = text.replace("SUMMARY:Meeting", "SUMMARY:Talk")

        asked = await ann.put(HERS, changed, If_Match=old)
        forced = await ann.put(HERS, changed)

        after = (await ann("GET", HERS)).text
        assert (asked.status, forced.status) == (412, 204)
        assert "SUMMARY:Talk" in after
        assert partstats(after) == {"ann": "ACCEPTED", "bob": "ACCEPTED"}


class TestInvited:
    RECEIVED = "X-MOZ-RECEIVED-SEQUENCE:0\r\nX-MOZ-RECEIVED-DTSTAMP:20260101T000000Z\r\n"

    async def test_the_inbox_is_polled_like_a_calendar_and_emptied(self, ann: Client, bob: Client):
        first = await bob("REPORT", INBOX, wire("thunderbird/first-sync"), Depth="1", **SENT)
        await ann.put(HERS, meeting("bob"))

        body = wire("thunderbird/sync", token=first.token)
        synced = await bob("REPORT", INBOX, body, Depth="1", **SENT)
        (item,) = synced.hrefs
        body = wire("thunderbird/multiget", hrefs=hrefs([item], "D:"))
        found = await bob("REPORT", INBOX, body, Depth="1", **SENT)
        deleted = await bob("DELETE", item, If_Match=text_of(found, "{DAV:}getetag", item))
        body = wire("thunderbird/sync", token=synced.token)
        last = await bob("REPORT", INBOX, body, Depth="1", **SENT)

        assert first.hrefs == []
        assert text_of(synced, "{DAV:}getcontenttype", item).startswith("text/calendar")
        assert text_of(synced, "{DAV:}getetag", item) == text_of(found, "{DAV:}getetag", item)
        assert method(data(found)[item]) == "REQUEST"
        assert (deleted.status, last.statuses()) == (204, {item: 404})

    @pytest.mark.rfc("6638 3.2.2.3")
    async def test_an_answer_reaches_the_organizer(self, ann: Client, bob: Client):
        await ann.put(HERS, meeting("bob"))
        path, mine = await only(bob)
        mine = mine.replace("END:VEVENT", self.RECEIVED + "END:VEVENT")

        put, text = await write(bob, path, answering(mine, "bob", "ACCEPTED"))

        hers = (await ann("GET", HERS)).text
        assert put.status == 204
        assert self.RECEIVED in text
        assert (partstats(hers)["bob"], statuses(hers)["bob"]) == ("ACCEPTED", "2.0")
        assert "X-MOZ" not in hers

    @pytest.mark.rule("G22")
    async def test_a_reminder_that_is_dismissed_tells_nobody(self, ann: Client, bob: Client):
        await ann.put(HERS, meeting("bob"))
        path, mine = await only(bob)
        sides = [(ann, HERS), (bob, path)]
        before = [(await client("GET", url)).headers["Schedule-Tag"] for client, url in sides]
        told = await messages(ann), await messages(bob)
        seen = "X-MOZ-LASTACK:20260907T094500Z\r\nX-MOZ-GENERATION:2\r\nEND:VEVENT"

        _, his = await write(bob, path, mine.replace("END:VEVENT", seen))
        _, hers = await write(ann, HERS, (await ann("GET", HERS)).text.replace("END:VEVENT", seen))

        after = [(await client("GET", url)).headers["Schedule-Tag"] for client, url in sides]
        # Whatever an organizer puts changes the tag (RFC 6638 §3.2.10).
        assert [new == old for new, old in zip(after, before, strict=True)] == [False, True]
        assert [his.count("X-MOZ-LASTACK"), hers.count("X-MOZ-LASTACK")] == [1, 1]
        assert (await messages(ann), await messages(bob)) == told
