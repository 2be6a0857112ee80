"""RFC 6638 section by section: boxes, operations, preconditions, privileges, headers."""

from __future__ import annotations

import re

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client, proppatch, query
from tests.protocol.conftest import add_user
from tests.protocol.meetings import (
    answering,
    held,
    mailto,
    meeting,
    messages,
    method,
    only,
    partstats,
    scheduling,
    statuses,
    unfolded,
)
from tests.protocol.people import EVERYBODY, ace, delegate, grant, href
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import event, vtodo

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
HOME = "/dav/calendars/ann/"
INBOX, OUTBOX = HOME + "inbox/", HOME + "outbox/"
MINE = HOME + "calendar/m.ics"
OTHER = HOME + "other/m.ics"
DAILY = "FREQ=DAILY;COUNT=3"
BUSY = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="20260907T000000Z" end="20260908T000000Z"/></C:free-busy-query>'
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


@pytest.fixture
async def carl(scheduled: Server) -> Client:
    await add_user(scheduled.db, "carl", "Carl Example")
    return Client(scheduled, "carl")


@pytest.fixture
async def other(ann: Client) -> str:
    """A second calendar of ann's."""
    assert (await ann("MKCALENDAR", HOME + "other/")).status == 201
    return HOME + "other/"


@pytest.fixture
async def invited(ann: Client, bob: Client) -> str:
    """Where bob has the meeting to which ann invited him."""
    assert (await ann.put(MINE, meeting("bob"))).status == 201
    return (await only(bob))[0]


async def text_at(client: Client, path: str) -> str:
    return (await client("GET", path)).text


async def tag(client: Client, path: str) -> str | None:
    """The Schedule-Tag there, which the property repeats."""
    got = (await client("GET", path)).headers.get("Schedule-Tag")
    status, element = (await client.propfind(path, "C:schedule-tag")).props()[
        CALDAV + "schedule-tag"
    ]
    assert (element.text if status == 200 else None) == got
    return got


async def methods(client: Client) -> list[str]:
    return [method(one) for one in await messages(client)]


def organizer_status(text: str) -> str | None:
    """The SCHEDULE-STATUS of the ORGANIZER."""
    found = re.search(r"^ORGANIZER[^:\r\n]*SCHEDULE-STATUS=\"?([\d.,]+)", unfolded(text), re.M)
    return found[1] if found else None


def asked(text: str) -> dict[str, str]:
    """As `partstats`, where people are named beside others."""
    return partstats(re.sub(r'"[^"]*"', "", unfolded(text)))


def instance(text: str, day: int) -> str:
    """A single meeting as the override of that day of September."""
    inner = text[text.index("BEGIN:VEVENT") : text.index("END:VCALENDAR")]
    return inner.replace("UID:m\r\n", f"UID:m\r\nRECURRENCE-ID:202609{day:02}T100000Z\r\n")


def having(text: str, *overrides: str) -> str:
    return text.replace("END:VCALENDAR", "".join(overrides) + "END:VCALENDAR")


def lacking(answer: Answer) -> tuple[int, str, str]:
    """What a need-privileges names: the status, the href, and the privilege."""
    ((resource,),) = answer.xml.findall("D:need-privileges", NS)
    (privilege,) = resource.find("D:privilege", NS)
    return answer.status, resource.findtext("D:href", "", NS), str(privilege.tag)


class TestBoxes:
    @pytest.mark.rfc("6638 2")
    @pytest.mark.parametrize(
        "path", ["/", "/dav/principals/ann/", HOME, HOME + "calendar/", INBOX, OUTBOX]
    )
    async def test_options_announces_it_wherever_there_is_scheduling(self, ann: Client, path: str):
        found = (await ann("OPTIONS", path)).headers["DAV"].split(", ")

        assert {"calendar-access", "calendar-auto-schedule"} <= set(found)

    @pytest.mark.rfc("6638 2.1", "6638 2.2")
    async def test_they_lie_in_the_home_and_hold_no_collections(self, ann: Client):
        answers = [
            await ann(method_, box + "sub/")
            for box in (INBOX, OUTBOX)
            for method_ in ("MKCOL", "MKCALENDAR")
        ]

        assert {one.status for one in answers} == {403}
        assert (await ann.propfind(HOME + "calendar/inbox/", "D:resourcetype")).status == 404

    @pytest.mark.rfc("6638 2.1.1", "6638 2.2.1", "6638 2.4.1", "6638 2.4.2")
    async def test_allprop_tells_none_of_the_properties_of_principals(self, ann: Client):
        names = ("schedule-outbox-URL", "schedule-inbox-URL")
        names += ("calendar-user-address-set", "calendar-user-type")

        told = (await ann.propfind("/dav/principals/ann/")).props()
        asked = await ann.propfind("/dav/principals/ann/", *(f"C:{name}" for name in names))

        assert [name for name in told if name.startswith(CALDAV)] == []
        assert [status for status, _ in asked.props().values()] == [200] * 4

    @pytest.mark.rfc("6638 2.1.1", "6638 2.2.1", "6638 2.4", "6638 9.3")
    @pytest.mark.parametrize(
        ("path", "name"),
        [
            ("/dav/principals/ann/", "schedule-outbox-URL"),
            ("/dav/principals/ann/", "schedule-inbox-URL"),
            ("/dav/principals/ann/", "calendar-user-address-set"),
            ("/dav/principals/ann/", "calendar-user-type"),
            (MINE, "schedule-tag"),
        ],
    )
    async def test_clients_do_not_set_them(self, ann: Client, invited: str, path: str, name: str):
        answer = await ann("PROPPATCH", path, proppatch(set_=f"<C:{name}>x</C:{name}>"))

        assert answer.props()[CALDAV + name][0] == 403
        assert "cannot-modify-protected-property" in answer.text

    @pytest.mark.rfc("6638 2.2")
    async def test_an_inbox_has_many_messages_of_one_uid(
        self, ann: Client, bob: Client, carl: Client
    ):
        await ann.put(MINE, meeting("bob", "carl"))
        for client in (bob, carl):
            place, text = await only(client)
            await client.put(place, answering(text, str(client.name), "ACCEPTED"))

        found = await messages(ann)

        assert [method(one) for one in found] == ["REPLY", "REPLY"]
        assert all("UID:m\r\n" in one for one in found)

    @pytest.mark.rfc("6638 2.3")
    async def test_no_free_busy_query_is_supported_on_an_inbox(self, ann: Client):
        answer = await ann("REPORT", INBOX, BUSY)
        _, reports = (await ann.propfind(INBOX, "D:supported-report-set")).props()[
            "{DAV:}supported-report-set"
        ]

        assert (answer.status, answer.condition) == (403, "{DAV:}supported-report")
        names = {str(one.tag) for one in reports.iter()}
        assert {CALDAV + "calendar-query", CALDAV + "calendar-multiget"} <= names
        assert CALDAV + "free-busy-query" not in names

    @pytest.mark.rfc("6638 2.4", "6638 2.4.1", "6638 2.4.2")
    async def test_principals_are_searched_by_address_and_by_kind(self, ann: Client):
        known = await ann(
            "REPORT", "/dav/principals/", '<D:principal-search-property-set xmlns:D="DAV:"/>'
        )
        found = [
            await ann(
                "REPORT",
                "/dav/principals/",
                '<D:principal-property-search xmlns:D="DAV:" '
                'xmlns:C="urn:ietf:params:xml:ns:caldav" test="anyof">'
                f"<D:property-search><D:prop><C:{name}/></D:prop>"
                f"<D:match>{text}</D:match></D:property-search>"
                "<D:prop><D:displayname/></D:prop></D:principal-property-search>",
                Depth="0",
            )
            for name, text in (
                ("calendar-user-address-set", "bob@example.org"),
                ("calendar-user-type", "INDIVIDUAL"),
            )
        ]

        names = {str(one.tag) for one in known.xml.iter()}
        assert {CALDAV + "calendar-user-address-set", CALDAV + "calendar-user-type"} <= names
        assert found[0].hrefs == ["/dav/principals/bob/"]
        assert {"/dav/principals/ann/", "/dav/principals/bob/"} <= set(found[1].hrefs)


