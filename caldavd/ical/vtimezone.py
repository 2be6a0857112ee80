"""A VTIMEZONE for a zone of the database (RFC 7809 §5.2: calendar-timezone from its id)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from icalendar import Timezone

PRODUCT: Final = "-//caldavd//NONSGML caldavd//EN"


@lru_cache(maxsize=64)
def calendar_text(tzid: str) -> str:
    """A VCALENDAR with the VTIMEZONE of an Olson name, CRLF line ends. Raises ValueError."""
    timezone = Timezone.from_tzid(tzid).to_ical().decode()
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODUCT}\r\n{timezone}END:VCALENDAR\r\n"
