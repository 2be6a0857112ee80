"""Requests for busy time, posted to outboxes (RFC 6638 §5, RFC 5546 §3.3, RFC 7953 §7.2.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from caldavd.dav.registry import dav_header
from caldavd.dav.server import Server
from caldavd.model import PrincipalKind
from caldavd.service import accounts, groups
from caldavd.service.accounts import Defaults, NewAccount
from caldavd.store.engine import WriteTx
from tests.protocol.client import NS, Answer, Client, proppatch
from tests.protocol.conftest import add_user
from tests.protocol.people import ace, delegate, grant, href
from tests.protocol.recorded import Recorded
from tests.protocol.state import everything
from tests.unit.builders import event

NOW = 1_767_600_000
OUTBOX = "/dav/calendars/ann/outbox/"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
DAY = ("20260105T000000Z", "20260106T000000Z")
NINE = "FREEBUSY;FBTYPE=BUSY:20260105T090000Z/20260105T100000Z"


def asked(
    *attendees: str,
    organizer: str = "mailto:ann@example.org",
    span: tuple[str, str] = DAY,
    lines: Sequence[str] = (),
    method: str = "METHOD:REQUEST\r\n",
) -> str:
    """A request for the busy time of attendees, whose names are those of accounts."""
    people = [f"ATTENDEE:{who if ':' in who or '/' in who else address(who)}" for who in attendees]
    head = ("UID:fb-1", "DTSTAMP:20260101T000000Z", f"DTSTART:{span[0]}", f"DTEND:{span[1]}")
    body = "".join(f"{line}\r\n" for line in (*head, f"ORGANIZER:{organizer}", *people, *lines))
    return (
        f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{method}"
        f"BEGIN:VFREEBUSY\r\n{body}END:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )


def address(name: str) -> str:
    return f"mailto:{name}@example.org"


async def post(client: Client, text: str, path: str = OUTBOX, **headers: str) -> Answer:
    headers.setdefault("Content_Type", "text/calendar; charset=utf-8")
    return await client("POST", path, text, **headers)


def replies(answer: Answer) -> dict[str, tuple[str, list[str]]]:
    """The status and the FREEBUSY lines of each recipient, as it is spelled."""
    assert answer.status == 200
    root = answer.xml
    assert root.tag == CALDAV + "schedule-response"
    found = {}
    for one in root:
        assert one.tag == CALDAV + "response"
        status = one.findtext("C:request-status", "", NS)
        data = one.findtext("C:calendar-data", None, NS)
        names = [str(child.tag).rpartition("}")[2] for child in one]
        expected = ["recipient", "request-status", "calendar-data"]
        assert names == expected[: 2 + (data is not None)]
        assert status.startswith("2.") == (data is not None)
        lines = [] if data is None else [x for x in data.split("\r\n") if x.startswith("FREEBUSY")]
        found[one.findtext("C:recipient/D:href", "", NS)] = (status.partition(";")[0], lines)
    return found


async def set_availability(client: Client, *available: str, lines: Sequence[str] = ()) -> None:
    """Sets a client's own working hours; `available` are content lines of each AVAILABLE."""
    parts = "".join(
        f"BEGIN:AVAILABLE\r\nUID:{number}\r\nDTSTAMP:20260101T000000Z\r\n{one}\r\nEND:AVAILABLE\r\n"
        for number, one in enumerate(available)
    )
    head = "".join(f"{line}\r\n" for line in ("UID:v", "DTSTAMP:20260101T000000Z", *lines))
    text = (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VAVAILABILITY\r\n"
        f"{head}{parts}END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
    )
    value = f"<C:calendar-availability>{text}</C:calendar-availability>".replace("\r", "&#13;")
    answer = await client("PROPPATCH", client.home + "inbox/", proppatch(set_=value))
    assert answer.props()[CALDAV + "calendar-availability"][0] == 200, answer.text


@pytest.fixture
async def busy_bob(bob: Client) -> Client:
    """Bob, with a meeting at nine."""
    assert (await bob.put(bob.home + "calendar/m.ics", event(uid="m"))).status == 201
    return bob


