"""Apple Calendar invites and is invited: what both sides send, and what each of them sees then."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Client
from tests.protocol.clients.apple_meetings import (
    BOB,
    HERS,
    HIS,
    ICS,
    SERIES,
    XML,
    answer,
    change,
    changed,
    fetched,
    hers,
    his,
    instance,
    invite,
)
from tests.protocol.clients.wire import (
    children,
    href_in,
    hrefs,
    ics,
    reports,
    text_of,
    tokens,
    wire,
)
from tests.protocol.conftest import add_user
from tests.protocol.meetings import (
    held,
    messages,
    method,
    only,
    partstats,
    said,
    scheduling,
    unfolded,
)
from tests.unit.builders import CRLF, event

C = "{urn:ietf:params:xml:ns:caldav}"
CS = "{http://calendarserver.org/ns/}"
INBOX = HIS + "inbox/"
HIS_ALARM = CRLF.join(
    ("BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT10M", "DESCRIPTION:x", "END:VALARM", "")
)
ANN = (
    'ATTENDEE;CN="Ann Example";CUTYPE=INDIVIDUAL;EMAIL="ann@example.org";PARTSTAT=ACCEPTED;'
    "ROLE=CHAIR"
)
REPLIED = ('ORGANIZER;CN="Ann Example"', 'ORGANIZER;CN="Ann Example";SCHEDULE-STATUS=1.2')
OWN = (("TRANSP:OPAQUE\r\n", ""), ("END:VEVENT", HIS_ALARM + "END:VEVENT"))
"""What bob's client wrote into his event besides his answer, and what it left out."""
TOLD = (BOB, BOB + ";SCHEDULE-STATUS=1.2")
ACCEPTED = (BOB, "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=2.0")


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