class TestOrganizer:
    @pytest.mark.rfc("6638 3.2.1")
    async def test_nobody_is_told_of_their_own_meeting(self, ann: Client, bob: Client):
        await ann.put(MINE, meeting("bob"))

        assert await messages(ann) == []
        assert statuses(await text_at(ann, MINE)) == {"bob": "1.2"}

    @pytest.mark.rfc("6638 3.2.1", "6638 3.2.4.3")
    async def test_an_organizer_answers_for_nobody_the_server_reaches(
        self, ann: Client, bob: Client
    ):
        await ann.put(MINE, meeting("bob"))
        text = await text_at(ann, MINE)

        await ann.put(MINE, answering(text, "bob", "ACCEPTED"))

        assert partstats(await text_at(ann, MINE))["bob"] == "NEEDS-ACTION"
        assert partstats((await only(bob))[1])["bob"] == "NEEDS-ACTION"

    @pytest.mark.rfc("6638 3.2.1", "6638 7.3")
    async def test_a_status_that_a_client_makes_up_lets_it_answer_for_nobody(
        self, ann: Client, bob: Client
    ):
        await ann.put(MINE, meeting("bob"))
        text = unfolded(await text_at(ann, MINE))
        await ann.put(MINE, text.replace("SCHEDULE-STATUS=1.2", "SCHEDULE-STATUS=3.7"))
        forged = await text_at(ann, MINE)

        await ann.put(MINE, answering(forged, "bob", "ACCEPTED"))

        assert statuses(forged) == {"bob": "1.2"}
        assert partstats(await text_at(ann, MINE))["bob"] == "NEEDS-ACTION"

    @pytest.mark.rfc("6638 3.2.1.1", "6638 7.3")
    async def test_who_is_told_nothing_gets_no_status(self, ann: Client, bob: Client, carl: Client):
        await ann.put(MINE, meeting("bob", "carl;SCHEDULE-AGENT=NONE"))

        assert statuses(await text_at(ann, MINE)) == {"bob": "1.2"}

    @pytest.mark.rfc("6638 3.2.1.2", "6638 7.1")
    @pytest.mark.parametrize("agent", ["CLIENT", "NONE", "X-SOMEBODY"])
    async def test_whom_the_server_no_longer_tells_is_told_so_and_asked_again_later(
        self, ann: Client, bob: Client, agent: str
    ):
        await ann.put(MINE, meeting("bob"))

        await ann.put(MINE, meeting(f"bob;SCHEDULE-AGENT={agent}"))
        gone = (await only(bob))[1]
        await ann.put(MINE, meeting("bob;SCHEDULE-AGENT=SERVER", lines=("SEQUENCE:9",)))

        assert "STATUS:CANCELLED" in gone
        assert "STATUS:CANCELLED" not in (await only(bob))[1]
        assert await methods(bob) == ["REQUEST"]


