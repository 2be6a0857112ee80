"""Apple Calendar invites and is invited: what both sides send, and what each of them sees then."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client
from tests.protocol.clients.wire import (
    children,
    data,
    href_in,
    hrefs,
    ics,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.protocol.meetings import held, messages, method, only, said, scheduling
from tests.unit.builders import CRLF

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
XML = "text/xml"
ICS = "text/calendar"
HIS = "/dav/calendars/bob/"
INBOX = HIS + "inbox/"
HERS = "/dav/calendars/ann/calendar/ev-1.ics"
SERIES = "RRULE:FREQ=DAILY;COUNT=3\n"
HIS_ALARM = CRLF.join(
    ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT10M", "DESCRIPTION:x", "END:VALARM", "")
)


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


async def invite(ann: Client, *, rule: str = "", summary: str = "Talk") -> Answer:
    """Ann writes the meeting, as a new one."""
    text = ics("apple/invite", rule=rule, summary=summary)
    return await ann.put(HERS, text, If_None_Match="*", Content_Type=ICS)


async def change(client: Client, path: str, *changes: tuple[str, str]) -> Answer:
    """Somebody changes what the server has, under its tag."""
    got = await client("GET", path)
    text = got.text
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
    return _changed(ics("apple/invite", rule=rule, summary=summary), changes)


def his(*changes: tuple[str, str], rule: str = "", summary: str = "Talk") -> list[list[str]]:
    """What bob is to see: what ann sent without her alarm and her own notes, but for changes."""
    text = ics("apple/invite", rule=rule, summary=summary)
    alarm = text[text.index("BEGIN:VALARM") : text.index("END:VEVENT")]
    own = (
        (alarm, ""),
        ("CALSCALE:GREGORIAN\r\n", ""),
        ("X-APPLE-CREATOR-IDENTITY:com.apple.calendar\r\n", ""),
    )
    return _changed(text, (*own, *changes))


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> list[list[str]]:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return said(text)


ANN = (
    'ATTENDEE;CN="Ann Example";CUTYPE=INDIVIDUAL;EMAIL="ann@example.org";PARTSTAT=ACCEPTED;'
    "ROLE=CHAIR"
)
REPLIED = ('ORGANIZER;CN="Ann Example"', 'ORGANIZER;CN="Ann Example";SCHEDULE-STATUS=1.2')
OWN = (("TRANSP:OPAQUE\r\n", ""), ("END:VEVENT", HIS_ALARM + "END:VEVENT"))
"""What bob's client wrote into his event besides his answer, and what it left out."""
BOB = "PARTSTAT=NEEDS-ACTION;RSVP=TRUE"
TOLD = (BOB, BOB + ";SCHEDULE-STATUS=1.2")
ACCEPTED = (BOB, "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=2.0")


