"""What a calendar-availability must be (RFC 7953 §3.1, §7.2.4)."""

from __future__ import annotations

from typing import Final

from caldavd.ical.contentline import Component, read

MAX_AVAILABLE: Final = 100
"""AVAILABLE components: each may recur, and all are worked out for whoever asks."""


def require_availability(text: str) -> None:
    """Raises ValueError unless it is a VCALENDAR with one VAVAILABILITY, and VTIMEZONEs alone."""
    found = read(text)
    if len(found) != 1 or found[0].name != "VCALENDAR":
        raise ValueError("it is one VCALENDAR")
    others = [one for one in found[0].components if one.name != "VTIMEZONE"]
    if [one.name for one in others] != ["VAVAILABILITY"]:
        raise ValueError("the VCALENDAR holds one VAVAILABILITY, and VTIMEZONEs alone")
    _require_parts(others[0])


def _require_parts(availability: Component) -> None:
    _require(availability, "UID", "DTSTAMP")
    parts = availability.components
    if any(one.name != "AVAILABLE" for one in parts):
        raise ValueError("a VAVAILABILITY holds AVAILABLE, and nothing else")
    if len(parts) > MAX_AVAILABLE:
        raise ValueError(f"a VAVAILABILITY holds at most {MAX_AVAILABLE} AVAILABLE")
    for one in parts:
        _require(one, "UID", "DTSTAMP", "DTSTART")


def _require(component: Component, *names: str) -> None:
    for name in names:
        count = sum(1 for _ in component.all(name))
        if count > 1 or (count == 0 and name != "DTSTAMP"):
            raise ValueError(f"each {component.name} has one {name}")