@pytest.fixture
async def carl(scheduled: Server) -> Client:
    await add_user(scheduled.db, "carl", "Carl Example")
    return Client(scheduled, "carl")


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
        assert said(after[1].text) == changed(
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

    async def test_lines_of_the_organizer_come_back_in_another_order_and_case(
        self, ann: Client, bob: Client
    ):
        await invite(ann)
        path, text = await only(bob, "ev-1")
        lines = unfolded(text).replace("mailto:", "MAILTO:").replace(BOB, "PARTSTAT=ACCEPTED")
        begin, *body, end, last, nothing = lines.split(CRLF)[3:]
        odd = CRLF.join([*lines.split(CRLF)[:3], begin, *reversed(body), end, last, nothing])

        put = await bob.put(path, odd, Content_Type=ICS)

        assert put.status == 204
        assert partstats((await ann("GET", HERS)).text)["bob"] == "ACCEPTED"

    async def test_a_comment_for_the_organizer_is_told_to_nobody_else(
        self, ann: Client, bob: Client, carl: Client
    ):
        await invite(ann)
        await change(ann, HERS, ("SEQUENCE:0", "ATTENDEE:mailto:carl@example.org\r\nSEQUENCE:1"))
        path, _ = await only(bob, "ev-1")
        comment = "X-CALENDARSERVER-PRIVATE-COMMENT:Ten minutes late\r\n"

        await change(
            bob, path, (BOB, "PARTSTAT=ACCEPTED;RSVP=TRUE"), ("END:VEVENT", comment + "END:VEVENT")
        )

        lines = unfolded((await ann("GET", HERS)).text).split(CRLF)
        (told,) = [line for line in lines if line.endswith(":Ten minutes late")]
        assert told.startswith("X-CALENDARSERVER-ATTENDEE-COMMENT;")
        assert 'X-CALENDARSERVER-ATTENDEE-REF="mailto:bob@example.org"' in told
        _, seen = await only(carl, "ev-1")
        assert partstats(seen)["bob"] == "ACCEPTED"
        assert "COMMENT" not in seen

    @pytest.mark.rfc("6638 3.2.2.3")
    async def test_one_instance_is_answered(self, ann: Client, bob: Client):
        await invite(ann, rule=SERIES)
        path, text = await only(bob, "ev-1")
        part = instance(text, "20260805").replace(BOB, "PARTSTAT=TENTATIVE;RSVP=TRUE")

        put = await change(bob, path, ("END:VCALENDAR", part + "END:VCALENDAR"))

        assert put.status == 204
        _, master, override = said((await ann("GET", HERS)).text)
        assert "RECURRENCE-ID:20260805T090000Z" in override
        answers = ("NEEDS-ACTION", "TENTATIVE")
        for part, partstat in zip((master, override), answers, strict=True):
            (line,) = [one for one in part if one.endswith("mailto:bob@example.org")]
            assert f"PARTSTAT={partstat};" in line

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
        tag = (await bob("GET", there)).headers["Schedule-Tag"]
        assert (moved.status, moved.headers["Schedule-Tag"]) == (201, tag)
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

    @pytest.mark.rfc("6638 3.2.1.2")
    async def test_an_instance_is_moved(self, ann: Client, bob: Client):
        await invite(ann, rule=SERIES)
        text = (await ann("GET", HERS)).text
        moved = instance(text, "20260805")
        moved = moved.replace("DTSTART:20260805T09", "DTSTART:20260805T15")
        moved = moved.replace("DTEND:20260805T10", "DTEND:20260805T16")

        put = await change(ann, HERS, ("END:VCALENDAR", moved + "END:VCALENDAR"))

        _, master, override = said((await only(bob, "ev-1"))[1])
        assert put.status == 204
        assert {"DTSTART:20260804T090000Z", "RRULE:FREQ=DAILY;COUNT=3"} <= set(master)
        assert {
            "RECURRENCE-ID:20260805T090000Z",
            "DTSTART:20260805T150000Z",
            "DTEND:20260805T160000Z",
        } <= set(override)

    async def test_this_and_the_following_are_made_a_meeting_of_their_own(
        self, ann: Client, bob: Client
    ):
        await invite(ann, rule="RRULE:FREQ=DAILY\n")
        later = ics("apple/invite", rule="RRULE:FREQ=DAILY\n", summary="Other talk")
        later = later.replace("UID:ev-1", "UID:ev-2").replace("202608", "202609")

        new = await ann.put(HERS.replace("ev-1", "ev-2"), later, If_None_Match="*")
        ended = await change(ann, HERS, ("FREQ=DAILY", "FREQ=DAILY;UNTIL=20260903T085959Z"))

        assert (new.status, ended.status) == (201, 204)
        assert "RRULE:FREQ=DAILY;UNTIL=20260903T085959Z\r\n" in (await only(bob, "ev-1"))[1]
        assert "DTSTART:20260904T090000Z\r\n" in (await only(bob, "ev-2"))[1]

    @pytest.mark.rfc("6638 3.2.2.3")
    async def test_an_instance_is_declined_by_taking_it_out(self, ann: Client, bob: Client):
        await invite(ann, rule=SERIES)
        path, _ = await only(bob, "ev-1")
        start = "DTSTART:20260804T090000Z\r\n"

        put = await change(bob, path, (start, start + "EXDATE:20260805T090000Z\r\n"))

        _, master, override = said((await ann("GET", HERS)).text)
        assert put.status == 204
        assert "RECURRENCE-ID:20260805T090000Z" in override
        assert [line for line in override if "PARTSTAT=DECLINED" in line and "bob" in line]
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


class TestBroughtAlong:
    """Files that are dropped on the calendar: meetings that somebody else made."""

    @pytest.mark.rfc("6638 3.2.2.2")
    @pytest.mark.parametrize(
        ("organizer", "people", "tagged"),
        [
            ("mailto:x@elsewhere.example", ("mailto:bob@example.org",), True),
            ("mailto:x@elsewhere.example", ("mailto:zoe@elsewhere.example",), False),
            ("mailto:ann@example.org", ("mailto:bob@example.org",), True),
            ("mailto:ann@example.org", ("mailto:zoe@elsewhere.example",), False),
            ("mailto:ann@example.org", (), False),
        ],
    )
    async def test_they_are_taken_as_they_are_and_nobody_is_told(
        self, ann: Client, bob: Client, organizer: str, people: tuple[str, ...], tagged: bool
    ):
        lines = [f"ORGANIZER:{organizer}", *(f"ATTENDEE:{one}" for one in people)]
        text = event(uid="file", lines=lines)

        put = await bob.put(HIS + "calendar/file.ics", text, If_None_Match="*")

        got = await bob("GET", HIS + "calendar/file.ics")
        assert (put.status, put.etag, got.text) == (201, got.etag, text)
        assert ("Schedule-Tag" in put.headers) == tagged
        assert await messages(ann) == []

    async def test_what_an_organizer_notes_for_herself_does_not_leave_with_it(
        self, ann: Client, bob: Client
    ):
        place = "X-APPLE-STRUCTURED-LOCATION;VALUE=URI;X-TITLE=Cafe:geo:48.2,16.4"
        own = ("X-APPLE-TRAVEL-DURATION;VALUE=DURATION:PT30M", "X-APPLE-TRAVEL-START:geo:48,16")
        lines = CRLF.join((place, *own, "END:VEVENT"))
        text = ics("apple/invite", rule="", summary="Talk").replace("END:VEVENT", lines)

        await ann.put(HERS, text)

        _, seen = await only(bob, "ev-1")
        kept = [line for line in unfolded(seen).split(CRLF) if line.startswith("X-APPLE")]
        assert kept == [place]
        assert [line in unfolded((await ann("GET", HERS)).text) for line in own] == [True, True]