class TestAccount:
    async def test_the_principal_leads_to_both_boxes(self, ann: Client):
        options = await ann("OPTIONS", "/dav/principals/ann/")
        body = wire("apple/principal")
        found = await ann("PROPFIND", "/dav/principals/ann/", body, Depth="0", Content_Type=XML)

        assert "calendar-auto-schedule" in tokens(options.headers["DAV"])
        assert href_in(found, C + "schedule-inbox-URL") == ann.home + "inbox/"
        assert href_in(found, C + "schedule-outbox-URL") == ann.home + "outbox/"

    async def test_the_home_lists_both_boxes_as_no_calendars(self, bob: Client):
        found = await bob("PROPFIND", bob.home, wire("apple/home"), Depth="1", Content_Type=XML)

        kinds = {href: children(found.props(href)["{DAV:}resourcetype"][1]) for href in found.hrefs}
        assert kinds[INBOX] == ["{DAV:}collection", C + "schedule-inbox"]
        assert kinds[HIS + "outbox/"] == ["{DAV:}collection", C + "schedule-outbox"]
        default = {
            href: href_in(found, C + "schedule-default-calendar-URL", href)
            for href in found.hrefs
            if found.props(href)[C + "schedule-default-calendar-URL"][0] == 200
        }
        assert default == {INBOX: HIS + "calendar/"}
        assert text_of(found, CS + "getctag", INBOX) == text_of(found, "{DAV:}sync-token", INBOX)
        assert {"{DAV:}sync-collection", C + "calendar-multiget"} <= reports(found, INBOX)

    async def test_invitations_go_where_the_account_says(self, ann: Client, bob: Client):
        await bob("MKCALENDAR", HIS + "work/")
        body = wire("apple/default-calendar", calendar=HIS + "work/")

        set_ = await bob("PROPPATCH", INBOX, body, Content_Type=XML)
        await invite(ann)

        assert (set_.status, set_.props()[C + "schedule-default-calendar-URL"][0]) == (207, 200)
        assert await held(bob, "ev-1") == {}
        assert len(await held(bob, "ev-1", "work")) == 1

    async def test_the_calendars_that_an_old_one_wants_to_be_busy_for_are_kept(self, bob: Client):
        body = wire("apple/free-busy-set", hrefs=hrefs([HIS + "calendar/"], "A:"))

        set_ = await bob("PROPPATCH", INBOX, body, Content_Type=XML)

        found = await bob.propfind(INBOX, "C:calendar-free-busy-set")
        assert (set_.status, set_.props()[C + "calendar-free-busy-set"][0]) == (207, 200)
        assert href_in(found, C + "calendar-free-busy-set") == HIS + "calendar/"


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


class TestInvited:
    @pytest.mark.rfc("6638 3.2.1.1", "6638 3.2.10")
    async def test_the_organizer_fetches_what_became_of_it(self, ann: Client, bob: Client):
        put = await invite(ann)
        got = await ann("GET", HERS)

        assert (put.status, "ETag" in put.headers) == (201, False)
        assert put.headers["Schedule-Tag"] == got.headers["Schedule-Tag"]
        assert said(got.text) == hers(TOLD)

    @pytest.mark.rfc("6638 4.1")
    async def test_the_attendee_finds_a_message_and_the_event(self, ann: Client, bob: Client):
        tokens_ = [(await bob.sync(HIS + box)).token for box in ("inbox/", "calendar/")]
        await invite(ann)

        (message,) = (await fetched(bob, INBOX, tokens_[0])).values()
        (mine,) = (await fetched(bob, HIS + "calendar/", tokens_[1])).values()

        assert said(message) == his(("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"))
        assert said(mine) == his()

    async def test_a_handled_message_is_deleted_and_nothing_comes_of_it(
        self, ann: Client, bob: Client
    ):
        await invite(ann)
        await answer(bob)
        (message,) = await fetched(bob, INBOX)
        before = said((await ann("GET", HERS)).text), await only(bob, "ev-1")

        deleted = await bob("DELETE", message)

        assert deleted.status == 204
        assert await messages(bob) == []
        assert (said((await ann("GET", HERS)).text), await only(bob, "ev-1")) == before

    async def test_the_uid_under_a_name_of_his_own_is_refused_with_where_it_is(
        self, ann: Client, bob: Client
    ):
        await invite(ann)
        path, _ = await only(bob, "ev-1")

        text = ics("apple/accept", partstat="ACCEPTED")
        refused = await bob.put(HIS + "calendar/ev-1.ics", text, Content_Type=ICS)

        assert (refused.status, refused.condition) == (409, C + "no-uid-conflict")
        assert refused.xml[0].findtext("D:href", "", NS) == path