@pytest.mark.rfc("6638 5", "6638 10.1", "6638 10.2", "6638 10.3", "6638 10.4")
@pytest.mark.rfc("5546 3.3.3", "5546 4.3.2", "5546 4.3.3")
async def test_each_attendee_is_answered_as_the_request_spells_them(
    server: Server, ann: Client, busy_bob: Client
):
    text = asked("ann", "MAILTO:Bob@Example.ORG")

    answer = await post(ann, text)

    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    data = answer.xml.findall("C:response/C:calendar-data", NS)[1].text
    assert data is not None
    assert [line for line in data.split("\r\n") if not line.startswith("DTSTAMP")] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//EN",
        "METHOD:REPLY",
        "BEGIN:VFREEBUSY",
        "DTSTART:20260105T000000Z",
        "DTEND:20260106T000000Z",
        "UID:fb-1",
        "ORGANIZER:mailto:ann@example.org",
        "ATTENDEE:MAILTO:Bob@Example.ORG",
        NINE,
        "END:VFREEBUSY",
        "END:VCALENDAR",
        "",
    ]
    assert replies(answer) == {
        "mailto:ann@example.org": ("2.0", []),
        "MAILTO:Bob@Example.ORG": ("2.0", [NINE]),
    }


@pytest.mark.rfc("5546 3.6.20", "5546 3.6.32")
async def test_who_is_nobody_here_is_told_from_who_is_elsewhere(ann: Client, busy_bob: Client):
    answer = await post(ann, asked("bob", "nobody", "mailto:x@elsewhere.example", "urn:x:y"))

    assert replies(answer) == {
        "mailto:bob@example.org": ("2.0", [NINE]),
        "mailto:nobody@example.org": ("3.7", []),
        "mailto:x@elsewhere.example": ("5.3", []),
        "urn:x:y": ("3.7", []),
    }


async def test_addresses_of_each_kind_lead_to_their_owner(
    server: Server, ann: Client, busy_bob: Client
):
    shown = await ann.propfind("/dav/principals/bob/", "C:calendar-user-address-set")
    ((_, found),) = shown.props().values()
    addresses = [str(one.text) for one in found]

    answer = await post(ann, asked(*addresses))

    assert len(addresses) == 3
    assert replies(answer) == {one: ("2.0", [NINE]) for one in addresses}


async def test_who_stands_there_twice_is_answered_once(ann: Client, busy_bob: Client):
    answer = await post(ann, asked("bob", "mailto:BOB@example.org"))

    assert replies(answer) == {"mailto:bob@example.org": ("2.0", [NINE])}


async def test_headers_say_nothing_that_the_message_does_not(ann: Client, busy_bob: Client):
    answer = await post(
        ann,
        asked("bob"),
        Originator="mailto:ann@example.org",
        Recipient="mailto:eve@example.org, mailto:bob@example.org",
    )

    assert replies(answer) == {"mailto:bob@example.org": ("2.0", [NINE])}


async def test_rooms_are_asked_as_users_are_and_groups_are_not(server: Server, ann: Client):
    async def make(tx: WriteTx) -> None:
        room = NewAccount("lab", "Lab", ("lab@example.org",), PrincipalKind.ROOM)
        await accounts.create(tx, room, None, Defaults(), NOW)
        await groups.create(tx, "staff", "Staff", NOW)

    await server.db.write(make)

    answer = await post(ann, asked("lab", "/dav/principals/staff/"))

    assert replies(answer) == {
        "mailto:lab@example.org": ("2.0", []),
        "/dav/principals/staff/": ("5.3", []),
    }


PRIVATE = event(uid="secret", summary="Dentist", lines=["CLASS:PRIVATE", "LOCATION:Molar Street"])


async def test_of_private_events_there_is_busy_time_alone(ann: Client, bob: Client):
    await bob.put(bob.home + "calendar/s.ics", PRIVATE)

    answer = await post(ann, asked("bob"))

    assert replies(answer) == {"mailto:bob@example.org": ("2.0", [NINE])}
    assert "Dentist" not in answer.text
    assert "Molar" not in answer.text


class TestMasking:
    async def test_a_masked_event_counts_for_nobody(self, ann: Client, busy_bob: Client):
        await ann.put(ann.home + "calendar/m.ics", event(uid="m"))
        await busy_bob.put(
            busy_bob.home + "calendar/n.ics",
            event(uid="n", start="20260105T093000Z", duration="PT1H"),
        )
        lines = ["X-CALENDARSERVER-MASK-UID:m"]

        masked = replies(await post(ann, asked("ann", "bob", lines=lines)))
        plain = replies(await post(ann, asked("ann", "bob")))

        half = "FREEBUSY;FBTYPE=BUSY:20260105T093000Z/20260105T103000Z"
        assert [lines for _, lines in masked.values()] == [[], [half]]
        assert [lines for _, lines in plain.values()] == [
            [NINE],
            ["FREEBUSY;FBTYPE=BUSY:20260105T090000Z/20260105T103000Z"],
        ]

    async def test_it_is_masked_where_the_index_does_not_reach(self, ann: Client, bob: Client):
        await bob.put(bob.home + "calendar/m.ics", event(uid="m", rrule="FREQ=DAILY"))
        in_2090 = ("20900105T000000Z", "20900106T000000Z")

        plain = await post(ann, asked("bob", span=in_2090))
        masked = await post(ann, asked("bob", span=in_2090, lines=["X-CALENDARSERVER-MASK-UID:m"]))

        assert [len(lines) for _, lines in replies(plain).values()] == [1]
        assert replies(masked) == {"mailto:bob@example.org": ("2.0", [])}


