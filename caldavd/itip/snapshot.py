"""What scheduling reads of a calendar object or a message, by instance (RFC 6638 §3.1).

Components are shared with whoever else has the Document: `copied` before anything is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final, TypeAlias

from caldavd.ical.combine import PRODUCT
from caldavd.ical.contentline import Component, Line, parameter, read, without_parameters
from caldavd.ical.extent import temporal, zone_of
from caldavd.ical.parse import Document
from caldavd.ical.tznames import key_of
from caldavd.ical.values import Temporal, parse_temporal
from caldavd.ical.vtimezone import timezone_text
from caldavd.ical.write import parameter_text, time_line, write
from caldavd.itip.address import Addresses, normal

SCHEDULED: Final = frozenset({"VEVENT", "VTODO"})
"""The components that people are asked to and answer; a VJOURNAL is only published."""

MAX_SEQUENCE: Final = 2**31 - 1
"""The highest number that RFC 5545 §3.3.8 knows; nobody can add to it."""
_MAX_DIGITS: Final = 20

Zones: TypeAlias = Mapping[str, Component]
Key: TypeAlias = str
"""What tells an instance: equal for one RECURRENCE-ID in any zone; a DATE, UTC or floating."""


class Role(Enum):
    """What the owner of a calendar is in an object there."""

    ORGANIZER = "organizer"
    ATTENDEE = "attendee"
    NONE = "none"
    """It is no scheduling object resource of theirs."""


@dataclass(frozen=True, slots=True)
class Part:
    """A component of a meeting: the master, or an override."""

    component: Component
    key: Key | None
    """The instance that it describes; None: the master."""
    attendees: Mapping[str, Line]
    """The ATTENDEE lines by their address, in the order of the text."""
    sequence: int
    excluded: frozenset[Key]
    """The instances that its EXDATEs take away."""

    @property
    def is_cancelled(self) -> bool:
        line = self.component.first("STATUS")
        return line is not None and line.value.strip().upper() == "CANCELLED"


@dataclass(frozen=True, slots=True)
class Meeting:
    """A calendar object or a message, as scheduling sees it."""

    uid: str
    component: str
    organizer: Line | None
    organizers: Addresses
    """The addresses in all ORGANIZER lines: one, if the object is as it has to be."""
    parts: Mapping[Key | None, Part]
    """In the order of the text."""
    zones: Zones
    method: str
    """Upper case; empty for what is stored in a calendar."""

    @property
    def master(self) -> Part | None:
        return self.parts.get(None)

    @property
    def sequence(self) -> int:
        """The highest of its components."""
        return max((part.sequence for part in self.parts.values()), default=0)

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing of it takes place."""
        master = self.master
        return all(
            part.is_cancelled for part in ([master] if master else self.parts.values())
        ) and bool(self.parts)

    def role(self, me: Addresses) -> Role:
        """What somebody with these addresses is in it (RFC 6638 §3.1)."""
        if self.component not in SCHEDULED or self.organizer is None:
            return Role.NONE
        if not me.isdisjoint(self.organizers):
            return Role.ORGANIZER
        mine = any(not me.isdisjoint(part.attendees) for part in self.parts.values())
        return Role.ATTENDEE if mine else Role.NONE


def meeting(document: Document) -> Meeting:
    """A Document as scheduling sees it: one of a calendar, or `parse.stored` of a message."""
    parts: dict[Key | None, Part] = {}
    organizer: Line | None = None
    organizers: set[str] = set()
    start = start_of(document.components, document.zones)
    for component in document.components:
        found = part_of(component, document.zones, start)
        parts.setdefault(found.key, found)
        for line in component.all("ORGANIZER"):
            organizer = organizer or line
            organizers.add(normal(line.value))
    method = document.calendar.first("METHOD")
    return Meeting(
        document.uid,
        document.component,
        organizer,
        frozenset(organizers),
        parts,
        document.zones,
        method.value.strip().upper() if method else "",
    )


def part_of(component: Component, zones: Zones, start: Temporal | None = None) -> Part:
    """One component, read; `start` is when the series of the object begins."""
    attendees: dict[str, Line] = {}
    excluded: set[Key] = set()
    key: Key | None = None
    for line in component.lines:
        if line.name == "ATTENDEE":
            attendees.setdefault(normal(line.value), line)
        elif line.name == "EXDATE":
            excluded.update(keys(line, zones, start))
        elif line.name == "RECURRENCE-ID":
            key = key_of_value(line, line.value, zones, start)
    return Part(component, key, attendees, sequence_of(component), frozenset(excluded))


