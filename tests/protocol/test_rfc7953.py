"""RFC 7953 section by section: the availability of inboxes, and what others are told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import Answer, Client, proppatch
from tests.protocol.people import ace, delegate, grant, href
from tests.protocol.test_outbox import asked, post, replies, set_availability
from tests.unit.builders import calendar, component, event

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
NAME = CALDAV + "calendar-availability"
INBOX = "/dav/calendars/ann/inbox/"
MORNING = "DTSTART:20260105T080000Z\r\nDTEND:20260105T120000Z"
PRIVATE = ["SUMMARY:Clinic", "LOCATION:Ward 5", "DESCRIPTION:Knee"]


@pytest.fixture
def scheduled(server: Server) -> Server:
    return replace(server, scheduling=True)


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


def vavailability(*inner: str, lines: tuple[str, ...] = ()) -> str:
    return component("VAVAILABILITY", ["UID:v", "DTSTAMP:20260101T000000Z", *lines], inner)


def available(*lines: str) -> str:
    return component("AVAILABLE", ["UID:x", "DTSTAMP:20260101T000000Z", *lines])


async def put(client: Client, text: str, path: str = INBOX) -> Answer:
    value = f"<C:calendar-availability>{text}</C:calendar-availability>".replace("\r", "&#13;")
    return await client("PROPPATCH", path, proppatch(set_=value))


async def busy(asker: Client, of: str) -> list[str]:
    """The FREEBUSY lines of somebody, as another is told."""
    path = f"/dav/calendars/{asker.name}/outbox/"
    answer = await post(asker, asked(of, organizer=f"mailto:{asker.name}@example.org"), path)
    ((_, lines),) = replies(answer).values()
    return [line.removeprefix("FREEBUSY;FBTYPE=") for line in lines]


@pytest.mark.rfc("7953 7", "7953 7.2", "7953 7.2.1")
@pytest.mark.parametrize("path", ["/", "/dav/calendars/ann/", INBOX])
async def test_options_says_that_there_are_availabilities(ann: Client, path: str):
    found = (await ann("OPTIONS", path)).headers["DAV"].split(", ")

    assert {"calendar-access", "calendar-availability"} <= set(found)


@pytest.mark.rfc("7953 7", "7953 7.2.2")
async def test_calendars_hold_none_and_say_so(ann: Client):
    text = calendar(vavailability(available(*MORNING.split("\r\n"))))
    name = "supported-calendar-component-set"

    refused = await ann.put("/dav/calendars/ann/calendar/v.ics", text)
    _, element = (await ann.propfind("/dav/calendars/ann/calendar/", f"C:{name}")).props()[
        CALDAV + name
    ]

    assert refused.status == 403
    assert "VAVAILABILITY" not in [one.get("name") for one in element]


@pytest.mark.rfc("7953 7.2.4")
async def test_allprop_does_not_tell_it(ann: Client):
    await set_availability(ann, MORNING)

    told = (await ann.propfind(INBOX)).props()
    asked_for = (await ann.propfind(INBOX, "C:calendar-availability")).props()

    assert NAME not in told
    assert asked_for[NAME][0] == 200


WRONG = {
    "two": calendar(vavailability(), vavailability()),
    "an event besides": calendar(vavailability()).replace(
        "END:VCALENDAR", event(uid="e").partition("BEGIN:VEVENT")[2].join(("BEGIN:VEVENT", ""))
    ),
    "none": calendar(),
    "no iCalendar": "working hours",
    "days": calendar(vavailability(available("DTSTART;VALUE=DATE:20260105"))),
    "floating": calendar(vavailability(available("DTSTART:20260105T080000"))),
    "an end before its start": calendar(
        vavailability(available("DTSTART:20260105T080000Z", "DTEND:20260105T070000Z"))
    ),
    "two priorities": calendar(vavailability(lines=("PRIORITY:1", "PRIORITY:2"))),
    "a duration of nothing": calendar(vavailability(lines=("DURATION:PT1H",))),
}


@pytest.mark.rfc("7953 3", "7953 3.1", "7953 7.2.4")
@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
async def test_what_is_no_availability_is_refused_and_the_old_one_stays(ann: Client, text: str):
    await set_availability(ann, MORNING)
    before = (await ann.propfind(INBOX, "C:calendar-availability")).text

    answer = await put(ann, text)

    assert answer.props()[NAME][0] == 403
    assert "<C:valid-calendar-data/>" in answer.text
    assert (await ann.propfind(INBOX, "C:calendar-availability")).text == before


@pytest.mark.rfc("7953 3.1", "7953 7.2.5")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((), ["T000000Z/20260105T080000Z", "T120000Z/20260106T000000Z"]),
        (("DTSTART:20260105T060000Z",), ["T060000Z/20260105T080000Z", "T120000Z/20260106T000000Z"]),
        (("DTEND:20260105T140000Z",), ["T000000Z/20260105T080000Z", "T120000Z/20260105T140000Z"]),
        (
            ("DTSTART:20260105T060000Z", "DURATION:PT8H"),
            ["T060000Z/20260105T080000Z", "T120000Z/20260105T140000Z"],
        ),
    ],
)
async def test_without_a_start_or_an_end_it_is_without_bounds(
    ann: Client, bob: Client, lines: tuple[str, ...], expected: list[str]
):
    await set_availability(bob, MORNING, lines=lines)

    assert await busy(ann, "bob") == [f"BUSY-UNAVAILABLE:20260105{one}" for one in expected]


@pytest.mark.rfc("7953 3.2")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("BUSY", "BUSY"),
        ("BUSY-UNAVAILABLE", "BUSY-UNAVAILABLE"),
        ("BUSY-TENTATIVE", "BUSY-TENTATIVE"),
        ("X-ELSE", "BUSY-UNAVAILABLE"),
    ],
)
async def test_busytype_says_what_one_is_else(ann: Client, bob: Client, said: str, told: str):
    await set_availability(bob, lines=[f"BUSYTYPE:{said}"])

    assert await busy(ann, "bob") == [f"{told}:20260105T000000Z/20260106T000000Z"]


@pytest.mark.rfc("7953 5", "7953 7.2.5")
async def test_a_meeting_counts_within_and_without_the_hours(ann: Client, bob: Client):
    await set_availability(bob, MORNING)
    for uid, hour in (("in", 9), ("out", 13)):
        start = f"20260105T{hour:02}0000Z"
        await bob.put(f"{bob.home}calendar/{uid}.ics", event(uid=uid, start=start, duration="PT1H"))

    assert await busy(ann, "bob") == [
        "BUSY-UNAVAILABLE:20260105T000000Z/20260105T080000Z",
        "BUSY:20260105T090000Z/20260105T100000Z",
        "BUSY-UNAVAILABLE:20260105T120000Z/20260106T000000Z",
        "BUSY:20260105T130000Z/20260105T140000Z",
    ]


@pytest.mark.rfc("7953 8")
async def test_nobody_but_who_may_write_says_when_somebody_is_free(ann: Client, bob: Client):
    text = calendar(vavailability())
    found = [(await put(bob, text)).status]
    await delegate(ann, "read", "bob")
    found.append((await put(bob, text)).props()[NAME][0])
    await delegate(ann, "read")
    await delegate(ann, "write", "bob")
    found.append((await put(bob, text)).props()[NAME][0])

    assert found == [404, 403, 200]


@pytest.mark.rfc("7953 9")
async def test_nobody_learns_more_of_it_than_when_one_is_busy(ann: Client, bob: Client):
    await set_availability(bob, "\r\n".join([MORNING, *PRIVATE]), lines=PRIVATE)

    answer = await post(ann, asked("bob"))

    assert [name for name in ("Clinic", "Ward", "Knee") if name in answer.text] == []
    assert (await ann.propfind(f"{bob.home}inbox/", "C:calendar-availability")).status == 404


@pytest.mark.rfc("7953 9", "6638 6.1.4")
async def test_who_may_not_ask_learns_nothing_of_the_hours(ann: Client, bob: Client):
    await set_availability(bob, MORNING)
    await grant(bob, f"{bob.home}inbox/", ace(href("ann"), "C:schedule-deliver-invite"))

    answer = await post(ann, asked("bob"))

    assert replies(answer) == {"mailto:bob@example.org": ("3.8", [])}


@pytest.mark.rfc("7953 6")
@pytest.mark.parametrize("method", ["REQUEST", "PUBLISH"])
async def test_hours_are_not_sent_as_messages(ann: Client, method: str):
    text = calendar(vavailability(), lines=[f"METHOD:{method}"])

    answer = await post(ann, text)

    assert (answer.status, answer.condition) == (400, CALDAV + "valid-scheduling-message")