class TestAttendee:
    @pytest.mark.rfc("6638 3.2.2", "6638 3.2.2.1")
    async def test_what_is_an_attendee_s_own_is_taken_in_one_put(
        self, ann: Client, bob: Client, invited: str
    ):
        text = answering(await text_at(bob, invited), "bob", "TENTATIVE")
        text = re.sub(r"PRODID:.*\r\n", "PRODID:-//bob//EN\r\nCALSCALE:GREGORIAN\r\n", text)
        text = re.sub(r"DTSTAMP:.*\r\n", "DTSTAMP:20260102T030405Z\r\n", text)
        mine = (
            "TRANSP:TRANSPARENT\r\nCREATED:20260101T000000Z\r\nLAST-MODIFIED:20260102T000000Z\r\n"
        )
        alarm = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"

        answer = await bob.put(invited, text.replace("END:VEVENT", mine + alarm + "END:VEVENT"))

        stored = await text_at(bob, invited)
        assert answer.status == 204
        assert all(line in stored for line in ("TRANSP:TRANSPARENT", "BEGIN:VALARM", "CALSCALE"))
        assert partstats(await text_at(ann, MINE))["bob"] == "TENTATIVE"

    @pytest.mark.rfc("6638 3.2.2.1", "6638 3.2.2.3")
    async def test_an_exdate_declines_an_instance(self, ann: Client, bob: Client):
        await ann.put(MINE, meeting("bob", rrule=DAILY))
        place, text = await only(bob)

        await bob.put(place, text.replace("RRULE", "EXDATE:20260908T100000Z\r\nRRULE"))

        mine = await text_at(ann, MINE)
        override = mine[mine.index("RECURRENCE-ID:20260908") - 200 :]
        assert partstats(override)["bob"] == "DECLINED"
        assert await methods(ann) == ["REPLY"]

    @pytest.mark.rfc("6638 3.2.2.2")
    async def test_an_invitation_that_came_elsewhere_is_stored_and_answered(
        self, ann: Client, bob: Client
    ):
        await ann.put(MINE, meeting("bob;SCHEDULE-AGENT=CLIENT"))
        place = f"{bob.home}calendar/x.ics"

        put = await bob.put(place, meeting("bob;PARTSTAT=ACCEPTED"))

        assert (put.status, bool(put.headers["Schedule-Tag"])) == (201, True)
        assert organizer_status(await text_at(bob, place)) == "1.2"

    @pytest.mark.rfc("6638 3.2.2.2", "6638 4.2")
    async def test_an_answer_to_what_the_organizer_does_not_have_makes_nothing(
        self, ann: Client, bob: Client
    ):
        put = await bob.put(f"{bob.home}calendar/x.ics", meeting("bob;PARTSTAT=ACCEPTED"))

        assert put.status == 201
        assert (await held(ann), await messages(ann)) == ({}, [])

    @pytest.mark.rfc("6638 3.2.2.2", "6638 3.2.9", "6638 7.3")
    @pytest.mark.parametrize(
        ("organizer", "status"),
        [("mailto:eve@elsewhere.example", "5.3"), ("mailto:nobody@example.org", "3.7")],
    )
    async def test_a_meeting_of_somebody_unknown_is_stored_with_what_became_of_the_answer(
        self, bob: Client, organizer: str, status: str
    ):
        place = f"{bob.home}calendar/x.ics"
        text = meeting("bob;PARTSTAT=ACCEPTED", organizer="zoe").replace(mailto("zoe"), organizer)

        put = await bob.put(place, text)

        assert put.status == 201
        assert organizer_status(await text_at(bob, place)) == status

    @pytest.mark.rfc("6638 3.2.2.2", "6638 3.2.2.3", "6638 3.2.2.4", "6638 7.1")
    @pytest.mark.parametrize("agent", ["CLIENT", "NONE", "X-SOMEBODY"])
    async def test_what_a_client_sees_to_is_neither_judged_nor_told(
        self, ann: Client, bob: Client, agent: str
    ):
        await ann.put(MINE, meeting("bob;SCHEDULE-AGENT=CLIENT"))
        place = f"{bob.home}calendar/x.ics"
        text = meeting("bob").replace("ORGANIZER:", f"ORGANIZER;SCHEDULE-AGENT={agent}:")

        answers = [
            await bob.put(place, text),
            await bob.put(place, answering(text, "bob", "ACCEPTED").replace("T10", "T09")),
            await bob("DELETE", place),
        ]

        assert [one.status for one in answers] == [201, 204, 204]
        assert await messages(ann) == []

    @pytest.mark.rfc("6638 3.2.2.3", "6638 7.3")
    async def test_the_status_of_an_answer_is_beside_the_organizer(
        self, ann: Client, bob: Client, invited: str
    ):
        text = await text_at(bob, invited)

        await bob.put(invited, answering(text, "bob", "ACCEPTED"))

        assert organizer_status(text) is None
        assert organizer_status(await text_at(bob, invited)) == "1.2"
        assert all("SCHEDULE-" not in one for one in await messages(ann))