class TestAvailability:
    WORK = "DTSTART:20260101T080000Z\r\nDTEND:20260101T160000Z\r\nRRULE:FREQ=DAILY"

    @pytest.mark.rfc("7953 7.2.5", "7953 7.2.4")
    async def test_time_that_is_not_available_is_told_with_what_is_busy(
        self, ann: Client, busy_bob: Client
    ):
        await set_availability(busy_bob, self.WORK)

        answer = await post(ann, asked("bob", "ann"))

        assert replies(answer) == {
            "mailto:bob@example.org": (
                "2.0",
                [
                    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260105T000000Z/20260105T080000Z",
                    NINE,
                    "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260105T160000Z/20260106T000000Z",
                ],
            ),
            "mailto:ann@example.org": ("2.0", []),
        }

    @pytest.mark.rfc("7953 7.2.3")
    async def test_a_query_on_calendars_tells_of_what_is_in_them_alone(self, bob: Client):
        await set_availability(bob, self.WORK)

        answer = await bob(
            "REPORT",
            bob.home,
            '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
            f'<C:time-range start="{DAY[0]}" end="{DAY[1]}"/></C:free-busy-query>',
            Depth="1",
        )

        assert (answer.status, "FREEBUSY;" in answer.text) == (200, False)


class TestWho:
    @pytest.mark.rfc("6638 5.2.2")
    @pytest.mark.parametrize("organizer", ["mailto:bob@example.org", "mailto:x@y.example", "ann"])
    async def test_nobody_asks_in_the_name_of_others(self, ann: Client, organizer: str):
        answer = await post(ann, asked("bob", organizer=organizer))

        assert (answer.status, answer.condition) == (403, CALDAV + "valid-organizer")

    async def test_the_owner_asks_under_any_of_their_addresses(self, ann: Client):
        answer = await post(ann, asked("bob", organizer="/dav/principals/ann/"))

        assert replies(answer) == {"mailto:bob@example.org": ("2.0", [])}

    @pytest.mark.rfc("6638 6.2.4", "3744 7.1.1")
    async def test_a_delegate_who_may_write_asks_for_the_owner_and_one_who_reads_does_not(
        self, ann: Client, busy_bob: Client, server: Server
    ):
        await add_user(server.db, "eve", "Eve")
        await delegate(ann, "write", "bob")
        await delegate(ann, "read", "eve")

        writer = await post(busy_bob, asked("bob"))
        reader = await post(Client(server, "eve"), asked("bob"))

        assert replies(writer) == {"mailto:bob@example.org": ("2.0", [NINE])}
        assert (reader.status, reader.condition) == (403, "{DAV:}need-privileges")
        assert "schedule-send-freebusy" in reader.text

    @pytest.mark.rfc("6638 6.2.4")
    async def test_who_is_granted_to_ask_needs_nothing_else(self, ann: Client, bob: Client):
        before = await post(bob, asked("bob"))
        await grant(ann, OUTBOX, ace(href("bob"), "C:schedule-send-freebusy"))

        after = await post(bob, asked("bob"))

        assert before.status == 404
        assert replies(after) == {"mailto:bob@example.org": ("2.0", [])}

    @pytest.mark.rfc("6638 6.1.4", "5546 3.6.21")
    async def test_who_lets_nobody_ask_is_not_told_of(self, ann: Client, busy_bob: Client):
        await grant(busy_bob, busy_bob.home + "inbox/")

        answer = await post(ann, asked("bob", "ann"))
        own = await post(
            busy_bob, asked("bob", organizer="mailto:bob@example.org"), "/dav/calendars/bob/outbox/"
        )

        assert replies(answer) == {
            "mailto:bob@example.org": ("3.8", []),
            "mailto:ann@example.org": ("2.0", []),
        }
        assert replies(own) == {"mailto:bob@example.org": ("2.0", [NINE])}

    async def test_who_is_not_seen_is_nobody(self, server: Server, busy_bob: Client):
        ann = Client(replace(server, all_principals=False), "ann")

        assert replies(await post(ann, asked("bob", "ann"))) == {
            "mailto:bob@example.org": ("3.7", []),
            "mailto:ann@example.org": ("2.0", []),
        }


