"""An instance of a series as the override that it would be if nothing in it were changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from caldavd.ical.contentline import Component, Line, without_parameters
from caldavd.ical.extent import Extent, extent, zone_of
from caldavd.ical.values import Temporal, parse_temporal
from caldavd.ical.write import time_line
from caldavd.itip.snapshot import Key, Part, Zones

_RECURRENCE: Final = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"})
_END: Final = frozenset({"DTEND", "DUE"})


@dataclass(frozen=True, slots=True)
class Series:
    """A master, read once for all of its instances that are asked for."""

    part: Part
    zones: Zones
    extent: Extent
    pattern: Line
    """DTSTART; DUE of a task without it."""

    def instance(self, key: Key) -> Part | None:
        """The instance as a part; None if nothing can begin then."""
        try:
            start = _in_zone(parse_temporal(key), self.pattern, self.zones)
            end = self.extent.end_of(start)
        except ValueError:
            return None
        lines = [Line("RECURRENCE-ID", *like(self.pattern, start, self.zones)[1:])]
        for line in self.part.component.lines:
            if line.name == self.pattern.name:
                lines.append(like(line, start, self.zones))
            elif line.name in _END and end is not None:
                lines.append(like(line, end, self.zones))
            elif line.name not in _RECURRENCE:
                lines.append(line)
        component = Component(self.part.component.name, lines, self.part.component.components)
        return Part(component, key, self.part.attendees, self.part.sequence, frozenset())


def series(master: Part | None, zones: Zones) -> Series | None:
    """The series of a master; None if there is none, or it says no start."""
    if master is None:
        return None
    pattern = master.component.first("DTSTART") or master.component.first("DUE")
    try:
        found = extent(master.component, zones)
    except ValueError:
        return None
    return None if pattern is None else Series(master, zones, found, pattern)


def like(line: Line, value: Temporal, zones: Zones) -> Line:
    """A line of the same name for another value, in the zone and the form of this one."""
    parameters = without_parameters(line, "VALUE", "TZID")
    if not isinstance(value, datetime):
        return time_line(line.name, value, parameters)
    zone = zone_of(line, zones)
    if zone is None or zone is UTC or value.tzinfo is None:
        return time_line(line.name, value, parameters)
    local = value.astimezone(zone).replace(tzinfo=None)
    return time_line(line.name, local, line.parameter_text)


def _in_zone(value: Temporal, pattern: Line, zones: Zones) -> Temporal:
    zone = zone_of(pattern, zones)
    if isinstance(value, datetime) and value.tzinfo is not None and zone is not None:
        return value.astimezone(zone)
    return value