class TestMethods:
    @pytest.mark.rfc("6638 3.2.3", "6638 3.2.3.1")
    async def test_a_put_creates_modifies_and_removes(self, ann: Client, bob: Client):
        plain = event(uid="m")
        told = []
        for text in (plain, plain, meeting("bob"), meeting("bob", summary="Talk"), plain):
            assert (await ann.put(MINE, text)).status in (201, 204)
            told.append((await methods(bob), await tag(ann, MINE) is not None))

        assert told == [
            ([], False),
            ([], False),
            (["REQUEST"], True),
            (["REQUEST"], True),
            (["CANCEL"], False),
        ]

    @pytest.mark.rfc("6638 3.2.3.2")
    async def test_a_calendar_that_is_deleted_removes_all_in_it(
        self, ann: Client, bob: Client, other: str
    ):
        for uid in ("m", "n"):
            await ann.put(f"{other}{uid}.ics", meeting("bob", uid=uid))

        await ann("DELETE", other)

        assert await methods(bob) == ["CANCEL", "CANCEL"]
        for uid in ("m", "n"):
            assert "STATUS:CANCELLED" in (await only(bob, uid))[1]

    @pytest.mark.rfc("6638 3.2.3.2", "6638 8.1")
    @pytest.mark.parametrize(("said", "partstat"), [("T", "DECLINED"), ("F", "NEEDS-ACTION")])
    async def test_a_calendar_goes_in_silence_if_the_client_says_so(
        self, ann: Client, bob: Client, invited: str, said: str, partstat: str
    ):
        await bob("MKCALENDAR", f"{bob.home}other/")
        await bob("MOVE", invited, Destination=f"{bob.home}other/m.ics")

        deleted = await bob("DELETE", f"{bob.home}other/", Schedule_Reply=said)

        assert deleted.status == 204
        assert partstats(await text_at(ann, MINE))["bob"] == partstat

    @pytest.mark.rfc("6638 3.2.3.3", "6638 3.2.4.1")
    async def test_a_copy_of_a_meeting_in_another_calendar_is_refused_with_its_url(
        self, ann: Client, invited: str, bob: Client, other: str
    ):
        told = await messages(bob)

        answer = await ann("COPY", MINE, Destination=OTHER)

        (element,) = answer.xml
        assert (answer.status, element.tag) == (403, CALDAV + "unique-scheduling-object-resource")
        assert [(one.tag, one.text) for one in element] == [("{DAV:}href", MINE)]
        assert await messages(bob) == told

    @pytest.mark.rfc("6638 3.2.3.3")
    async def test_what_is_copied_from_calendar_to_calendar_tells_nobody(
        self, ann: Client, bob: Client, other: str
    ):
        await ann.put(f"{HOME}calendar/p.ics", event(uid="m"))
        await ann.put(OTHER, meeting("bob"))
        told = await messages(bob)

        copied = await ann("COPY", f"{HOME}calendar/p.ics", Destination=OTHER)

        assert copied.status == 204
        assert await messages(bob) == told

    @pytest.mark.rfc("6638 3.2.3.4")
    async def test_a_meeting_moves_to_another_calendar_in_silence(
        self, ann: Client, bob: Client, invited: str, other: str
    ):
        told = await messages(bob)

        moved = await ann("MOVE", MINE, Destination=OTHER)

        assert moved.status == 201
        assert await messages(bob) == told
        assert "STATUS:CANCELLED" not in await text_at(bob, invited)

    @pytest.mark.rfc("6638 3.2.10", "6638 8.2")
    async def test_a_copy_and_a_move_answer_with_the_tag_of_what_is_there_now(
        self, ann: Client, bob: Client, invited: str, other: str
    ):
        moved = await ann("MOVE", MINE, Destination=OTHER)
        plain = await ann.put(MINE, event(uid="p"))
        renamed = await ann("MOVE", MINE, Destination=f"{HOME}calendar/p.ics")

        assert moved.headers["Schedule-Tag"] == await tag(ann, OTHER)
        assert "Schedule-Tag" not in {**plain.headers, **renamed.headers}

    @pytest.mark.rfc("6638 3.2.4.2")
    @pytest.mark.parametrize("who", ["ann", "bob"])
    async def test_the_components_of_a_meeting_have_one_organizer(
        self, ann: Client, bob: Client, carl: Client, who: str
    ):
        client = Client(ann.server, who)
        series = meeting("bob", rrule=DAILY)
        text = having(series, instance(meeting("bob", organizer="carl"), 8))

        answer = await client.put(f"{client.home}calendar/m.ics", text)

        assert (answer.status, answer.condition) == (
            403,
            CALDAV + "same-organizer-in-all-components",
        )
        assert len(answer.xml[0]) == 0

    @pytest.mark.rfc("6638 3.2.4", "6638 3.2.4.4")
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("SUMMARY:Meeting", "SUMMARY:Mine"),
            ("T110000Z", "T120000Z"),
            ("BEGIN:VEVENT", "BEGIN:VEVENT\r\nLOCATION:Here"),
            ("BEGIN:VEVENT", "BEGIN:VEVENT\r\nATTENDEE:mailto:eve@example.org"),
        ],
    )
    async def test_what_an_attendee_may_not_change_is_refused(
        self, bob: Client, invited: str, old: str, new: str
    ):
        text = await text_at(bob, invited)

        answer = await bob.put(invited, text.replace(old, new))

        assert (answer.status, answer.condition) == (
            403,
            CALDAV + "allowed-attendee-scheduling-object-change",
        )
        assert len(answer.xml[0]) == 0
        assert await text_at(bob, invited) == text