BAD = {
    "a method that is none": asked("bob", method="METHOD:REPLY\r\n"),
    "two methods": asked("bob", method="METHOD:REQUEST\r\nMETHOD:REQUEST\r\n"),
    "no attendee": asked(),
    "no uid": asked("bob").replace("UID:fb-1\r\n", ""),
    "no dtstamp": asked("bob").replace("DTSTAMP:20260101T000000Z\r\n", ""),
    "no organizer": asked("bob").replace("ORGANIZER:mailto:ann@example.org\r\n", ""),
    "no end": asked("bob").replace("DTEND:20260106T000000Z\r\n", ""),
    "local times": asked("bob", span=("20260105T000000", "20260106T000000")),
    "no times": asked("bob", span=("20260105", "20260106")),
    "an end before its start": asked("bob", span=DAY[::-1]),
    "too long": asked("bob", span=("20260105T000000Z", "20270210T000001Z")),
    "busy time": asked("bob", lines=["FREEBUSY:20260105T000000Z/PT1H"]),
    "a url": asked("bob", lines=["URL:http://x.example/"]),
    "two of it": asked("bob").replace(
        "END:VFREEBUSY\r\n", "END:VFREEBUSY\r\nBEGIN:VFREEBUSY\r\nUID:b\r\nEND:VFREEBUSY\r\n"
    ),
    "an event": asked("bob").replace("VFREEBUSY", "VEVENT"),
    "a zone": asked("bob").replace(
        "BEGIN:VFREEBUSY", "BEGIN:VTIMEZONE\r\nTZID:x\r\nEND:VTIMEZONE\r\nBEGIN:VFREEBUSY"
    ),
    "no message": event(uid="a"),
    "too much masked": asked("bob", lines=["X-CALENDARSERVER-MASK-UID:x"] * 21),
}


@pytest.mark.rfc("6638 5.1", "6638 5.2", "6638 5.2.1", "5546 3.3.2")
@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
async def test_what_is_no_request_is_refused(ann: Client, text: str):
    before = await everything(ann)

    answer = await post(ann, text)

    assert (answer.status, answer.condition) == (400, CALDAV + "valid-scheduling-message")
    assert await everything(ann) == before


@pytest.mark.rfc("6638 5.2", "6638 11.1")
@pytest.mark.parametrize(
    ("text", "headers", "condition"),
    [
        (asked("bob"), {"Content_Type": "image/png"}, "supported-calendar-data"),
        (asked("bob").replace("2.0", "1.0"), {}, "supported-calendar-data"),
        (asked("bob").replace("END:VCALENDAR", "END:NOTHING"), {}, "valid-calendar-data"),
        (asked("bob", lines=["COMMENT:" + "x" * 260_000]), {}, "max-resource-size"),
        (
            asked(*(f"u{number}" for number in range(501))),
            {},
            "max-attendees-per-instance",
        ),
    ],
)
async def test_what_is_no_calendar_data_is_refused(
    ann: Client, text: str, headers: dict[str, str], condition: str
):
    answer = await post(ann, text, **headers)

    assert (answer.status, answer.condition) == (403, CALDAV + condition)


FORM = {"Content_Type": "application/x-www-form-urlencoded"}


@pytest.mark.rfc("6638 5.1")
async def test_an_outbox_says_what_it_takes(ann: Client, calendar: str):
    form = await post(ann, "a=b", **FORM)
    event_ = await post(ann, event(uid="a"))
    elsewhere = await post(ann, "a=b", calendar, **FORM)

    assert [(one.status, one.condition) for one in (form, event_, elsewhere)] == [
        (403, CALDAV + "supported-calendar-data"),
        (400, CALDAV + "valid-scheduling-message"),
        (403, CALDAV + "supported-calendar-data"),
    ]
    says = ["an outbox takes" in one.text for one in (form, event_, elsewhere)]
    assert says == [True, True, False]


@pytest.mark.rfc("3744 7.1.1", "6638 6.2.4")
async def test_who_sees_an_outbox_is_told_what_they_lack(ann: Client, bob: Client):
    await delegate(ann, "read", "bob")

    sent = (await post(bob, "a=b", **FORM), await post(bob, event(uid="a")))

    assert [(one.status, one.condition) for one in sent] == [(403, "{DAV:}need-privileges")] * 2
    assert (await post(ann, "a=b", "/dav/calendars/bob/outbox/", **FORM)).status == 404


