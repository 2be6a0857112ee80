"""The instances that a series has, and how it ends (RFC 5545 §3.8.4.4, §3.8.5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component, Line
from caldavd.ical.recurrence_set import Row, explicit, places, row
from caldavd.ical.series import Series, key_of, overrides, series
from caldavd.ical.values import Temporal, parse_temporal, wall
from caldavd.ical.write import time_line
from caldavd.itip.instance import like
from caldavd.itip.snapshot import Key, Meeting, Part, Zones, key_of_value

_RECURRENCE: Final = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"})


class Instances:
    """The instances of an object, each as the override that it is or would be."""

    def __init__(self, of: Meeting) -> None:
        self._of = of
        self._series = _series(of)

    def find(self, key: Key) -> Part | None:
        """An instance that has no override; None if the series has none then."""
        if self._series is None or self._of.master is None:
            return None
        try:
            value = parse_temporal(key)
            found = _row(self._series, value)
            return None if found is None else self._part(key, value, found)
        except ValueError:
            return None

    def begins_at(self, key: Key) -> bool:
        """Whether no instance is before this one."""
        if self._series is None:
            return False
        try:
            value = parse_temporal(key)
        except ValueError:
            return False
        start = self._series.start
        return key_of(start, value) <= key_of(start, start)

    def exdate(self, key: Key) -> Line:
        """The EXDATE that takes an instance out of the series, which has to have a start."""
        assert self._series is not None
        pattern = self._pattern()
        line = like(pattern, _in_zone(parse_temporal(key), self._series), self._of.zones)
        return Line("EXDATE", line.parameter_text, line.value)

    def _pattern(self) -> Line:
        assert self._of.master is not None
        component = self._of.master.component
        pattern = component.first("DTSTART") or component.first("DUE")
        assert pattern is not None
        return pattern

    def _part(self, key: Key, value: Temporal, found: Row) -> Part:
        assert self._series is not None
        master = self._of.master
        assert master is not None
        base, zones = found.extent.component, self._of.zones
        part = master if base is master.component else _part_with(self._of, base)
        identity = like(self._pattern(), _in_zone(value, self._series), zones)
        lines = [Line("RECURRENCE-ID", identity.parameter_text, identity.value)]
        lines += _moved(base, found, zones)
        made = Component(base.name, lines, base.components)
        return Part(made, key, part.attendees, part.sequence, frozenset())


def _series(of: Meeting) -> Series | None:
    if of.master is None:
        return None
    components = [part.component for part in of.parts.values()]
    try:
        return series(of.master.component, overrides(components, of.zones), of.zones)
    except ValueError:
        return None


def _row(of: Series, value: Temporal) -> Row | None:
    if not of.recurs:
        return None
    sought = key_of(of.start, value)
    for found in explicit(of):
        if found.recurrence_id is not None and key_of(of.start, found.recurrence_id) == sought:
            return found
    for place in places(of, sought, sought + 1, UTC):
        if place[0] == sought:
            return row(of, place)
    return None


def _part_with(of: Meeting, component: Component) -> Part:
    return next(part for part in of.parts.values() if part.component is component)


def _moved(base: Component, found: Row, zones: Zones) -> Iterator[Line]:
    """The lines of a component with the times of an instance."""
    start = found.start
    end = None if start is None else found.extent.end_of(start)
    for line in base.lines:
        if line.name == "DTSTART" or (line.name == "DUE" and found.extent.due_only):
            yield line if start is None else like(line, start, zones)
        elif line.name in ("DTEND", "DUE"):
            yield line if end is None else like(line, end, zones)
        elif line.name not in _RECURRENCE:
            yield line


def _in_zone(value: Temporal, of: Series) -> Temporal:
    if isinstance(value, datetime) and value.tzinfo is not None and of.zone is not None:
        return value.astimezone(of.zone)
    return value


def including(lines: list[Line], keys: frozenset[Key], zones: Zones, start: Temporal) -> list[Line]:
    """The lines of a master whose EXDATEs take none of these instances away."""
    made: list[Line] = []
    for line in lines:
        if line.name != "EXDATE":
            made.append(line)
            continue
        values = [value for value in line.value.split(",") if value.strip()]
        kept = [value for value in values if key_of_value(line, value, zones, start) not in keys]
        if len(kept) == len(values):
            made.append(line)
        elif kept:
            made.append(line._replace(value=",".join(kept)))
    return made


def ending_before(lines: list[Line], key: Key, zones: Zones, start: Temporal) -> list[Line]:
    """The lines of a master, so that its series ends before an instance. Raises ValueError."""
    end = parse_temporal(key)
    made: list[Line] = []
    for line in lines:
        if line.name == "RRULE":
            made.append(line._replace(value=_until(line.value, start, end)))
        elif line.name == "RDATE":
            values = [value for value in line.value.split(",") if value.strip()]
            kept = [value for value in values if key_of_value(line, value, zones, start) < key]
            if kept:
                made.append(line._replace(value=",".join(kept)))
        else:
            made.append(line)
    return made


def _until(rule: str, start: Temporal, end: Temporal) -> str:
    """A rule that ends before `end`, unless it did already."""
    last = end - (timedelta(seconds=1) if isinstance(end, datetime) else timedelta(days=1))
    parts = [part for part in rule.strip().strip(";").split(";") if part]
    for part in parts:
        name, _, value = part.partition("=")
        if name.upper() == "UNTIL" and _is_before(value, start, end):
            return rule
    kept = [part for part in parts if part.partition("=")[0].upper() not in ("UNTIL", "COUNT")]
    return ";".join([*kept, f"UNTIL={time_line('', last).value}"])


def _is_before(until: str, start: Temporal, end: Temporal) -> bool:
    try:
        value = parse_temporal(until)
    except ValueError:
        return False
    if isinstance(value, datetime) != isinstance(end, datetime):
        return wall(value) < wall(end)
    return key_of(start, value) < key_of(start, end)