def start_of(components: Iterable[Component], zones: Zones) -> Temporal | None:
    """When the series of an object begins; None if it holds no series, or that says no start."""
    for component in components:
        if component.first("RECURRENCE-ID") is None:
            line = component.first("DTSTART") or component.first("DUE")
            try:
                return None if line is None else temporal(line, zones)
            except ValueError:
                return None
    return None


def keys(line: Line, zones: Zones, start: Temporal | None = None) -> list[Key]:
    """The instances that a RECURRENCE-ID, EXDATE or RDATE names, in its order."""
    values = (value for value in line.value.split(",") if value.strip())
    return [key_of_value(line, value, zones, start) for value in values]


def key_of_value(line: Line, value: str, zones: Zones, start: Temporal | None = None) -> Key:
    """The instance that one value of a line names; a value that cannot be read is its own key.

    Clients write a DATE for an instance that has a time, and the other way round: what a value
    lacks, and in which zone it counts, is told by the start of its series.
    """
    text = value.partition("/")[0].strip()
    try:
        moment = parse_temporal(text, zone_of(line, zones))
    except ValueError:
        return text
    return key_of_moment(moment if start is None else _as_in_series(moment, start))


def key_of_moment(moment: Temporal) -> Key:
    """The instance that begins, or began by its rule, at a moment."""
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return time_line("", moment).value


def _as_in_series(moment: Temporal, start: Temporal) -> Temporal:
    if not isinstance(start, datetime):
        return moment.date() if isinstance(moment, datetime) else moment
    if not isinstance(moment, datetime):
        return datetime.combine(moment, start.timetz())
    if start.tzinfo is None:
        return moment.replace(tzinfo=None)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=start.tzinfo)


def sequence_of(component: Component) -> int:
    """Its SEQUENCE; 0 if there is none, or none that is a number."""
    line = component.first("SEQUENCE")
    return 0 if line is None else sequence_from(line.value.strip())


def sequence_from(digits: str) -> int:
    """The number of a SEQUENCE, at most MAX_SEQUENCE: of higher ones the later DTSTAMP counts."""
    if not digits.isdecimal():
        return 0
    return min(int(digits), MAX_SEQUENCE) if len(digits) <= _MAX_DIGITS else MAX_SEQUENCE


# --- To make other components of these ---


def copied(component: Component) -> Component:
    """A component that may be changed, down to those inside it."""
    return Component(
        component.name, list(component.lines), [copied(inner) for inner in component.components]
    )


def put_line(component: Component, line: Line) -> None:
    """Sets the one line of its name, in its place if there is one."""
    for place, old in enumerate(component.lines):
        if old.name == line.name:
            component.lines[place] = line
            return
    component.lines.append(line)


def drop_lines(component: Component, *names: str) -> None:
    """Removes the lines of these names."""
    component.lines = [line for line in component.lines if line.name not in names]


def with_parameter(line: Line, name: str, *values: str) -> Line:
    """The line with a parameter set to these values, or without it if there are none."""
    left = without_parameters(line, name)
    return line._replace(parameter_text=left + parameter_text(name, *values) if values else left)


def calendar_text(method: str, components: Sequence[Component], zones: Zones) -> str:
    """A VCALENDAR of components, with the VTIMEZONEs that they use; a message if it has a METHOD.

    A zone that is used and not described is written as the zone database has it.
    """
    head = [Line("VERSION", "", "2.0"), Line("PRODID", "", PRODUCT)]
    if method:
        head.append(Line("METHOD", "", method))
    return write([Component("VCALENDAR", head, [*used_zones(components, zones), *components])])


def used_zones(components: Iterable[Component], zones: Zones) -> list[Component]:
    """The VTIMEZONEs that components use, in the order in which they name them."""
    used: dict[str, None] = {}
    for component in components:
        for line in component.lines:
            if line.parameter_text and (tzid := parameter(line, "TZID")) is not None:
                used[tzid] = None
    found: list[Component] = []
    for tzid in used:
        if tzid in zones:
            found.append(zones[tzid])
        elif key_of(tzid) is not None:
            found += read(timezone_text(tzid))
    return found