class TestMessages:
    @pytest.mark.rfc("6638 3.2.5")
    async def test_a_message_says_when_it_was_made_and_counts_up(self, ann: Client, bob: Client):
        found = []
        for start in ("20260907T100000Z", "20260907T090000Z"):
            await ann.put(MINE, meeting("bob", start=start))
            (text,) = await messages(bob)
            found.append(
                (
                    re.findall(r"DTSTAMP:\d{8}T\d{6}Z", text) != [],
                    re.findall(r"SEQUENCE:(\d)", text),
                )
            )

        assert found == [(True, ["0"]), (True, ["1"])]

    @pytest.mark.rfc("6638 3.2.6")
    async def test_who_is_not_asked_to_an_instance_learns_nothing_of_it(
        self, ann: Client, bob: Client, carl: Client
    ):
        secret = instance(meeting("carl", summary="Secret"), 8)

        await ann.put(MINE, having(meeting("bob", "carl", rrule=DAILY), secret))

        for text in (*await messages(bob), (await only(bob))[1]):
            assert "Secret" not in text
            assert "EXDATE:20260908T100000Z" in text
        assert "Secret" in (await only(carl))[1]

    @pytest.mark.rfc("6638 3.2.7", "6638 7.2")
    async def test_a_request_and_a_reply_are_forced(self, ann: Client, bob: Client, invited: str):
        await bob.put(invited, answering(await text_at(bob, invited), "bob", "DECLINED"))
        for client in (ann, bob):
            for href_ in (
                await client.propfind(f"{client.home}inbox/", "D:getetag", depth="1")
            ).hrefs[1:]:
                await client("DELETE", href_)
        text = answering(await text_at(ann, MINE), "bob", "NEEDS-ACTION")

        asked = await ann.put(
            MINE, text.replace("ATTENDEE;", "ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST;")
        )
        again = await methods(bob), partstats(await text_at(bob, invited))["bob"]
        answer = unfolded(await text_at(bob, invited))
        await grant(ann, INBOX, ace(EVERYBODY, "C:schedule-deliver-invite"))
        replied = await bob.put(
            invited, answer.replace("ORGANIZER", "ORGANIZER;SCHEDULE-FORCE-SEND=REPLY")
        )

        assert (asked.status, replied.status) == (204, 204)
        assert again == (["REQUEST"], "NEEDS-ACTION")
        assert (organizer_status(answer), organizer_status(await text_at(bob, invited))) == (
            "1.2",
            "3.8",
        )
        for client, path in ((ann, MINE), (bob, invited)):
            assert "FORCE-SEND" not in await text_at(client, path)

    @pytest.mark.rfc("6638 7.2")
    async def test_a_method_that_cannot_be_forced_is_told_so(
        self, ann: Client, bob: Client, invited: str
    ):
        mine, theirs = unfolded(await text_at(ann, MINE)), unfolded(await text_at(bob, invited))

        await ann.put(
            MINE,
            re.sub(r"ATTENDEE(;[^:]*:mailto:bob)", r"ATTENDEE;SCHEDULE-FORCE-SEND=REFRESH\1", mine),
        )
        await bob.put(invited, theirs.replace("ORGANIZER", "ORGANIZER;SCHEDULE-FORCE-SEND=ADD"))

        mine, theirs = await text_at(ann, MINE), await text_at(bob, invited)
        assert (statuses(mine), organizer_status(theirs)) == ({"bob": "2.3"}, "2.3")
        assert "FORCE-SEND" not in mine + theirs

    @pytest.mark.rfc("6638 7.2")
    @pytest.mark.rfc("6638 7.3")
    async def test_a_method_that_cannot_be_forced_is_told_beside_what_is_sent(
        self, ann: Client, bob: Client, invited: str
    ):
        mine = unfolded(await text_at(ann, MINE))
        forced = re.sub(r"ATTENDEE(;[^:]*:mailto:bob)", r"ATTENDEE;SCHEDULE-FORCE-SEND=ADD\1", mine)

        await ann.put(MINE, forced.replace("SUMMARY:Meeting", "SUMMARY:Other"))
        told = unfolded(await text_at(ann, MINE))
        await ann.put(MINE, told.replace("SUMMARY:Other", "SUMMARY:Third"))
        later = await text_at(ann, MINE)
        theirs = answering(unfolded(await text_at(bob, invited)), "bob", "TENTATIVE")
        await bob.put(invited, theirs.replace("ORGANIZER", "ORGANIZER;SCHEDULE-FORCE-SEND=ADD"))

        assert (statuses(told), statuses(later)) == ({"bob": "1.2,2.3"}, {"bob": "1.2"})
        assert organizer_status(await text_at(bob, invited)) == "1.2,2.3"

    @pytest.mark.rfc("6638 7.2")
    async def test_an_attendee_s_copy_keeps_no_wish_to_force_anything(
        self, bob: Client, invited: str
    ):
        text = unfolded(await text_at(bob, invited))

        await bob.put(invited, text.replace("ATTENDEE", "ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST"))

        assert "FORCE-SEND" not in await text_at(bob, invited)

    @pytest.mark.rfc("6638 3.2.8")
    @pytest.mark.parametrize(
        ("before", "after", "asks"),
        [
            ("", "DTSTART", True),
            ("", "DTEND", True),
            ("", "SUMMARY", False),
            ("RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=DAILY;COUNT=4", True),
            ("RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=DAILY;COUNT=2", False),
            (
                "RRULE:FREQ=DAILY;COUNT=3",
                "RRULE:FREQ=DAILY;COUNT=3\r\nRDATE:20261001T100000Z",
                True,
            ),
            (
                "RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260908T100000Z",
                "RRULE:FREQ=DAILY;COUNT=3",
                True,
            ),
            (
                "RRULE:FREQ=DAILY;COUNT=3",
                "RRULE:FREQ=DAILY;COUNT=3\r\nEXDATE:20260908T100000Z",
                False,
            ),
        ],
    )
    async def test_an_answer_is_reset_where_an_instance_is_rescheduled(
        self, ann: Client, bob: Client, before: str, after: str, asks: bool
    ):
        await ann.put(MINE, meeting("bob", lines=(before,) if before else ()))
        place, text = await only(bob)
        await bob.put(place, answering(text, "bob", "ACCEPTED"))
        mine = await text_at(ann, MINE)
        changed = {
            "DTSTART": mine.replace("DTSTART:20260907T10", "DTSTART:20260907T09"),
            "DTEND": mine.replace("DTEND:20260907T11", "DTEND:20260907T12"),
            "SUMMARY": mine.replace("SUMMARY:Meeting", "SUMMARY:Talk"),
        }

        await ann.put(MINE, changed.get(after) or mine.replace(before, after))

        found = partstats(await text_at(ann, MINE))
        expected = "NEEDS-ACTION" if asks else "ACCEPTED"
        assert found == {"ann": "ACCEPTED", "bob": expected}
        assert partstats((await only(bob))[1])["bob"] == expected


class TestStatus:
    @pytest.mark.rfc("6638 3.2.9", "6638 3.2.9.3")
    async def test_where_a_message_is_delivered_it_is_1_2(self, ann: Client, bob: Client):
        await ann.put(MINE, meeting("bob"))

        assert statuses(await text_at(ann, MINE)) == {"bob": "1.2"}
        assert len(await held(bob)) == 1

    @pytest.mark.rfc("6638 3.2.9", "6638 6.1.3", "6638 11.2")
    async def test_an_organizer_who_takes_no_answers_gets_none(
        self, ann: Client, bob: Client, invited: str
    ):
        await grant(ann, INBOX, ace(EVERYBODY, "C:schedule-deliver-invite"))

        await bob.put(invited, answering(await text_at(bob, invited), "bob", "ACCEPTED"))

        assert organizer_status(await text_at(bob, invited)) == "3.8"
        assert partstats(await text_at(ann, MINE))["bob"] == "NEEDS-ACTION"
        assert await messages(ann) == []


