"""Working hours in words and as VAVAILABILITY."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from caldavd.ical.availability import require_availability
from caldavd.ical.available import availabilities, unavailable
from caldavd.ical.hours import Hours, Span, days_text, parse_days, told, weekly
from caldavd.model import Window
from tests.unit.builders import calendar, component

STAMP = ("u", datetime(2026, 1, 7, tzinfo=UTC))
WORK = Span(time(9), time(17))


@pytest.mark.parametrize(
    ("text", "days", "again"),
    [
        ("mon-fri", (0, 1, 2, 3, 4), "mon-fri"),
        ("Monday, wed", (0, 2), "mon,wed"),
        ("sat-mon", (0, 5, 6), "mon,sat,sun"),
        ("mon-thu,sat", (0, 1, 2, 3, 5), "mon-thu,sat"),
        ("sun-sat", (0, 1, 2, 3, 4, 5, 6), "mon-sun"),
    ],
)
def test_days_are_read_and_written(text: str, days: tuple[int, ...], again: str):
    assert (parse_days(text), days_text(days)) == (days, again)


@pytest.mark.parametrize("text", ["", "mo", "mon-", "mon-fri-", "1-5", "mon;tue"])
def test_what_is_no_day_is_told(text: str):
    with pytest.raises(ValueError, match="day of the week"):
        parse_days(text)


def test_hours_are_written_so_that_they_are_taken_and_told():
    text = weekly((0, 2), [WORK], "Europe/Berlin", date(2026, 1, 7), STAMP)

    require_availability(text)

    assert told(text) == [Hours("mon,wed", "09:00", "17:00", "Europe/Berlin")]


def test_hours_hold_from_the_week_in_which_they_are_set_and_over_midnight():
    text = weekly((6,), [Span(time(22), time(6))], "UTC", date(2026, 1, 7), STAMP)
    window = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 13, tzinfo=UTC))

    found = unavailable(availabilities(text), window)

    assert [
        tuple(f"{datetime.fromtimestamp(at, UTC):%d %H}" for at in one[:2]) for one in found
    ] == [("05 00", "11 22"), ("12 06", "13 00")]


@pytest.mark.parametrize(
    ("rule", "days"),
    [
        ("FREQ=DAILY", "mon-sun"),
        ("FREQ=WEEKLY", "mon"),
        ("FREQ=WEEKLY;BYDAY=TU;WKST=SU", "tue"),
        ("FREQ=WEEKLY;INTERVAL=2", "FREQ=WEEKLY;INTERVAL=2"),
        ("FREQ=MONTHLY;BYDAY=1MO", "FREQ=MONTHLY;BYDAY=1MO"),
        ("", "2026-01-05"),
    ],
)
def test_what_others_wrote_is_told_too(rule: str, days: str):
    lines = ["UID:a", "DTSTAMP:20260101T000000Z", "DTSTART:20260105T080000Z", "DURATION:PT8H"]
    part = component("AVAILABLE", [*lines, *([f"RRULE:{rule}"] if rule else [])])
    text = calendar(component("VAVAILABILITY", ["UID:v", "DTSTAMP:20260101T000000Z"], [part]))

    assert told(text) == [Hours(days, "08:00", "16:00", "UTC")]