class TestAnswered:
    @pytest.mark.rule("G22")
    @pytest.mark.rfc("6638 3.2.2.3", "6638 3.2.10")
    async def test_an_answer_is_seen_by_both_and_no_tag_changes(self, ann: Client, bob: Client):
        await invite(ann)
        path, _ = await only(bob, "ev-1")
        before = [await ann("GET", HERS), await bob("GET", path)]

        answered = await answer(bob)

        after = [await ann("GET", HERS), await bob("GET", path)]
        tags = [[one.headers["Schedule-Tag"] for one in both] for both in (before, after)]
        assert (answered.status, answered.headers["Schedule-Tag"]) == (204, tags[0][1])
        assert tags[0] == tags[1]
        assert before[0].etag != after[0].etag
        assert said(after[0].text) == hers(ACCEPTED)
        assert said(after[1].text) == _changed(
            ics("apple/accept", partstat="ACCEPTED"),
            (
                ("ORGANIZER:", "ORGANIZER;SCHEDULE-STATUS=1.2:"),
                ("ATTENDEE;PARTSTAT=ACCEPTED:", f"{ANN}:"),
            ),
        )

    @pytest.mark.rfc("6638 3.2.10.1")
    async def test_the_tag_counts_where_the_etag_is_old(self, ann: Client, bob: Client):
        await invite(ann)
        path, _ = await only(bob, "ev-1")
        got = await bob("GET", path)
        await answer(bob)

        again = await bob.put(
            path,
            ics("apple/accept", partstat="TENTATIVE"),
            If_Schedule_Tag_Match=got.headers["Schedule-Tag"],
            Content_Type=ICS,
        )

        assert again.status == 204
        assert (await bob("GET", path)).etag != got.etag
        tentative = (BOB, "PARTSTAT=TENTATIVE;RSVP=TRUE;SCHEDULE-STATUS=2.0")
        assert said((await ann("GET", HERS)).text) == hers(tentative)

    async def test_an_alarm_that_rang_is_nobody_elses_business(self, ann: Client, bob: Client):
        await invite(ann)
        await answer(bob)
        path, _ = await only(bob, "ev-1")
        tag = (await bob("GET", path)).headers["Schedule-Tag"]
        before, told = await ann("GET", HERS), await messages(ann)
        rang = "TRIGGER:-PT10M\r\nACKNOWLEDGED:20260804T085001Z"

        put = await change(bob, path, ("TRIGGER:-PT10M", rang))

        after = await ann("GET", HERS)
        assert (put.status, put.headers["Schedule-Tag"]) == (204, tag)
        assert (after.etag, await messages(ann)) == (before.etag, told)
        assert "ACKNOWLEDGED" in (await only(bob, "ev-1"))[1]

    @pytest.mark.rfc("6638 3.2.2.4")
    @pytest.mark.parametrize(
        ("header", "line"),
        [
            ({}, "PARTSTAT=DECLINED;RSVP=TRUE;SCHEDULE-STATUS=2.0"),
            ({"Schedule_Reply": "T"}, "PARTSTAT=DECLINED;RSVP=TRUE;SCHEDULE-STATUS=2.0"),
            ({"Schedule_Reply": "F"}, TOLD[1]),
        ],
    )
    async def test_who_deletes_it_declines_unless_nobody_is_to_be_told(
        self, ann: Client, bob: Client, header: dict[str, str], line: str
    ):
        await invite(ann)
        path, _ = await only(bob, "ev-1")
        tag = (await bob("GET", path)).headers["Schedule-Tag"]

        deleted = await bob("DELETE", path, If_Schedule_Tag_Match=tag, **header)

        assert deleted.status == 204
        assert await held(bob, "ev-1") == {}
        assert said((await ann("GET", HERS)).text) == hers((BOB, line))

    @pytest.mark.rfc("6638 3.2.4.1")
    async def test_it_is_moved_to_another_calendar_and_not_copied(self, ann: Client, bob: Client):
        await bob("MKCALENDAR", HIS + "work/")
        await invite(ann)
        await answer(bob)
        path, text = await only(bob, "ev-1")
        there = HIS + "work/ev-1.ics"
        before, told = await ann("GET", HERS), await messages(ann)

        copied = await bob.put(there, text, Content_Type=ICS)
        moved = await bob("MOVE", path, Destination=there, Overwrite="F")

        assert (copied.status, copied.condition) == (403, C + "unique-scheduling-object-resource")
        assert copied.xml[0].findtext("D:href", "", NS) == path
        assert moved.status == 201
        assert (await held(bob, "ev-1"), await only(bob, "ev-1", "work")) == ({}, (there, text))
        assert ((await ann("GET", HERS)).etag, await messages(ann)) == (before.etag, told)