class TestTag:
    @pytest.mark.rfc("6638 3.2.10", "6638 8.2", "6638 9.3")
    async def test_answers_change_no_tag_and_what_the_organizer_changes_does(
        self, ann: Client, bob: Client, carl: Client
    ):
        await ann.put(MINE, meeting("bob", "carl"))
        place, text = await only(bob)
        theirs = (await only(carl))[0]
        first = await tag(ann, MINE), await tag(carl, theirs)

        await bob.put(place, answering(text, "bob", "ACCEPTED"))
        second = await tag(ann, MINE), await tag(carl, theirs)
        put = await ann.put(MINE, (await text_at(ann, MINE)).replace("Meeting", "Talk"))
        third = await tag(ann, MINE), await tag(carl, theirs)

        assert partstats(await text_at(carl, theirs))["bob"] == "ACCEPTED"
        assert second == first
        assert put.headers["Schedule-Tag"] == third[0]
        assert (third[0] != first[0], third[1] != first[1]) == (True, True)

    @pytest.mark.rfc("6638 3.2.10", "6638 3.2.10.1", "6638 8.3")
    async def test_a_put_with_the_tag_keeps_what_others_answered_since(
        self, ann: Client, bob: Client, invited: str
    ):
        before = await ann("GET", MINE)
        await bob.put(invited, answering(await text_at(bob, invited), "bob", "ACCEPTED"))

        put = await ann.put(
            MINE,
            before.text.replace("SUMMARY:Meeting", "SUMMARY:Talk"),
            If_Schedule_Tag_Match=before.headers["Schedule-Tag"],
        )

        mine = await text_at(ann, MINE)
        assert put.status == 204
        assert (partstats(mine)["bob"], "SUMMARY:Talk" in mine) == ("ACCEPTED", True)
        assert partstats(await text_at(bob, invited))["bob"] == "ACCEPTED"

    @pytest.mark.rfc("6638 3.2.10.1")
    async def test_a_put_with_the_tag_keeps_the_answer_to_an_instance(
        self, ann: Client, bob: Client
    ):
        await ann.put(MINE, meeting("bob", rrule=DAILY))
        before = await ann("GET", MINE)
        place, text = await only(bob)
        mine = instance(answering(meeting("bob"), "bob", "DECLINED"), 8)
        mine = mine.replace("20260907T", "20260908T")
        answered = await bob.put(place, having(text, mine))
        assert answered.status == 204, answered.text
        assert "RECURRENCE-ID:20260908" in await text_at(ann, MINE)

        put = await ann.put(
            MINE,
            before.text.replace("SUMMARY:Meeting", "SUMMARY:Talk"),
            If_Schedule_Tag_Match=before.headers["Schedule-Tag"],
        )

        after = await text_at(ann, MINE)
        assert put.status == 204
        override = after[after.index("RECURRENCE-ID:20260908") - 300 :]
        assert partstats(override)["bob"] == "DECLINED"

    @pytest.mark.rfc("6638 3.2.10.1")
    async def test_a_put_with_the_tag_keeps_whom_an_attendee_sends_instead(
        self, ann: Client, bob: Client, carl: Client, invited: str
    ):
        before = await ann("GET", MINE)
        text = answering(await text_at(bob, invited), "bob", "DELEGATED").replace(
            "PARTSTAT=DELEGATED", f'PARTSTAT=DELEGATED;DELEGATED-TO="{mailto("carl")}"'
        )
        delegate_ = f'ATTENDEE;DELEGATED-FROM="{mailto("bob")}":{mailto("carl")}\r\n'
        answered = await bob.put(invited, text.replace("END:VEVENT", delegate_ + "END:VEVENT"))
        assert answered.status == 204, answered.text
        assert asked(await text_at(ann, MINE)) == {
            "ann": "ACCEPTED",
            "bob": "DELEGATED",
            "carl": "NEEDS-ACTION",
        }

        put = await ann.put(
            MINE,
            before.text.replace("SUMMARY:Meeting", "SUMMARY:Talk"),
            If_Schedule_Tag_Match=before.headers["Schedule-Tag"],
        )

        after = await text_at(ann, MINE)
        assert put.status == 204
        assert asked(after) == {"ann": "ACCEPTED", "bob": "DELEGATED", "carl": "NEEDS-ACTION"}
        assert f'DELEGATED-TO="{mailto("carl")}"' in unfolded(after)
        assert "CANCELLED" not in (await only(carl))[1]

    @pytest.mark.rfc("6638 3.2.10.1")
    async def test_an_attendee_s_put_with_the_tag_keeps_what_others_answered_to_an_instance(
        self, ann: Client, bob: Client, carl: Client
    ):
        await ann.put(MINE, meeting("bob", "carl", rrule=DAILY))
        place, text = await only(bob)
        theirs, told = await only(carl)
        seen = await tag(carl, theirs) or ""
        declined = instance(answering(meeting("bob", "carl"), "bob", "DECLINED"), 8)
        await bob.put(place, having(text, declined.replace("20260907T", "20260908T")))
        assert await tag(carl, theirs) == seen

        put = await carl.put(
            theirs, answering(told, "carl", "ACCEPTED"), If_Schedule_Tag_Match=seen
        )

        after = await text_at(carl, theirs)
        assert put.status == 204
        override = after[after.index("RECURRENCE-ID:20260908") - 300 :]
        assert partstats(override)["bob"] == "DECLINED"

    @pytest.mark.rfc("6638 3.2.10.1", "6638 3.2.10.2", "6638 8.3")
    async def test_the_tag_of_before_a_change_is_refused(
        self, ann: Client, bob: Client, invited: str, other: str
    ):
        old = await tag(bob, invited) or ""
        await ann.put(MINE, meeting("bob", summary="Talk"))
        text = await text_at(bob, invited)
        to = {"Destination": f"{bob.home}calendar/n.ics", "If_Schedule_Tag_Match": old}

        answers = [
            await bob.put(invited, text, If_Schedule_Tag_Match=old),
            await bob("DELETE", invited, If_Schedule_Tag_Match=old),
            await bob("COPY", invited, **to),
            await bob("MOVE", invited, **to),
        ]

        assert [one.status for one in answers] == [412] * 4
        assert await text_at(bob, invited) == text


