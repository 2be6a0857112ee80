"""Requests for busy time as they are read, and replies as they are written (RFC 5546 §3.3)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caldavd.ical.contentline import Line
from caldavd.ical.freebusy import BusyPeriod
from caldavd.ical.periods import Busy
from caldavd.itip.freebusy import Request, is_message, read, reply
from caldavd.model import Window
from tests.unit.builders import calendar, component, event

LINES = (
    "UID:a\\,b",
    "DTSTAMP:20260101T000000Z",
    "DTSTART:20260105T000000Z",
    "DTEND:20260106T000000Z",
    'ORGANIZER;CN="Ann, Example";SCHEDULE-AGENT=SERVER:mailto:ann@example.org',
    "ATTENDEE;CN=Böb:mailto:bob@example.org",
    "ATTENDEE:MAILTO:BOB@example.org",
    "X-CALENDARSERVER-MASK-UID:x\\,y",
)
TEXT = calendar(component("VFREEBUSY", LINES), lines=["METHOD:REQUEST"])
WINDOW = Window(datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC))


@pytest.mark.rfc("5546 3.3.2")
def test_a_request_is_read_as_it_is_spelled():
    assert read(TEXT.encode(), 10_000) == Request(
        Line("UID", "", "a\\,b"),
        Line("ORGANIZER", ';CN="Ann, Example";SCHEDULE-AGENT=SERVER', "mailto:ann@example.org"),
        (Line("ATTENDEE", ";CN=Böb", "mailto:bob@example.org"),),
        WINDOW,
        frozenset({"x,y"}),
    )


@pytest.mark.rfc("5546 3.3.3")
def test_a_reply_names_both_sides_and_says_the_type_of_each_period():
    request = read(TEXT.encode(), 10_000)
    at = int(WINDOW.start.timestamp()) if WINDOW.start else 0
    periods = [BusyPeriod(at, at + 3600, Busy.BUSY), BusyPeriod(at, at + 60, Busy.TENTATIVE)]

    text = reply(request, request.attendees[0], periods, datetime(2026, 1, 2, tzinfo=UTC), "p")

    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:p",
        "METHOD:REPLY",
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20260102T000000Z",
        "DTSTART:20260105T000000Z",
        "DTEND:20260106T000000Z",
        "UID:a\\,b",
        'ORGANIZER;CN="Ann, Example":mailto:ann@example.org',
        "ATTENDEE;CN=Böb:mailto:bob@example.org",
        "FREEBUSY;FBTYPE=BUSY:20260105T000000Z/20260105T010000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260105T000000Z/20260105T000100Z",
        "END:VFREEBUSY",
        "END:VCALENDAR",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, True),
        (TEXT.replace("\r\n", "\n").replace("METHOD", "method"), True),
        (event(), False),
        (event(lines=["METHOD:REQUEST"]), False),
        ("METHOD:REQUEST", True),
        ("", False),
    ],
)
def test_a_message_has_a_method_before_its_first_component(text: str, expected: bool):
    assert is_message(text.encode()) is expected
