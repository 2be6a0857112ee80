"""A VTIMEZONE for a zone of the database (RFC 7809 §5.2: calendar-timezone from its id)."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Final

PRODUCT: Final = "-//caldavd//NONSGML caldavd//EN"


@lru_cache(maxsize=64)
def calendar_text(tzid: str) -> str:
    """A VCALENDAR with the VTIMEZONE of an Olson name, CRLF line ends. Raises ValueError."""
    made = import_module("icalendar").Timezone.from_tzid(tzid)
    timezone: str = made.to_ical().decode()
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODUCT}\r\n{timezone}END:VCALENDAR\r\n"
