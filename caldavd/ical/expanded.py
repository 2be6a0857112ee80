"""A calendar with one component for each instance in a window, in UTC (RFC 4791 §9.6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, without_parameters
from caldavd.ical.extent import zone_of
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import Instance, TooMany, instances
from caldavd.ical.values import Temporal, parse_duration, parse_temporal, wall
from caldavd.ical.write import time_line
from caldavd.model import Window

MAX_CHARACTERS: Final = 8_000_000
"""Of all instances of one object, each with its alarms and all it holds."""
_RECURRING: Final = frozenset(("VEVENT", "VTODO", "VJOURNAL"))
_RECURRENCE: Final = frozenset(("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"))
_END: Final[Mapping[str, str]] = {"VEVENT": "DTEND", "VTODO": "DUE"}
_OF_INSTANCE: Final = _RECURRENCE | {"DTSTART", "DTEND", "DUE", "DURATION"}


def expanded(document: Document, window: Window, floating: tzinfo, limit: int) -> Component:
    """The calendar of the instances that overlap the window, in order.

    No VTIMEZONE, no recurrence property and no TZID remain. Dates and floating times stay what
    they are; an unknown TZID counts as floating. Raises TooMany.
    """
    found = instances(document, window, floating, limit)
    zones = document.zones
    if document.component in _RECURRING:
        patterns = {
            id(component): _pattern(component, zones)
            for component in {id(each.component): each.component for each in found}.values()
        }
        if sum(patterns[id(each.component)].size for each in found) > MAX_CHARACTERS:
            raise TooMany(f"the instances would take more than {MAX_CHARACTERS} characters")
        components = [_described(each, patterns[id(each.component)]) for each in found]
    else:
        touched = {id(instance.component) for instance in found}
        components = [
            _in_utc(component, zones)
            for component in document.components
            if id(component) in touched
        ]
    return Component(document.calendar.name, document.calendar.lines, components)


@dataclass(frozen=True, slots=True)
class _Pattern:
    """What all instances that one component describes have alike."""

    name: str
    head: list[Line]
    """The lines before DTSTART."""
    tail: list[Line]
    components: list[Component]
    start: Line | None
    end: Line | None
    """DTEND or DUE."""
    duration: Line | None
    lasts: timedelta | None
    """What `duration` says."""
    size: int
    """Characters, nearly."""


def _pattern(component: Component, zones: Mapping[str, Component]) -> _Pattern:
    start = component.first("DTSTART")
    at = 0 if start is None else component.lines.index(start)
    head, tail = (
        [_line_in_utc(line, zones) for line in part if line.name not in _OF_INSTANCE]
        for part in (component.lines[:at], component.lines[at:])
    )
    end = _END.get(component.name)
    duration = component.first("DURATION")
    return _Pattern(
        component.name,
        head,
        tail,
        [_in_utc(inner, zones) for inner in component.components],
        start,
        None if end is None else component.first(end),
        duration,
        None if duration is None else parse_duration(duration.value),
        _size(component),
    )


def _size(component: Component) -> int:
    lines = sum(len(line.parameter_text) + len(line.value) + 20 for line in component.lines)
    return lines + sum(map(_size, component.components))


def _described(instance: Instance, pattern: _Pattern) -> Component:
    """The component of one instance: its own dates in place of those of its series.

    Every instance that comes from a series has a RECURRENCE-ID, the first one too.
    """
    lines = list(pattern.head)
    if pattern.start is not None and instance.start is not None:
        lines.append(_moved(pattern.start, instance.start))
    lines.extend(pattern.tail)
    lines.extend(_end(instance, pattern))
    if instance.recurrence_id is not None:
        lines.append(time_line("RECURRENCE-ID", instance.recurrence_id))
    return Component(pattern.name, lines, pattern.components)


def _end(instance: Instance, pattern: _Pattern) -> list[Line]:
    """DTEND, DUE or DURATION of an instance, in the way in which its component says it.

    A DURATION that is another time in UTC (a day when the clocks change), or that an RDATE
    replaces by its period, becomes DTEND or DUE.
    """
    end = instance.end
    name = _END.get(pattern.name)
    if name is None or end is None:
        return []
    if pattern.end is not None:
        return [_moved(pattern.end, end)]
    if pattern.duration is not None and _lasts(instance, pattern.lasts):
        return [pattern.duration]
    if pattern.duration is None and not isinstance(end, datetime):
        return []
    return [time_line(name, end)]


def _lasts(instance: Instance, length: timedelta | None) -> bool:
    """Whether the instance is over `length` after its start, as it will be written."""
    start, end = instance.start, instance.end
    if start is None or end is None or length is None:
        return False
    if isinstance(start, datetime) and isinstance(end, datetime) and start.tzinfo is not None:
        return end.astimezone(UTC) - start.astimezone(UTC) == length
    return wall(end) - wall(start) == length


def _moved(line: Line, value: Temporal) -> Line:
    return time_line(line.name, value, without_parameters(line, "TZID", "VALUE"))


def _in_utc(component: Component, zones: Mapping[str, Component]) -> Component:
    return Component(
        component.name,
        [_line_in_utc(line, zones) for line in component.lines],
        [_in_utc(inner, zones) for inner in component.components],
    )


def _line_in_utc(line: Line, zones: Mapping[str, Component]) -> Line:
    """A line without its TZID, its time in UTC; as it is if it has none or is no time."""
    if not line.parameter_text or parameter(line, "TZID") is None:
        return line
    try:
        value = parse_temporal(line.value, zone_of(line, zones))
    except ValueError:
        return line._replace(parameter_text=without_parameters(line, "TZID"))
    return _moved(line, value)