class TestChanged:
    LATER = (("T090000Z", "T110000Z"), ("T100000Z", "T120000Z"))

    @pytest.mark.rfc("6638 3.2.8", "6638 3.2.10.1")
    async def test_another_time_is_asked_for_anew(self, ann: Client, bob: Client):
        await invite(ann)
        await answer(bob)
        path, _ = await only(bob, "ev-1")
        old = (await bob("GET", path)).headers["Schedule-Tag"]

        moved = await change(ann, HERS, *self.LATER, ("SEQUENCE:0", "SEQUENCE:1"))
        late = await bob.put(
            path,
            ics("apple/accept", partstat="DECLINED"),
            If_Schedule_Tag_Match=old,
            Content_Type=ICS,
        )

        assert (moved.status, late.status) == (204, 412)
        times = (*self.LATER, ("SEQUENCE:0", "SEQUENCE:1"))
        assert said((await ann("GET", HERS)).text) == hers(*times, TOLD)
        (message,) = (await fetched(bob, INBOX)).values()
        assert said(message) == his(*times, ("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"))
        assert said((await only(bob, "ev-1"))[1]) == his(*times, *OWN, REPLIED)

    async def test_another_summary_leaves_the_answer_and_the_alarm(self, ann: Client, bob: Client):
        await invite(ann)
        await answer(bob)

        put = await change(ann, HERS, ("SUMMARY:Talk", "SUMMARY:Long talk"))

        assert put.status == 204
        accepted = (BOB, "PARTSTAT=ACCEPTED;RSVP=TRUE")
        mine = his(accepted, *OWN, REPLIED, summary="Long talk")
        assert said((await only(bob, "ev-1"))[1]) == mine
        told = (BOB, accepted[1] + ";SCHEDULE-STATUS=1.2")
        assert said((await ann("GET", HERS)).text) == hers(told, summary="Long talk")

    @pytest.mark.rfc("6638 3.2.1.2")
    async def test_an_instance_is_taken_out(self, ann: Client, bob: Client):
        await invite(ann, rule=SERIES)
        start = "DTSTART:20260804T090000Z\r\n"
        without = (start, start + "EXDATE:20260805T090000Z\r\n")
        newer = ("SEQUENCE:0", "SEQUENCE:1")

        put = await change(ann, HERS, without)

        assert put.status == 204
        assert said((await ann("GET", HERS)).text) == hers(without, newer, TOLD, rule=SERIES)
        assert said((await only(bob, "ev-1"))[1]) == his(without, rule=SERIES)
        assert [method(one) for one in await messages(bob)] == ["CANCEL"]

    @pytest.mark.rfc("6638 3.2.2.2")
    async def test_an_instance_is_declined_by_taking_it_out(self, ann: Client, bob: Client):
        await invite(ann, rule=SERIES)
        path, _ = await only(bob, "ev-1")
        start = "DTSTART:20260804T090000Z\r\n"

        put = await change(bob, path, (start, start + "EXDATE:20260805T090000Z\r\n"))

        _, master, instance = said((await ann("GET", HERS)).text)
        assert put.status == 204
        assert "RECURRENCE-ID:20260805T090000Z" in instance
        assert [line for line in instance if "PARTSTAT=DECLINED" in line and "bob" in line]
        assert not [line for line in master if "DECLINED" in line]

    @pytest.mark.rfc("6638 3.2.1.3")
    async def test_what_is_deleted_is_cancelled(self, ann: Client, bob: Client):
        await invite(ann)
        await answer(bob)
        tag = (await ann("GET", HERS)).headers["Schedule-Tag"]

        deleted = await ann("DELETE", HERS, If_Schedule_Tag_Match=tag)

        assert deleted.status == 204
        _, mine = await only(bob, "ev-1")
        assert "STATUS:CANCELLED\r\n" in mine
        assert [method(one) for one in await messages(bob)] == ["CANCEL"]
        assert await held(ann, "ev-1") == {}
