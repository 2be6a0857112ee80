"""Times in UTC, told in the zone of the organizer's calendar."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from caldavd.ical import vtimezone
from caldavd.itip.home import home_of, may_be_in_utc
from tests.unit.itip.messages import message, part
from tests.unit.itip.test_imip import POST, from_then_on, invitation, parsed, words

BERLIN = home_of(vtimezone.calendar_text("Europe/Berlin"))
OWN = """\
BEGIN:VCALENDAR
BEGIN:VTIMEZONE
TZID:Office
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0530
TZOFFSETTO:+0530
END:STANDARD
END:VTIMEZONE
END:VCALENDAR
""".replace("\n", "\r\n")


def told(text: str, **changes: Any) -> list[str]:
    """The lines of a mail from Berlin."""
    return words(parsed(text, replace(POST, **({"home": BERLIN} | changes)))).splitlines()


def when(**fields: Any) -> str:
    """When an event is, as somebody in Berlin tells it."""
    text = message("REQUEST", part(**fields))
    return next(line for line in told(text) if line.startswith("When: ")).removeprefix("When: ")


ONCE: dict[str, tuple[dict[str, Any], str]] = {
    "a time": (
        {"start": "20260105T090000Z", "end": "20260105T100000Z"},
        "Monday 5 January 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
    ),
    "in summer": (
        {"start": "20260705T090000Z", "duration": "PT1H"},
        "Sunday 5 July 2026, 11:00 to 12:00 (Europe/Berlin, UTC+02:00)",
    ),
    "on another day": (
        {"start": "20260105T233000Z", "duration": "PT1H"},
        "Tuesday 6 January 2026, 00:30 to 01:30 (Europe/Berlin, UTC+01:00)",
    ),
    "a day of 24 hours": (
        {"start": "20260328T230000Z", "duration": "P1D"},
        "Sunday 29 March 2026, 00:00 (Europe/Berlin, UTC+01:00) "
        "to Monday 30 March 2026, 01:00 (Europe/Berlin, UTC+02:00)",
    ),
    "the second of two equal hours": (
        {"start": "20261025T013000Z", "duration": "PT10M"},
        "Sunday 25 October 2026, 01:30 to 01:40 (UTC)",
    ),
    "floating": (
        {"start": "20260105T090000", "end": "20260105T100000"},
        "Monday 5 January 2026, 09:00 to 10:00 (local time, wherever you are)",
    ),
    "a day": ({"start": "20260105", "end": "20260106"}, "Monday 5 January 2026 (all day)"),
}


@pytest.mark.parametrize("name", ONCE)
def test_an_event_in_utc_is_told_in_the_zone_of_the_organizer(name: str) -> None:
    fields, expected = ONCE[name]

    assert when(**fields) == expected


def test_an_event_with_a_zone_of_its_own_stays_in_it() -> None:
    text = invitation(rrule=None, start="20260105T090000").replace("Berlin", "Lisbon")

    assert "When: Monday 5 January 2026, 09:00 to 10:30 (Europe/Lisbon, UTC+00:00)" in told(text)


SERIES: dict[str, tuple[dict[str, Any], str]] = {
    "until the clocks change": (
        {"rrule": "FREQ=DAILY;COUNT=5"},
        "Monday 5 January 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
    ),
    "with a last day": (
        {"rrule": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260323T090000Z"},
        "Monday 5 January 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
    ),
    "after the clocks change": (
        {"rrule": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20260330T090000Z"},
        "Monday 5 January 2026, 09:00 to 10:00 (UTC)",
    ),
    "without an end": ({"rrule": "FREQ=WEEKLY"}, "Monday 5 January 2026, 09:00 to 10:00 (UTC)"),
    "of more weeks than it has instances": (
        {"rrule": "FREQ=DAILY;BYDAY=MO;COUNT=20"},
        "Monday 5 January 2026, 09:00 to 10:00 (UTC)",
    ),
    "on other days": (
        {"start": "20260105T233000Z", "rrule": "FREQ=WEEKLY;BYDAY=MO;COUNT=2"},
        "Monday 5 January 2026, 23:30 to Tuesday 6 January 2026, 00:30 (UTC)",
    ),
    "on dates": (
        {"lines": ["RDATE:20260107T090000Z,20260801T090000Z"]},
        "Monday 5 January 2026, 09:00 to 10:00 (UTC)",
    ),
    "on near dates": (
        {"lines": ["RDATE;VALUE=PERIOD:20260107T090000Z/PT1H"]},
        "Monday 5 January 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
    ),
    "by a rule that nobody can read": (
        {"rrule": "FREQ=SOMETIMES"},
        "Monday 5 January 2026, 09:00 to 10:00 (UTC)",
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_stays_in_utc_where_the_zone_would_say_something_wrong(name: str) -> None:
    fields, expected = SERIES[name]

    assert when(**({"start": "20260105T090000Z", "duration": "PT1H"} | fields)) == expected


def test_all_times_of_a_series_are_in_the_zone_of_its_start() -> None:
    series = part(
        start="20260105T090000Z",
        duration="PT1H",
        rrule="FREQ=DAILY;UNTIL=20260115T090000Z",
        exdate=["20260107T090000Z"],
    )
    text = message(
        *("REQUEST", series, part(day=6, start="20260106T170000Z")),
        from_then_on(part(day=8, start="20260108T120000Z")),
    )

    lines = told(text)

    assert lines[3:8] == [
        "When: Monday 5 January 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
        "Repeats: every day, until Thursday 15 January 2026",
        "Exceptions:",
        "Except Tuesday 6 January 2026: 18:00 to 19:00",
        "Not on Wednesday 7 January 2026",
    ]
    assert lines[8] == "From Thursday 8 January 2026 on: 13:00 to 14:00"


def test_the_date_of_one_instance_is_that_of_the_organizer() -> None:
    late = part(day=6).replace("T090000Z", "T233000Z")

    mail = parsed(message("CANCEL", late), replace(POST, home=BERLIN))

    assert mail["Subject"] == "Cancelled: Meeting (Wednesday 7 January 2026)"


def test_what_is_told_before_and_after_is_in_one_zone() -> None:
    once, weekly = (
        message("REQUEST", part(start="20260105T090000Z", duration="PT1H", rrule=rule))
        for rule in (None, "FREQ=WEEKLY")
    )

    changed = told(weekly, update=True, before=once)

    assert changed[2] == "Changed: Repeats: now every week, before nothing"


def test_a_zone_of_ones_own_is_told_by_its_name() -> None:
    text = message("REQUEST", part(start="20260105T090000Z", duration="PT1H"))

    lines = told(text, home=home_of(OWN))

    assert "When: Monday 5 January 2026, 14:30 to 15:30 (Office, UTC+05:30)" in lines


@pytest.mark.parametrize(
    "text",
    [
        vtimezone.calendar_text("Etc/UTC"),
        OWN.replace("TZID:Office", 'TZID:"Office'),
        OWN.replace("TZID:Office\r\n", ""),
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n",
    ],
)
def test_what_is_no_other_zone_leaves_times_in_utc(text: str) -> None:
    assert home_of(text) is None


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["DTSTART:20260105T090000Z"], True),
        (["DUE;X-A=b:20260105T090000Z "], True),
        (["recurrence-id:20260105T090000Z"], True),
        (["DTSTART;TZID=Europe/Zagreb:20260105T090000", "DTSTAMP:20260101T000000Z"], False),
        (["DTSTART;VALUE=DATE:20260105"], False),
    ],
)
def test_it_is_known_whom_to_ask_for_a_zone(lines: list[str], expected: bool) -> None:
    assert may_be_in_utc("\r\n".join(lines) + "\r\n") is expected
