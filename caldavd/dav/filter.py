"""CALDAV:filter, time-range and timezone elements to values (RFC 4791 §9.7 to §9.9)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Final

from caldavd.errors import (
    VALID_CALENDAR_DATA,
    VALID_FILTER,
    VALID_TIMEZONE,
    Refused,
)
from caldavd.ical.collation import DEFAULT
from caldavd.ical.filter_check import check
from caldavd.ical.filter_elements import CompFilter, Filter, ParamFilter, PropFilter, TextMatch
from caldavd.ical.timezone import zone_from_calendar, zone_from_id
from caldavd.model import Window
from caldavd.names import CALDAV
from caldavd.xml.parse import Element, elements, raw_text, text

MAX_TIMEZONE: Final = 100_000
_INSTANT: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z")
_KNOWN: Final = {
    CALDAV + name
    for name in (
        "comp-filter",
        "prop-filter",
        "param-filter",
        "is-not-defined",
        "time-range",
        "text-match",
    )
}


def filter_of(element: Element) -> Filter:
    """The filter, checked. Raises Refused(VALID_FILTER, SUPPORTED_FILTER, SUPPORTED_COLLATION)."""
    tops = [child for child in elements(element) if child.tag == CALDAV + "comp-filter"]
    if len(tops) != 1:
        raise _invalid("a filter holds exactly one comp-filter, for VCALENDAR")
    found = Filter(_comp_filter(tops[0]))
    check(found)
    return found


def window_of(element: Element) -> Window:
    """A start and an end, at least one of them. Raises Refused(VALID_FILTER)."""
    start, end = element.get("start"), element.get("end")
    if start is None and end is None:
        raise _invalid("a time range has a start, an end, or both")
    return Window(_instant(start), _instant(end))


def timezone_of(parent: Element) -> tzinfo | None:
    """The zone that a report names for floating times, by value or by id (RFC 7809 §3.1.6)."""
    by_value = parent.find(CALDAV + "timezone")
    if by_value is not None:
        try:
            return zone_of(by_value)[1]
        except ValueError as error:
            raise Refused(VALID_CALENDAR_DATA, f"the timezone cannot be read: {error}") from None
    by_id = parent.find(CALDAV + "timezone-id")
    if by_id is None:
        return None
    zone = zone_from_id(text(by_id))
    if zone is None:
        raise Refused(VALID_TIMEZONE, "the timezone-id is not one of the Olson database")
    return zone


def zone_of(element: Element) -> tuple[str, tzinfo]:
    """TZID and zone of the one VTIMEZONE in an element's text. Raises ValueError."""
    text = raw_text(element)
    if len(text) > MAX_TIMEZONE:
        raise ValueError(f"it has more than {MAX_TIMEZONE} characters")
    return zone_from_calendar(text)


def _comp_filter(element: Element) -> CompFilter:
    return CompFilter(
        _name(element),
        _is_not_defined(element),
        _time_range(element),
        tuple(_prop_filter(child) for child in _children(element, "prop-filter")),
        tuple(_comp_filter(child) for child in _children(element, "comp-filter")),
    )


def _prop_filter(element: Element) -> PropFilter:
    return PropFilter(
        _name(element),
        _is_not_defined(element),
        _time_range(element),
        _text_match(element),
        tuple(_param_filter(child) for child in _children(element, "param-filter")),
    )


def _param_filter(element: Element) -> ParamFilter:
    return ParamFilter(_name(element), _is_not_defined(element), _text_match(element))


def _name(element: Element) -> str:
    name = element.get("name")
    if not name:
        raise _invalid("every filter names what it is about")
    unknown = [child.tag for child in elements(element) if child.tag not in _KNOWN]
    if unknown:
        raise _invalid(f"{unknown[0]} has no place in a filter")
    return name


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in elements(element) if child.tag == CALDAV + name]


def _only(element: Element, name: str) -> Element | None:
    found = _children(element, name)
    if len(found) > 1:
        raise _invalid(f"a filter has at most one {name}")
    return found[0] if found else None


def _is_not_defined(element: Element) -> bool:
    return _only(element, "is-not-defined") is not None


def _time_range(element: Element) -> Window | None:
    found = _only(element, "time-range")
    return None if found is None else window_of(found)


def _text_match(element: Element) -> TextMatch | None:
    found = _only(element, "text-match")
    if found is None:
        return None
    negate = found.get("negate-condition", "no")
    if negate not in ("yes", "no"):
        raise _invalid("negate-condition is yes or no")
    return TextMatch(raw_text(found), found.get("collation", DEFAULT), negate == "yes")


def _instant(value: str | None) -> datetime | None:
    if value is None:
        return None
    written = _INSTANT.fullmatch(value)
    if written is None:
        raise _invalid(f"{value[:40]} is not a date with UTC time like 20260101T000000Z")
    try:
        year, month, day, hour, minute, second = map(int, written.groups())
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _invalid(f"{value} is no moment of the calendar") from None


def _invalid(reason: str) -> Refused:
    return Refused(VALID_FILTER, reason)
