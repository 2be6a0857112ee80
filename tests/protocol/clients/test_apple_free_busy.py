"""Apple Calendar asks when others are busy, and says when one can be had at all."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client
from tests.protocol.clients.apple_meetings import HIS, ICS, XML, invite
from tests.protocol.clients.wire import ics, text_of, tokens, wire
from tests.protocol.meetings import said, scheduling
from tests.unit.builders import CRLF

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
INBOX = HIS + "inbox/"


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


class TestBusyTime:
    BUSY = "FREEBUSY;FBTYPE=BUSY:20260804T090000Z/20260804T100000Z"
    AWAY = (
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260804T000000Z/20260804T080000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260804T170000Z/20260805T000000Z",
    )

    async def ask(self, ann: Client, *, masked: str = "none", organizer: str = "ann") -> Answer:
        text = ics("apple/free-busy", masked=masked, organizer=organizer)
        return await ann("POST", ann.home + "outbox/", text, Content_Type=ICS)

    def told(self, found: Answer) -> dict[str, tuple[str, list[list[str]]]]:
        """By recipient what the server says of them, and their busy time."""
        assert (found.status, found.xml.tag) == (200, C + "schedule-response")
        return {
            one.findtext("C:recipient/D:href", "", NS): (
                one.findtext("C:request-status", "", NS)[:2],
                said(one.findtext("C:calendar-data", "", NS)),
            )
            for one in found.xml
        }

    def busy(self, *lines: str) -> dict[str, tuple[str, list[list[str]]]]:
        """What is to be told where bob is busy at some times."""
        body = [
            "VFREEBUSY",
            "UID:4288F0F3-5C5B-4DF4-9AD8-B1E5FE3F5B97",
            "DTSTART:20260804T000000Z",
            "DTEND:20260805T000000Z",
            "ORGANIZER:mailto:ann@example.org",
            "ATTENDEE:mailto:bob@example.org",
            "END:VFREEBUSY",
            "END:VCALENDAR",
            *lines,
        ]
        head = ["BEGIN:VCALENDAR", "METHOD:REPLY", "VERSION:2.0"]
        return {
            "mailto:bob@example.org": ("2.", [head, sorted(body)]),
            "mailto:nobody@elsewhere.example": ("5.", [[]]),
        }

    async def test_people_are_looked_up_by_the_report_that_is_announced(self, ann: Client):
        announced = tokens((await ann("OPTIONS", ann.home)).headers["DAV"])
        search = wire("apple/find-people", text="bo")
        other = wire("apple/attendee-search", text="bo")
        people = "/dav/principals/"

        found = await ann("REPORT", people, search, Depth="0", Content_Type=XML)
        refused = await ann("REPORT", people, other, Depth="0", Content_Type=XML)

        assert "calendarserver-principal-property-search" in announced
        assert "calendarserver-principal-search" not in announced
        assert found.hrefs == ["/dav/principals/bob/"]
        _, addresses = found.props()[C + "calendar-user-address-set"]
        assert addresses.findtext("D:href", "", NS) == "mailto:bob@example.org"
        assert text_of(found, C + "calendar-user-type") == "INDIVIDUAL"
        assert (refused.status, refused.condition) == (403, "{DAV:}supported-report")

    @pytest.mark.rfc("6638 5")
    async def test_everybody_is_answered_for(self, ann: Client, bob: Client):
        await invite(ann)

        assert self.told(await self.ask(ann)) == self.busy(self.BUSY)

    async def test_the_event_that_is_edited_does_not_count(self, ann: Client, bob: Client):
        await invite(ann)

        assert self.told(await self.ask(ann, masked="ev-1")) == self.busy()

    @pytest.mark.rfc("6638 5.2.2")
    async def test_nobody_asks_in_the_name_of_another(self, ann: Client):
        refused = await self.ask(ann, organizer="bob")

        assert (refused.status, refused.condition) == (403, C + "valid-organizer")

    @pytest.mark.rfc("6638 9.1")
    async def test_a_calendar_that_is_not_to_count_does_not(self, ann: Client, bob: Client):
        await invite(ann)

        set_ = await bob(
            "PROPPATCH", HIS + "calendar/", wire("apple/transparent"), Content_Type=XML
        )

        assert set_.props()[C + "schedule-calendar-transp"][0] == 200
        assert self.told(await self.ask(ann)) == self.busy()

    @pytest.mark.rfc("7953 7.2.4")
    async def test_availability_is_asked_for_before_there_is_any(self, bob: Client):
        found = await bob("PROPFIND", INBOX, wire("apple/availability-ask"), Depth="0")

        statuses = {name: status for name, (status, _) in found.props().items()}
        names = (CS + "calendar-availability", C + "calendar-availability")
        assert (found.status, statuses) == (207, dict.fromkeys(names, 404))

    @pytest.mark.parametrize("name", [C, CS], ids=["new-name", "old-name"])
    async def test_availability_under_either_name_is_that_under_both(
        self, ann: Client, bob: Client, name: str
    ):
        body = wire("apple/availability", namespace=name.strip("{}"))

        set_ = await bob("PROPPATCH", INBOX, body, Content_Type=XML)

        found = await bob("PROPFIND", INBOX, wire("apple/availability-ask"), Depth="0")
        values = {text_of(found, one + "calendar-availability") for one in (C, CS)}
        assert (set_.status, set_.props()[name + "calendar-availability"][0]) == (207, 200)
        assert [one.count(CRLF + "BEGIN:AVAILABLE") for one in values] == [1]
        assert self.told(await self.ask(ann)) == self.busy(*self.AWAY)