async def test_a_message_is_no_object_of_a_calendar(ann: Client, calendar: str):
    answer = await post(ann, asked("bob"), calendar)
    home = await post(ann, asked("bob"), ann.home)

    assert (answer.status, answer.condition) == (403, CALDAV + "valid-calendar-object-resource")
    assert home.status == 403


async def test_who_has_no_outbox_there_learns_nothing(ann: Client, bob: Client):
    answers = [
        await post(bob, asked("bob"), path) for path in (OUTBOX, "/dav/calendars/nobody/outbox/")
    ]

    assert [one.status for one in answers] == [404, 404]


async def test_many_attendees_take_as_many_statements_as_one(server: Server):
    names = [f"user{number}" for number in range(12)]
    for name in names:
        await add_user(server.db, name, name)
        user = Client(server, name)
        await user.put(user.home + "calendar/m.ics", event(uid="m"))
        await set_availability(user, TestAvailability.WORK)
    counts = []
    for attendees in (names[:1], names):
        recorded = Recorded(server.db)
        client = Client(replace(server, db=recorded), "ann")
        lines = ["X-CALENDARSERVER-MASK-UID:other"]
        found = replies(await post(client, asked(*attendees, lines=lines)))
        assert {len(lines) for _, lines in found.values()} == {3}
        counts.append(len(recorded.noted))

    assert counts[0] == counts[1] <= 12


async def test_asking_writes_nothing(server: Server, busy_bob: Client):
    class ReadOnly(Recorded):
        async def write(self, work):  # type: ignore[no-untyped-def]
            raise AssertionError("a question is no write")

    client = Client(replace(server, db=ReadOnly(server.db)), "ann")

    assert replies(await post(client, asked("bob"))) == {"mailto:bob@example.org": ("2.0", [NINE])}


@pytest.mark.rfc("7953 7.2.1")
def test_the_tokens_that_clients_look_for_are_told_together():
    wanted = {"calendar-schedule", "calendar-auto-schedule", "calendar-availability"}
    told, untold = (set(dav_header(schedules=schedules).split(", ")) for schedules in (True, False))

    assert (wanted <= told, wanted & untold) == (True, set())


APPLE = """\
BEGIN:VCALENDAR
VERSION:2.0
METHOD:REQUEST
PRODID:-//Apple Inc.//macOS 13//EN
BEGIN:VFREEBUSY
UID:4288F0F3-5C5B-4DF4-9AD8-B1E5FE3F5B97
DTSTAMP:20260727T203410Z
DTSTART:20260105T000000Z
DTEND:20260106T000000Z
ORGANIZER:mailto:ann@example.org
ATTENDEE:mailto:bob@example.org
ATTENDEE:mailto:nobody@elsewhere.example
X-CALENDARSERVER-MASK-UID:ev-1
END:VFREEBUSY
END:VCALENDAR
"""
THUNDERBIRD = """\
BEGIN:VCALENDAR
PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN
VERSION:2.0
METHOD:REQUEST
BEGIN:VFREEBUSY
UID:fb-2
DTSTAMP:20260727T203410Z
DTSTART:20260105T000000Z
DTEND:20260106T000000Z
ORGANIZER:mailto:ann@example.org
ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;CUTYPE=INDIVIDUAL:mailto
 :bob@example.org
END:VFREEBUSY
END:VCALENDAR
"""


async def test_what_apple_calendar_sends_is_answered(ann: Client, busy_bob: Client):
    await busy_bob.put(busy_bob.home + "calendar/ev.ics", event(uid="ev-1", duration="PT3H"))

    answer = await post(ann, APPLE, Content_Type="text/calendar")

    assert replies(answer) == {
        "mailto:bob@example.org": ("2.0", [NINE]),
        "mailto:nobody@elsewhere.example": ("5.3", []),
    }
    assert "UID:4288F0F3-5C5B-4DF4-9AD8-B1E5FE3F5B97" in answer.text


async def test_what_thunderbird_sends_is_answered(ann: Client, busy_bob: Client):
    answer = await post(
        ann, THUNDERBIRD, Originator="mailto:ann@example.org", Recipient="mailto:bob@example.org"
    )

    assert replies(answer) == {"mailto:bob@example.org": ("2.0", [NINE])}


@pytest.mark.rfc("7953 8")
async def test_an_availability_that_would_be_too_much_to_follow_is_refused(ann: Client):
    hourly = TestAvailability.WORK.replace("DAILY", "HOURLY")

    with pytest.raises(AssertionError, match="403 Forbidden"):
        await set_availability(ann, hourly)
