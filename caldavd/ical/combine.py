"""Many calendar objects in one VCALENDAR, each time zone once (RFC 5545 §3.4, RFC 7986 §5.1).

What the server notes in them for itself, who said what when, stays here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, read, without_parameters
from caldavd.ical.periods import OURS, REPLIED
from caldavd.ical.timezone import zone_from_component
from caldavd.ical.write import CRLF, escape, parameter_text, write, write_line

PRODUCT: Final = "-//caldavd//NONSGML caldavd//EN"
TAIL: Final = "END:VCALENDAR" + CRLF

_TZID: Final = re.compile(r';TZID=("[^"]*"|[^";]*)', re.IGNORECASE)

_FROM: Final = datetime(2000, 1, 1)  # noqa: DTZ001
_WEEKS: Final = 38 * 52
"""Zones are compared in these years: of earlier ones each client has its own opinion."""

_Meaning = tuple[timedelta | None, ...] | str
"""The offsets of a VTIMEZONE, week by week; its text, if it cannot be read."""


def head(display_name: str, color: str | None, more: Iterable[Line] = ()) -> str:
    """The beginning of a VCALENDAR, with the calendar's name and colour as clients read them."""
    lines = [
        Line("VERSION", "", "2.0"),
        Line("PRODID", "", PRODUCT),
        Line("CALSCALE", "", "GREGORIAN"),
        Line("NAME", "", escape(display_name)),
        Line("X-WR-CALNAME", "", escape(display_name)),
    ]
    if color is not None:
        lines.append(Line("X-APPLE-CALENDAR-COLOR", "", color))
    lines.extend(more)
    return f"BEGIN:VCALENDAR{CRLF}" + "".join(write_line(line) for line in lines)


class Zones:
    """The time zones that one VCALENDAR holds so far: no TZID twice, none with two meanings."""

    def __init__(self) -> None:
        self._meanings: dict[str, _Meaning] = {}

    def add(self, text: str) -> str:
        """The components of an object, those time zones first that are not there yet.

        A TZID that stands for another zone already is given a new name. Raises Malformed.
        """
        return self.take([part for calendar in read(text) for part in calendar.components])

    def take(self, inner: Sequence[Component]) -> str:
        """As `add`, of components that were read; they are nobody else's."""
        zones = [part for part in inner if part.name == "VTIMEZONE"]
        written: list[Component] = []
        renamed: dict[str, str] = {}
        for zone in zones:
            old = _tzid(zone)
            name, known = self._name(old, zone)
            if name != old:
                renamed[old] = name
            if not known:
                written.append(_named(zone, name))
        objects = [part for part in inner if part.name != "VTIMEZONE"]
        for part in objects:
            _forget(part)
        for part in objects if renamed else ():
            _rename(part, renamed)
        return write([*written, *objects])

    def _name(self, tzid: str, zone: Component) -> tuple[str, bool]:
        """The TZID under which a zone stands, and whether it does already."""
        meaning = _meaning(tzid, zone)
        name, number = tzid, 1
        while name in self._meanings and self._meanings[name] != meaning:
            number += 1
            name = f"{tzid} ({number})"
        known = name in self._meanings
        self._meanings[name] = meaning
        return name, known


def _meaning(tzid: str, zone: Component) -> _Meaning:
    try:
        return _offsets(zone_from_component(tzid, zone))
    except ValueError:
        return write([zone])


@lru_cache(maxsize=256)
def _offsets(zone: tzinfo) -> _Meaning:
    return tuple(zone.utcoffset(_FROM + timedelta(weeks=week)) for week in range(_WEEKS))


def _tzid(zone: Component) -> str:
    line = zone.first("TZID")
    return "" if line is None else line.value


def _named(zone: Component, tzid: str) -> Component:
    lines = [line._replace(value=tzid) if line.name == "TZID" else line for line in zone.lines]
    return Component(zone.name, lines, zone.components)


def _forget(component: Component) -> None:
    """Takes out of a component, which is nobody else's, what this server noted for itself."""
    component.lines = [
        line._replace(parameter_text=without_parameters(line, REPLIED))
        if REPLIED in line.parameter_text
        else line
        for line in component.lines
        if not line.name.startswith(OURS)
    ]


def _rename(component: Component, renamed: dict[str, str]) -> None:
    """Gives the times of a component, which is nobody else's, their new TZIDs."""
    for place, line in enumerate(component.lines):
        tzid = parameter(line, "TZID")
        if tzid in renamed:
            text = _TZID.sub("", line.parameter_text) + parameter_text("TZID", renamed[tzid])
            component.lines[place] = line._replace(parameter_text=text)
    for inner in component.components:
        _rename(inner, renamed)