class TestIncoming:
    @pytest.mark.rfc("6638 4", "6638 4.1")
    async def test_who_has_no_right_in_a_calendar_changes_meetings_there(
        self, ann: Client, bob: Client, invited: str
    ):
        assert (await ann("GET", invited)).status == 404

        await ann.put(MINE, meeting("bob", summary="Talk"))

        assert "SUMMARY:Talk" in await text_at(bob, invited)

    @pytest.mark.rfc("6638 4.1", "6638 4.3")
    async def test_a_new_meeting_is_put_into_the_default_calendar_and_changed_where_it_is(
        self, ann: Client, bob: Client
    ):
        await bob("MKCALENDAR", f"{bob.home}work/")
        value = (
            "<C:schedule-default-calendar-URL><D:href>/dav/calendars/bob/work/</D:href>"
            "</C:schedule-default-calendar-URL>"
        )
        await bob("PROPPATCH", f"{bob.home}inbox/", proppatch(set_=value))
        await ann.put(MINE, meeting("bob"))
        place, _ = await only(bob, calendar="work")
        await bob("MOVE", place, Destination=f"{bob.home}calendar/moved.ics")

        await ann.put(MINE, meeting("bob", summary="Talk"))

        assert await held(bob, calendar="work") == {}
        assert "SUMMARY:Talk" in await text_at(bob, f"{bob.home}calendar/moved.ics")

    @pytest.mark.rfc("6638 4", "6638 4.3")
    async def test_a_task_is_put_into_a_calendar_that_takes_tasks(self, ann: Client, bob: Client):
        lines = [f"ORGANIZER:{mailto('ann')}", f"ATTENDEE:{mailto('bob')}"]
        text = vcalendar(vtodo(uid="m", lines=lines))

        put = await ann.put(f"{HOME}tasks/m.ics", text)

        assert put.status == 201
        assert len(await held(bob, calendar="tasks")) == 1
        assert await held(bob) == {}
        assert statuses(await text_at(ann, f"{HOME}tasks/m.ics")) == {"bob": "1.2"}

    @pytest.mark.rfc("6638 4.3")
    async def test_a_task_is_put_nowhere_where_no_calendar_takes_tasks(
        self, ann: Client, bob: Client
    ):
        for name in ("tasks", "notes"):
            await bob("DELETE", f"{bob.home}{name}/")
        lines = [f"ORGANIZER:{mailto('ann')}", f"ATTENDEE:{mailto('bob')}"]

        await ann.put(f"{HOME}tasks/m.ics", vcalendar(vtodo(uid="m", lines=lines)))

        assert await held(bob) == {}
        assert statuses(await text_at(ann, f"{HOME}tasks/m.ics")) == {"bob": "5.2"}

    @pytest.mark.rfc("6638 4.2")
    async def test_an_answer_to_what_is_gone_is_ignored(
        self, ann: Client, bob: Client, invited: str
    ):
        await ann("DELETE", MINE)
        text = (await text_at(bob, invited)).replace("STATUS:CANCELLED\r\n", "")

        await bob.put(invited, answering(text, "bob", "ACCEPTED"))

        assert (await held(ann), await messages(ann)) == ({}, [])

    @pytest.mark.rfc("6638 4.3.1", "6638 4.3.1.1")
    async def test_the_default_calendar_is_needed(self, ann: Client):
        answer = await ann("DELETE", HOME + "calendar/")

        assert (answer.status, answer.condition) == (403, CALDAV + "default-calendar-needed")
        assert len(answer.xml[0]) == 0


class TestPrivileges:
    @pytest.mark.rfc("6638 6", "6638 6.3")
    async def test_all_holds_the_scheduling_privileges_none_of_them_abstract(self, ann: Client):
        found = {}
        for box in (INBOX, OUTBOX):
            answer = await ann.propfind(box, "D:supported-privilege-set")
            ((root,),) = [answer.props()["{DAV:}supported-privilege-set"][1]]
            assert root.find("D:privilege", NS)[0].tag == "{DAV:}all"
            assert root.findall(".//D:abstract", NS) == []
            for one in root.iter("{DAV:}supported-privilege"):
                name = str(one.find("D:privilege", NS)[0].tag).removeprefix(CALDAV)
                inner = [
                    str(sub.find("D:privilege", NS)[0].tag).removeprefix(CALDAV)
                    for sub in one.findall("D:supported-privilege", NS)
                ]
                if name in ("schedule-deliver", "schedule-send"):
                    found[name] = inner

        assert found == {
            "schedule-deliver": [
                "schedule-deliver-invite",
                "schedule-deliver-reply",
                "schedule-query-freebusy",
            ],
            "schedule-send": [
                "schedule-send-invite",
                "schedule-send-reply",
                "schedule-send-freebusy",
            ],
        }

    @pytest.mark.rfc("6638 6.1.1", "6638 6.1.2", "6638 11.2")
    @pytest.mark.parametrize(
        ("privilege", "status"),
        [
            ("schedule-deliver", "1.2"),
            ("schedule-deliver-invite", "1.2"),
            ("schedule-deliver-reply", "3.8"),
            ("schedule-query-freebusy", "3.8"),
        ],
    )
    async def test_who_may_invite_is_for_the_owner_of_the_inbox_to_say(
        self, ann: Client, bob: Client, privilege: str, status: str
    ):
        await grant(bob, f"{bob.home}inbox/", ace(href("ann"), f"C:{privilege}"))

        await ann.put(MINE, meeting("bob"))

        assert statuses(await text_at(ann, MINE)) == {"bob": status}
        assert len(await held(bob)) == (status == "1.2")

    @pytest.mark.rfc("6638 6.2.1", "6638 6.2.2", "6638 6.2.3", "6638 11.2")
    @pytest.mark.parametrize(
        ("privilege", "invites", "replies"),
        [
            ("schedule-send", 201, 204),
            ("schedule-send-invite", 201, 403),
            ("schedule-send-reply", 403, 204),
            ("schedule-send-freebusy", 403, 403),
        ],
    )
    async def test_who_writes_for_another_needs_the_privilege_to_send(
        self, ann: Client, bob: Client, carl: Client, privilege: str, invites: int, replies: int
    ):
        await ann.put(MINE, meeting("bob"))
        place, text = await only(bob)
        await grant(bob, f"{bob.home}calendar/", ace(href("carl"), "D:read", "D:write"))
        await grant(bob, f"{bob.home}outbox/", ace(href("carl"), f"C:{privilege}"))

        answers = [
            await carl.put(f"{bob.home}calendar/n.ics", meeting("ann", uid="n", organizer="bob")),
            await carl.put(place, answering(text, "bob", "ACCEPTED")),
        ]

        assert [one.status for one in answers] == [invites, replies]
        needed = ("schedule-send-invite", "schedule-send-reply")
        for one, name in zip(answers, needed, strict=True):
            if one.status == 403:
                assert lacking(one) == (403, f"{bob.home}outbox/", CALDAV + name)
        assert partstats(await text_at(ann, MINE))["bob"] == (
            "ACCEPTED" if replies == 204 else "NEEDS-ACTION"
        )

    @pytest.mark.rfc("6638 6.2.3")
    async def test_who_may_not_reply_removes_no_invitation_but_in_silence(
        self, ann: Client, bob: Client, carl: Client, invited: str
    ):
        await grant(bob, f"{bob.home}calendar/", ace(href("carl"), "D:read", "D:write"))

        answers = [
            await carl("DELETE", invited),
            await carl("DELETE", invited, Schedule_Reply="F"),
        ]

        assert [one.status for one in answers] == [403, 204]
        assert partstats(await text_at(ann, MINE))["bob"] == "NEEDS-ACTION"

    @pytest.mark.rfc("6638 6.1.4", "6638 11.3")
    async def test_free_busy_is_told_to_whom_the_inbox_lets_ask(self, ann: Client, bob: Client):
        text = (
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\n"
            "UID:f\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260907T000000Z\r\n"
            f"DTEND:20260908T000000Z\r\nORGANIZER:{mailto('ann')}\r\nATTENDEE:{mailto('bob')}\r\n"
            "END:VFREEBUSY\r\nEND:VCALENDAR\r\n"
        )
        found = []
        for privilege in ("schedule-deliver-invite", "schedule-query-freebusy", "schedule-deliver"):
            await grant(bob, f"{bob.home}inbox/", ace(href("ann"), f"C:{privilege}"))
            answer = await ann("POST", OUTBOX, text, Content_Type="text/calendar")
            found.append(answer.xml.findtext(".//C:request-status", "", NS)[:3])

        assert found == ["3.8", "2.0", "2.0"]


