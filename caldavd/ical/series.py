"""A component and what its text says of its recurrence set (RFC 5545 §3.8.4.4, §3.8.5).

A series whose DTSTART is floating or a date is worked out in wall time alone: its exceptions are
compared as they are written, so that its instances are the same for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from operator import itemgetter
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.extent import Extent, Zones, extent, temporal, zone_of
from caldavd.ical.rule import Rule, parse_rule
from caldavd.ical.values import (
    Temporal,
    epoch,
    is_date,
    parse_period,
    parse_temporal,
    wall,
    wall_seconds,
)


@dataclass(frozen=True, slots=True)
class Override:
    """A component with RECURRENCE-ID."""

    extent: Extent
    recurrence_id: Temporal
    and_future: bool
    """RANGE=THISANDFUTURE: later instances are like this one, as much later or earlier."""

    def moved(self, original: Temporal) -> Temporal:
        """Where a later instance is that the series has at `original`. Raises ValueError."""
        target, source = self.extent.start, self.recurrence_id
        assert target is not None
        if isinstance(target, datetime) and target.tzinfo is not None:
            source, original = _in_zone(source, target.tzinfo), _in_zone(original, target.tzinfo)
        try:
            return like(target, wall(original) + (wall(target) - wall(source)))
        except OverflowError:
            raise ValueError(f"the instance of {original} would leave the calendar") from None


@dataclass(frozen=True, slots=True)
class Dates:
    """A set of instances of a series."""

    keys: frozenset[int] = frozenset()
    days: frozenset[date] = frozenset()
    """Days named by a DATE in a series of date-times: all instances of that day."""

    def holds(self, key: int, moment: datetime) -> bool:
        """Whether the instance with this key, at this wall time, is one of them."""
        return key in self.keys or moment.date() in self.days


NO_DATES: Final = Dates()


@dataclass(frozen=True, slots=True)
class Series:
    """A master: what it adds to its recurrence set and what it leaves out."""

    master: Extent
    start: Temporal
    rules: tuple[Rule, ...]
    exrules: tuple[Rule, ...]
    rdates: tuple[tuple[Temporal, Extent], ...]
    exdates: Dates
    without: Dates
    """What the rules do not give: EXDATE, RDATE, and where an override stands instead."""
    futures: tuple[tuple[int, Override], ...]
    """The overrides with RANGE=THISANDFUTURE by their keys, in order."""
    recurs: bool

    @property
    def zone(self) -> tzinfo | None:
        """The zone of the series; None: floating, or all day."""
        return self.start.tzinfo if isinstance(self.start, datetime) else None


def overrides(components: Iterable[Component], zones: Zones) -> list[Override]:
    """The overrides in order of the text; of two for one instance, that of the higher SEQUENCE."""
    found: dict[tuple[bool, int], tuple[int, Override]] = {}
    for component in components:
        line = component.first("RECURRENCE-ID")
        if line is None:
            continue
        value = temporal(line, zones)
        dates = extent(component, zones)
        if dates.start is None:
            dates = replace(dates, start=value)
        future = (parameter(line, "RANGE") or "").upper() == "THISANDFUTURE"
        identity = (is_date(value), epoch(value, UTC))
        sequence = _sequence(component)
        if identity not in found or found[identity][0] <= sequence:
            found[identity] = sequence, Override(dates, value, future)
    return [override for _, override in found.values()]


def series(master: Component, changed: list[Override], zones: Zones) -> Series | None:
    """The series of a component without RECURRENCE-ID; None if it has no date to start from."""
    dates = extent(master, zones)
    if dates.start is None:
        return None
    lines: dict[str, list[Line]] = {}
    for line in master.lines:
        if line.name in _SET:
            lines.setdefault(line.name, []).append(line)
    if not lines and not changed:
        return Series(dates, dates.start, (), (), (), NO_DATES, NO_DATES, (), False)
    return _recurring(dates, dates.start, lines, changed, zones)


_SET: Final = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE"})
_RECURS: Final = _SET | {"RECURRENCE-ID"}


def recurs(component: Component) -> bool:
    """Whether a component has, or belongs to, a recurrence set of more than itself."""
    return not _RECURS.isdisjoint([line.name for line in component.lines])


def _recurring(
    dates: Extent,
    start: Temporal,
    lines: dict[str, list[Line]],
    changed: list[Override],
    zones: Zones,
) -> Series:
    exdates = _dates(start, (v for line in lines.get("EXDATE", []) for v in _values(line, zones)))
    replaced = _dates(start, (override.recurrence_id for override in changed))
    absent = Dates(exdates.keys | replaced.keys, exdates.days | replaced.days)
    rdates = tuple(
        (value, its_dates)
        for value, its_dates in _rdates(lines.get("RDATE", []), dates, zones)
        if not absent.holds(key_of(start, value), wall(value))
    )
    futures = [(key_of(start, o.recurrence_id), o) for o in changed if o.and_future]
    return Series(
        dates,
        start,
        tuple(parse_rule(line.value) for line in lines.get("RRULE", [])),
        tuple(parse_rule(line.value) for line in lines.get("EXRULE", [])),
        rdates,
        exdates,
        Dates(absent.keys | {key_of(start, value) for value, _ in rdates}, absent.days),
        tuple(sorted(futures, key=itemgetter(0))),
        bool(changed or rdates or "RRULE" in lines),
    )


def _dates(start: Temporal, values: Iterable[Temporal]) -> Dates:
    keys: set[int] = set()
    days: set[date] = set()
    for value in values:
        if is_date(value) and not is_date(start):
            days.add(value)
        else:
            keys.add(key_of(start, value))
    return Dates(frozenset(keys), frozenset(days))


def key_of(start: Temporal, value: Temporal) -> int:
    """Equal for equal instants: epoch seconds, where the series that begins at `start` has a zone.

    Otherwise seconds of its wall clock, whatever zone the value is written in.
    """
    if not isinstance(start, datetime):
        return wall_seconds(datetime.combine(value, datetime.min.time()))
    zone = start.tzinfo
    return wall_seconds(wall(value)) if zone is None else epoch(value, zone)


def like(pattern: Temporal, moment: datetime) -> Temporal:
    """A wall time as a value of the kind that `pattern` is."""
    if isinstance(pattern, datetime):
        return moment.replace(tzinfo=pattern.tzinfo)
    return moment.date()


def _in_zone(value: Temporal, zone: tzinfo) -> Temporal:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(zone)
    return value


def _values(line: Line, zones: Zones) -> Iterator[Temporal]:
    zone = zone_of(line, zones)
    for text in line.value.split(","):
        if text.strip():
            yield parse_temporal(text, zone)


def _rdates(lines: list[Line], master: Extent, zones: Zones) -> Iterator[tuple[Temporal, Extent]]:
    """Each RDATE with the dates of its instance: a PERIOD brings its own end."""
    for line in lines:
        zone = zone_of(line, zones)
        for text in line.value.split(","):
            if "/" in text:
                period = parse_period(text, zone)
                yield period.start, master.lasting(period)
            elif text.strip():
                yield parse_temporal(text, zone), master


def _sequence(component: Component) -> int:
    line = component.first("SEQUENCE")
    text = "0" if line is None else line.value.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
