"""What a calendar-availability must be (RFC 7953 §3.1, §7.2.4, §8)."""

from __future__ import annotations

from datetime import UTC
from typing import Final

from caldavd.ical import validate
from caldavd.ical.contentline import Component, Line, parameter, read
from caldavd.ical.extent import Zones, temporal, zone_of
from caldavd.ical.rule import Freq, parse_rule
from caldavd.ical.validate import Limits
from caldavd.ical.values import epoch

MAX_AVAILABLE: Final = 50
"""AVAILABLE components: each may recur, and all are worked out for whoever asks."""

LIMITS: Final = Limits(max_attendees=1, max_instances=100, max_per_day=12)
"""What an AVAILABLE may generate or name, over and above what any object may."""
EARLIEST: Final = "1970"
LATEST: Final = "2200"

_TIMES: Final = ("DTSTART", "DTEND", "RECURRENCE-ID")
_ONCE: Final = (*_TIMES, "DURATION", "BUSYTYPE", "PRIORITY")


def require_availability(text: str) -> None:
    """Raises ValueError unless it is a VCALENDAR with one VAVAILABILITY, and VTIMEZONEs alone.

    Raises Refused(MAX_INSTANCES) for rules that would be too much to follow.
    """
    found = read(text)
    if len(found) != 1 or found[0].name != "VCALENDAR":
        raise ValueError("it is one VCALENDAR")
    others = [one for one in found[0].components if one.name != "VTIMEZONE"]
    if [one.name for one in others] != ["VAVAILABILITY"]:
        raise ValueError("the VCALENDAR holds one VAVAILABILITY, and VTIMEZONEs alone")
    zones = zones_of(found[0])
    _require_parts(others[0], zones)
    validate.check([*others, *others[0].components], list(zones.values()), LIMITS)


def zones_of(calendar: Component) -> dict[str, Component]:
    """The VTIMEZONEs of a VCALENDAR by TZID."""
    found: dict[str, Component] = {}
    for inner in calendar.components:
        line = inner.first("TZID")
        if inner.name == "VTIMEZONE" and line is not None:
            found.setdefault(line.value, inner)
    return found


def _require_parts(availability: Component, zones: Zones) -> None:
    _require(availability, "UID", "DTSTAMP")
    _require_counts(availability)
    _require_times(availability, zones)
    parts = availability.components
    if any(one.name != "AVAILABLE" for one in parts):
        raise ValueError("a VAVAILABILITY holds AVAILABLE, and nothing else")
    if len(parts) > MAX_AVAILABLE:
        raise ValueError(f"a VAVAILABILITY holds at most {MAX_AVAILABLE} AVAILABLE")
    for one in parts:
        _require(one, "UID", "DTSTAMP", "DTSTART")
        _require_counts(one)
        _require_times(one, zones)
        _require_rule(one)


def _require(component: Component, *names: str) -> None:
    for name in names:
        count = sum(1 for _ in component.all(name))
        if count > 1 or (count == 0 and name != "DTSTAMP"):
            raise ValueError(f"each {component.name} has one {name}")


def _require_times(component: Component, zones: Zones) -> None:
    """DATE-TIMEs in UTC or in a zone, in years that rules are followed from."""
    for line in component.lines:
        if line.name in _TIMES:
            _require_time(line, zones)
    start, end = component.first("DTSTART"), component.first("DTEND")
    if start is None or end is None:
        return
    if epoch(temporal(end, zones), UTC) < epoch(temporal(start, zones), UTC):
        raise ValueError(f"the DTEND of a {component.name} is not before its DTSTART")


def _require_counts(component: Component) -> None:
    names = [line.name for line in component.lines]
    if "DTEND" in names and "DURATION" in names:
        raise ValueError(f"a {component.name} has a DTEND or a DURATION, not both")
    if "DURATION" in names and "DTSTART" not in names:
        raise ValueError(f"a {component.name} with a DURATION has a DTSTART")
    for name in _ONCE:
        if names.count(name) > 1:
            raise ValueError(f"a {component.name} has at most one {name}")


def _require_time(line: Line, zones: Zones) -> None:
    value = line.value.strip()
    if "T" not in value or (parameter(line, "VALUE") or "").upper() == "DATE":
        raise ValueError(f"{line.name} is a DATE-TIME")
    if not value.endswith("Z") and zone_of(line, zones) is None:
        raise ValueError(f"{line.name} is in UTC, or in a time zone that is known")
    if not EARLIEST <= value < LATEST:
        raise ValueError(f"{line.name} lies between {EARLIEST} and {LATEST}")


def _require_rule(available: Component) -> None:
    """At most one RRULE, of days or longer: each step of a rule is work for whoever asks."""
    rules = [line.value for line in available.lines if line.name in ("RRULE", "EXRULE")]
    if len(rules) > 1 or available.first("EXRULE") is not None:
        raise ValueError("an AVAILABLE has at most one RRULE, and no EXRULE")
    for text in rules:
        if len(text) <= validate.MAX_RULE and parse_rule(text).freq > Freq.DAILY:
            raise ValueError("an AVAILABLE recurs daily, weekly, monthly or yearly")