class TestProperties:
    @pytest.mark.rfc("6638 9.1")
    async def test_a_transparent_calendar_makes_nobody_busy(self, ann: Client, other: str):
        await ann.put(f"{other}e.ics", event(uid="e", start="20260907T100000Z", duration="PT1H"))
        name = "schedule-calendar-transp"
        found = []
        for value in ("opaque", "transparent"):
            await ann("PROPPATCH", other, proppatch(set_=f"<C:{name}><C:{value}/></C:{name}>"))
            answer = await ann("REPORT", HOME, BUSY, Depth="infinity")
            found.append("\r\nFREEBUSY" in answer.text)
        await ann("COPY", other, Destination=HOME + "copy/")
        await ann("MOVE", other, Destination=HOME + "moved/")

        assert found == [True, False]
        for path in (HOME + "copy/", HOME + "moved/"):
            _, element = (await ann.propfind(path, f"C:{name}")).props()[CALDAV + name]
            assert [one.tag for one in element] == [CALDAV + "transparent"]
            assert CALDAV + name not in (await ann.propfind(path)).props()

    @pytest.mark.rfc("6638 9.1")
    async def test_a_calendar_is_opaque_unless_it_says_otherwise(self, ann: Client, other: str):
        name = CALDAV + "schedule-calendar-transp"

        status, element = (await ann.propfind(other, "C:schedule-calendar-transp")).props()[name]

        assert (status, [one.tag for one in element]) == (200, [CALDAV + "opaque"])

    @pytest.mark.rfc("6638 9.2")
    async def test_the_default_calendar_is_one_href(self, ann: Client, other: str):
        name = "schedule-default-calendar-URL"
        two = f"<C:{name}><D:href>{other}</D:href><D:href>{HOME}calendar/</D:href></C:{name}>"

        refused = await ann("PROPPATCH", INBOX, proppatch(set_=two))
        emptied = await ann("PROPPATCH", INBOX, proppatch(set_=f"<C:{name}/>"))

        shown = (await ann.propfind(INBOX, f"C:{name}")).props()[CALDAV + name][1]
        assert refused.props()[CALDAV + name][0] == 403
        assert emptied.props()[CALDAV + name][0] == 200
        assert [(one.tag, one.text) for one in shown] == [("{DAV:}href", HOME + "calendar/")]


class TestSecurity:
    @pytest.mark.rfc("6638 11.2")
    async def test_nobody_takes_a_meeting_over_with_its_uid(
        self, ann: Client, bob: Client, carl: Client, invited: str
    ):
        before = await text_at(bob, invited)

        await carl.put(
            f"{carl.home}calendar/m.ics", meeting("bob", organizer="carl", summary="Evil")
        )

        assert await text_at(bob, invited) == before
        assert "Evil" not in "".join((await held(bob)).values())

    @pytest.mark.rfc("6638 11.2")
    async def test_an_event_of_one_s_own_is_no_invitation_for_who_knows_its_uid(
        self, ann: Client, bob: Client
    ):
        mine = f"{bob.home}calendar/m.ics"
        await bob.put(mine, event(uid="m", summary="Dentist"))
        before = await text_at(bob, mine)

        await ann.put(MINE, meeting("bob", summary="Evil"))

        assert await text_at(bob, mine) == before

    @pytest.mark.rfc("6638 11.2")
    async def test_nobody_organizes_in_the_name_of_another(
        self, ann: Client, bob: Client, carl: Client
    ):
        put = await ann.put(MINE, meeting("carl", organizer="bob"))

        assert (put.status, "Schedule-Tag" in put.headers) == (201, False)
        assert (await messages(bob), await messages(carl)) == ([], [])

    @pytest.mark.rfc("6638 11.4")
    async def test_what_others_may_not_see_is_in_no_refusal(
        self, ann: Client, bob: Client, other: str
    ):
        await ann.put(OTHER, meeting("bob"))
        await delegate(ann, "write", "bob")
        await grant(ann, f"{HOME}calendar/", ace(href("bob"), "D:read", "D:write"))

        refused = await bob.put(MINE, meeting("bob"))

        assert refused.condition == CALDAV + "unique-scheduling-object-resource"
        assert len(refused.xml[0]) == 0

    @pytest.mark.rfc("6638 11.1")
    async def test_boxes_say_how_large_a_message_may_be(self, ann: Client):
        for box in (INBOX, OUTBOX):
            answer = await ann.propfind(box, "C:max-resource-size", "C:max-attendees-per-instance")

            assert {status for status, _ in answer.props().values()} == {200}

    @pytest.mark.rfc("6638 9", "6638 2.3")
    async def test_a_query_of_an_inbox_filters_as_that_of_a_calendar(
        self, ann: Client, bob: Client, invited: str
    ):
        found = [
            (
                await bob("REPORT", f"{bob.home}inbox/", query(f'<C:comp-filter name="{name}"/>'))
            ).hrefs
            for name in ("VEVENT", "VTODO")
        ]

        assert [len(one) for one in found] == [1, 0]
