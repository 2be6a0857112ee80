"""When a component takes place: its own dates, and the interval RFC 4791 §9.9 tests for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.timezone import resolve
from caldavd.ical.values import (
    Duration,
    Period,
    Temporal,
    epoch,
    is_date,
    parse_nominal,
    parse_temporal,
    wall,
)

BEGINNING: Final = -(1 << 62)
"""Before every instant."""
FOREVER: Final = 1 << 62
"""After every instant."""

Zones = Mapping[str, Component]


class Interval(NamedTuple):
    """A range [start, end) matches iff start < ends and end > starts; epoch seconds.

    Times are whole seconds, so each row of the tables of §9.9 is one such interval:
    `start <= X` is `start < X + 1`, `end >= Y` is `end > Y - 1`.
    """

    starts: int
    ends: int


@dataclass(frozen=True, slots=True)
class Extent:
    """The dates of one component, read once, from which those of each instance are made."""

    component: Component
    start: Temporal | None
    """DTSTART; for a VTODO without it, DUE."""
    end: Temporal | None
    """DTEND or DUE as written, if DTSTART is there too."""
    duration: Duration | None
    """DURATION; for a whole day, one day."""
    exact_s: int | None
    """From `start` to `end`, where both are instants."""
    due_only: bool

    def end_of(self, start: Temporal) -> Temporal | None:
        """The end of an instance that starts at `start`; None if nothing gives one.

        An instance lasts exactly as long as DTSTART to DTEND; a DURATION is nominal in its days
        (RFC 5545 §3.8.5.3). Raises ValueError where it would be after the year 9999.
        """
        try:
            return self._end_of(start)
        except OverflowError:
            raise ValueError(f"what starts at {start} would leave the calendar") from None

    def _end_of(self, start: Temporal) -> Temporal | None:
        if self.duration is not None:
            return _nominal(start, self.duration)
        if self.end is None or self.start is None:
            return None
        if start == self.start:
            return self.end
        if self.exact_s is not None and isinstance(start, datetime) and start.tzinfo is not None:
            assert isinstance(self.end, datetime)
            end = start.astimezone(UTC) + timedelta(seconds=self.exact_s)
            return end.astimezone(self.end.tzinfo)
        return _as_long(start, wall(self.end) - wall(self.start), whole_days=is_date(self.end))

    def lasting(self, period: Period) -> Extent:
        """The dates of an instance that an RDATE gives as a period."""
        start, end = period
        if isinstance(end, Duration):
            return replace(self, start=start, end=None, duration=end, exact_s=None)
        end_ = _same_kind(start, end)
        exact_s = _length(start, end_)
        return replace(self, start=start, end=end_, duration=None, exact_s=exact_s)

    def rigid(self) -> tuple[int, int] | None:
        """How far the interval of every instance reaches before and after its start, in seconds.

        None where that differs: nominal days in a zone, or no start at all.
        """
        zoned = isinstance(self.start, datetime) and self.start.tzinfo is not None
        if self.start is None or (zoned and self.duration is not None and self.duration.days):
            return None
        interval = self.interval(self.start, UTC)
        at = epoch(self.start, UTC)
        return None if interval is None else (at - interval.starts, interval.ends - at)

    def interval(self, start: Temporal | None, floating: tzinfo) -> Interval | None:
        """What §9.9 tests for an instance that starts at `start`; None: nothing matches it."""
        row = _TABLES.get(self.component.name)
        if row is None:
            return None
        if start is None:
            return row(self, None, None)
        starts = epoch(start, floating)
        if self.exact_s is not None and isinstance(start, datetime) and start.tzinfo is not None:
            return row(self, starts, starts + self.exact_s)
        end = self.end_of(start)
        return row(self, starts, None if end is None else epoch(end, floating))


def extent(component: Component, zones: Zones) -> Extent:
    """The dates of a component. Raises ValueError for a value that is none."""
    found = {line.name: line for line in reversed(component.lines) if line.name in _DATES}
    todo = component.name == "VTODO"
    start = _temporal(found, "DTSTART", zones)
    end = _temporal(found, "DUE" if todo else "DTEND", zones)
    if start is None:
        return Extent(component, end if todo else None, None, None, None, todo and end is not None)
    if component.name == "VJOURNAL":
        end = None
    elif end is not None:
        end = _same_kind(start, end)
        return Extent(component, start, end, None, _length(start, end), False)
    duration = None
    if "DURATION" in found and component.name in ("VEVENT", "VTODO"):
        duration = parse_nominal(found["DURATION"].value)
    elif not todo and is_date(start):
        duration = Duration(1, 0)
    return Extent(component, start, None, duration, None, False)


_DATES: Final = frozenset({"DTSTART", "DTEND", "DUE", "DURATION"})


def temporal(line: Line, zones: Zones) -> Temporal:
    """The DATE or DATE-TIME of a line, in the zone of its TZID. Raises ValueError."""
    return parse_temporal(line.value, zone_of(line, zones))


def zone_of(line: Line, zones: Zones) -> tzinfo | None:
    """The zone of the TZID of a line; None if it has none, or an unknown one."""
    text = line.parameter_text
    if not text:
        return None
    plain = _PLAIN_TZID.fullmatch(text)
    tzid = plain[1] if plain else parameter(line, "TZID")
    return None if tzid is None else resolve(tzid, zones)


_PLAIN_TZID: Final = re.compile(r';TZID=([^";,^]+)')


def _temporal(found: dict[str, Line], name: str, zones: Zones) -> Temporal | None:
    return temporal(found[name], zones) if name in found else None


def _same_kind(start: Temporal, end: Temporal) -> Temporal:
    """The end, floating or in a zone as the start is: RFC 5545 wants that, clients do not always.

    A whole day that ends where it starts lasts that day.
    """
    if not isinstance(start, datetime):
        if isinstance(end, datetime):
            return wall(end)
        return end if end != start else end + timedelta(days=1)
    if not isinstance(end, datetime):
        return wall(end).replace(tzinfo=start.tzinfo)
    if start.tzinfo is None or end.tzinfo is None:
        return end.replace(tzinfo=start.tzinfo)
    return end


def _length(start: Temporal, end: Temporal) -> int | None:
    if isinstance(start, datetime) and start.tzinfo is not None:
        return epoch(end, UTC) - epoch(start, UTC)
    return None


def _as_long(start: Temporal, length: timedelta, *, whole_days: bool) -> Temporal:
    """`length` later by the clock on the wall."""
    if isinstance(start, datetime):
        return start + length
    return start + length if whole_days else wall(start) + length


def _nominal(start: Temporal, duration: Duration) -> Temporal:
    if not isinstance(start, datetime):
        if duration.seconds == 0:
            return start + timedelta(days=duration.days)
        return wall(start) + duration.delta
    end = start + timedelta(days=duration.days)
    if duration.seconds == 0 or start.tzinfo is None:
        return end + timedelta(seconds=duration.seconds)
    exact = end.astimezone(UTC) + timedelta(seconds=duration.seconds)
    return exact.astimezone(start.tzinfo)


# --- The tables of RFC 4791 §9.9 ---


def _vevent(_: Extent, start: int | None, end: int | None) -> Interval | None:
    if start is None:
        return None
    return Interval(start, start + 1 if end is None or end <= start else end)


def _vtodo(extent: Extent, start: int | None, end: int | None) -> Interval:
    if start is None:
        return _vtodo_without_dates(extent.component)
    if extent.due_only:
        return Interval(start - 1, start)
    if end is None:
        return Interval(start, start + 1)
    if extent.end is None:
        end = max(start, end)
        return Interval(min(start, end - 1), end + 1)
    return Interval(min(start, end - 1), max(start + 1, end))


def _vtodo_without_dates(todo: Component) -> Interval:
    completed, created = (_instant(todo, name) for name in ("COMPLETED", "CREATED"))
    if completed is not None and created is not None:
        return Interval(min(completed, created) - 1, max(completed, created) + 1)
    if completed is not None:
        return Interval(completed - 1, completed + 1)
    if created is not None:
        return Interval(created, FOREVER)
    return Interval(BEGINNING, FOREVER)


def _vjournal(_: Extent, start: int | None, end: int | None) -> Interval | None:
    if start is None:
        return None
    return Interval(start, start + 1 if end is None else end)


def _vfreebusy(_: Extent, start: int | None, end: int | None) -> Interval | None:
    return None if start is None or end is None else Interval(start, end + 1)


_TABLES: Final[dict[str, Callable[[Extent, int | None, int | None], Interval | None]]] = {
    "VEVENT": _vevent,
    "VTODO": _vtodo,
    "VJOURNAL": _vjournal,
    "VFREEBUSY": _vfreebusy,
}


def _instant(component: Component, name: str) -> int | None:
    """A property that is always in UTC, as epoch seconds."""
    line = component.first(name)
    return None if line is None else epoch(parse_temporal(line.value), UTC)
