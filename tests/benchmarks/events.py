"""Larger objects, which are put one by one: a series with overrides, an event of many people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from tests.benchmarks.items import BERLIN, folded

ATTENDEES: Final = 200
WEEKS: Final = 26
_OVERRIDDEN: Final = (3, 8, 15)
_LEFT_OUT: Final = (5, 20)
_FIRST: Final = datetime(2009, 1, 14, 10)  # noqa: DTZ001  (a wall clock)
"""Before all that is asked for."""
_FORM: Final = "%Y%m%dT%H%M%S"


def series(uid: str) -> str:
    """Weekly for half a year, three instances at another time and two left out: 2.3 kB."""
    lines = list(_head())
    lines += _event(uid, _FIRST)
    for weeks in _LEFT_OUT:
        lines.append(f"EXDATE;TZID=Europe/Berlin:{_weekly(weeks):{_FORM}}")
    lines += [f"RRULE:FREQ=WEEKLY;COUNT={WEEKS}", "END:VEVENT"]
    for weeks in _OVERRIDDEN:
        lines += _event(uid, _weekly(weeks) + timedelta(hours=2))
        lines.append(f"RECURRENCE-ID;TZID=Europe/Berlin:{_weekly(weeks):{_FORM}}")
        lines.append("END:VEVENT")
    return folded([*lines, "END:VCALENDAR"])


def meeting(uid: str) -> str:
    """One event that 200 people were asked to: 28 kB."""
    lines = [*_head(), *_event(uid, _FIRST), "ORGANIZER;CN=Ann Ämter:mailto:ann@example.org"]
    for number in range(ATTENDEES):
        lines.append(
            f'ATTENDEE;CN="Person, {number}";CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;'
            f"ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:person{number}@example.org"
        )
    return folded([*lines, "END:VEVENT", "END:VCALENDAR"])


def _head() -> Iterator[str]:
    yield from ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN")
    yield from BERLIN.split("\n")


def _event(uid: str, begins: datetime) -> Iterator[str]:
    yield from ("BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260101T000000Z", "SEQUENCE:0")
    yield f"DTSTART;TZID=Europe/Berlin:{begins:{_FORM}}"
    yield f"DTEND;TZID=Europe/Berlin:{begins + timedelta(minutes=45):{_FORM}}"
    yield "SUMMARY:planning of the release with the team"
    yield f"DESCRIPTION:{'agenda and figures of the week, ' * 9}Köln"


def _weekly(weeks: int) -> datetime:
    return _FIRST + timedelta(weeks=weeks)
