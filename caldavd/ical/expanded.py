"""A calendar with one component for each instance in a window, in UTC (RFC 4791 §9.6.5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, without_parameters
from caldavd.ical.extent import zone_of
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import Instance, instances
from caldavd.ical.values import Temporal, epoch, parse_duration, parse_temporal, wall
from caldavd.ical.write import time_line
from caldavd.model import Window

_RECURRING: Final = frozenset(("VEVENT", "VTODO", "VJOURNAL"))
_RECURRENCE: Final = frozenset(("RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"))
_END: Final[Mapping[str, str]] = {"VEVENT": "DTEND", "VTODO": "DUE"}
_TIMES: Final = frozenset(("DTSTART", "DTEND", "DUE", "DURATION"))


def expanded(document: Document, window: Window, floating: tzinfo, limit: int) -> Component:
    """The calendar of the instances that overlap the window, in order.

    No VTIMEZONE, no recurrence property and no TZID remain. Dates and floating times stay what
    they are; an unknown TZID counts as floating. Raises TooMany.
    """
    found = instances(document, window, floating, limit)
    zones = document.zones
    if document.component in _RECURRING:
        components = [_described(instance, zones, floating) for instance in found]
    else:
        touched = {id(instance.component) for instance in found}
        components = [
            _in_utc(component, zones)
            for component in document.components
            if id(component) in touched
        ]
    return Component(document.calendar.name, document.calendar.lines, components)


def _described(instance: Instance, zones: Mapping[str, Component], floating: tzinfo) -> Component:
    """The component of one instance: its own dates in place of those of its series.

    Every instance that comes from a series has a RECURRENCE-ID, the first one too.
    """
    component = instance.component
    lines: list[Line] = []
    for line in component.lines:
        if line.name in _RECURRENCE:
            continue
        if line.name not in _TIMES:
            lines.append(_line_in_utc(line, zones))
        elif line.name == "DTSTART" and instance.start is not None:
            lines.append(_moved(line, instance.start))
    lines.extend(_end(instance, floating))
    if instance.recurrence_id is not None:
        lines.append(time_line("RECURRENCE-ID", instance.recurrence_id))
    return Component(
        component.name, lines, [_in_utc(inner, zones) for inner in component.components]
    )


def _end(instance: Instance, floating: tzinfo) -> list[Line]:
    """DTEND, DUE or DURATION of an instance, in the way in which its component says it.

    A DURATION that is another time in UTC (a day when the clocks change), or that an RDATE
    replaces by its period, becomes DTEND or DUE.
    """
    component, end = instance.component, instance.end
    name = _END.get(component.name)
    duration = component.first("DURATION")
    line = None if name is None else component.first(name)
    if name is None or end is None:
        return []
    if line is not None:
        return [_moved(line, end)]
    if duration is not None and _lasts(instance, parse_duration(duration.value), floating):
        return [duration]
    if duration is None and not isinstance(end, datetime):
        return []
    return [time_line(name, end)]


def _lasts(instance: Instance, length: timedelta, floating: tzinfo) -> bool:
    """Whether the instance is over `length` after its start, as it will be written."""
    start, end = instance.start, instance.end
    if start is None or end is None:
        return False
    if isinstance(start, datetime) and start.tzinfo is not None:
        return epoch(end, floating) - epoch(start, floating) == length.total_seconds()
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
