"""Busy periods and the VFREEBUSY made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.freebusy import BusyPeriod, busy, calendar, merged, of_document, vfreebusy
from caldavd.ical.parse import parse
from caldavd.ical.periods import Busy
from caldavd.model import Window
from tests.unit.builders import calendar as calendar_text
from tests.unit.builders import component, event, todo, vevent

DAY = int(datetime(2006, 1, 4, tzinfo=UTC).timestamp())
HOUR = 3600
WINDOW = Window(datetime(2006, 1, 4, tzinfo=UTC), datetime(2006, 1, 5, tzinfo=UTC))
BERLIN = ZoneInfo("Europe/Berlin")


def period(start: float, end: float, busy: Busy = Busy.BUSY) -> BusyPeriod:
    """A period of hours of the day."""
    return BusyPeriod(int(DAY + start * HOUR), int(DAY + end * HOUR), busy)


def told(text: str, window: Window = WINDOW) -> list[BusyPeriod]:
    """What a text says of a day, in Berlin."""
    return busy(of_document(parse(text.encode()), window, BERLIN), window)


@pytest.mark.rfc("4791 7.10")
def test_periods_of_one_type_that_meet_or_overlap_are_one() -> None:
    found = busy([period(9, 10), period(12, 14), period(10, 11), period(13, 15)], WINDOW)

    assert found == [period(9, 11), period(12, 15)]


@pytest.mark.rfc("4791 7.10")
def test_periods_of_different_types_may_overlap() -> None:
    found = busy([period(10, 11, Busy.TENTATIVE), period(9, 12)], WINDOW)

    assert found == [period(9, 12), period(10, 11, Busy.TENTATIVE)]


@pytest.mark.rfc("4791 7.10")
def test_what_is_free_or_outside_the_window_is_left_out_and_the_rest_clipped() -> None:
    found = busy(
        [period(9, 10, Busy.FREE), period(-5, 2), period(-5, 0), period(23, 30), period(24, 25)],
        WINDOW,
    )

    assert found == [period(0, 2), period(23, 24)]


def test_a_window_without_ends_clips_nothing() -> None:
    assert busy([period(-5, 30)], Window(None, None)) == [period(-5, 30)]


def test_the_union_over_users_is_when_not_all_are_free() -> None:
    assert merged([(5, 6), (1, 3), (2, 4), (4, 5), (9, 9)]) == [(1, 6)]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("5545 3.8.2.7")
@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], [period(9, 10)]),
        (["TRANSP:OPAQUE", "STATUS:CONFIRMED"], [period(9, 10)]),
        (["STATUS:TENTATIVE"], [period(9, 10, Busy.TENTATIVE)]),
        (["STATUS:CANCELLED"], []),
        (["STATUS:X-MAYBE"], [period(9, 10)]),
        (["TRANSP:TRANSPARENT"], []),
        (["TRANSP:transparent", "STATUS:TENTATIVE"], []),
    ],
)
def test_transp_and_status_say_how_busy(lines: list[str], expected: list[BusyPeriod]) -> None:
    assert told(event(start="20060104T090000Z", end="20060104T100000Z", lines=lines)) == expected


@pytest.mark.rfc("4791 7.10")
def test_each_override_speaks_for_itself() -> None:
    def override(day: int, *lines: str) -> str:
        at = f"200601{day:02}T090000Z"
        return vevent(recurrence_id=at, start=at, duration="PT1H", lines=lines)

    text = event(
        start="20060101T090000Z",
        duration="PT1H",
        rrule="FREQ=DAILY",
        overrides=[
            override(4, "STATUS:CANCELLED"),
            override(5, "STATUS:TENTATIVE"),
            override(6, "TRANSP:TRANSPARENT"),
        ],
    )

    found = told(text, Window(WINDOW.start, datetime(2006, 1, 8, tzinfo=UTC)))

    assert found == [period(33, 34, Busy.TENTATIVE), period(81, 82)]


def test_an_event_without_length_and_a_task_keep_nobody_busy() -> None:
    assert told(event(start="20060104T090000Z", duration="PT0S")) == []
    assert told(todo(start="20060104T090000Z", due="20060104T100000Z")) == []


def test_all_day_and_floating_times_lie_in_the_zone_that_is_given() -> None:
    assert told(event(start="20060104")) == [period(0, 23)]
    assert told(event(start="20060104T090000", duration="PT1H")) == [period(8, 9)]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("5545 3.6.4")
@pytest.mark.rfc("5545 3.8.2.6")
def test_a_published_vfreebusy_counts_by_its_types_within_its_own_dates() -> None:
    lines = [
        "UID:1",
        "DTSTAMP:20060101T000000Z",
        "DTSTART:20060104T080000Z",
        "DTEND:20060104T180000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20060104T060000Z/PT3H,20060104T170000Z/PT2H",
        "FREEBUSY;FBTYPE=FREE:20060104T100000Z/PT1H",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T110000Z/PT1H",
        "FREEBUSY;FBTYPE=X-BEHIND:20060104T120000Z/PT1H",
    ]

    assert told(calendar_text(component("VFREEBUSY", lines))) == [
        period(8, 9, Busy.UNAVAILABLE),
        period(11, 12, Busy.TENTATIVE),
        period(12, 13),
        period(17, 18, Busy.UNAVAILABLE),
    ]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("5545 3.6.4")
@pytest.mark.rfc("5545 3.3.9")
def test_the_component_has_utc_periods_and_types() -> None:
    periods = [period(15, 16, Busy.TENTATIVE), period(19, 20), period(20, 21, Busy.UNAVAILABLE)]

    text = vfreebusy(periods, WINDOW, datetime(2005, 1, 25, 9, tzinfo=UTC), ["UID:1"])

    assert text.split("\r\n") == [
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20050125T090000Z",
        "DTSTART:20060104T000000Z",
        "DTEND:20060105T000000Z",
        "UID:1",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z",
        "FREEBUSY:20060104T190000Z/20060104T200000Z",
        "FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20060104T200000Z/20060104T210000Z",
        "END:VFREEBUSY",
        "",
    ]


@pytest.mark.rfc("5545 3.6.4")
def test_a_window_without_an_end_makes_a_component_without_one() -> None:
    text = calendar(
        vfreebusy([], Window(WINDOW.start, None), datetime(2005, 1, 25, 9, tzinfo=UTC)), "-//a//EN"
    )

    assert text.split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//a//EN",
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20050125T090000Z",
        "DTSTART:20060104T000000Z",
        "END:VFREEBUSY",
        "END:VCALENDAR",
        "",
    ]
