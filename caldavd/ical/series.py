"""A component and its recurrence set: RRULE, RDATE, EXDATE, overrides (RFC 5545 §3.8.4.4, §3.8.5).

A series whose DTSTART is floating or a date is worked out in wall time alone: its exceptions are
compared as they are written, so that its instances are the same for whoever asks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.expansion import expand, generated
from caldavd.ical.extent import BEGINNING, FOREVER, Extent, extent, temporal, zone_of
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.values import (
    EPOCH,
    Temporal,
    epoch,
    is_date,
    parse_period,
    parse_temporal,
    wall,
    wall_seconds,
)

Zones = Mapping[str, Component]

_LOWEST: Final = datetime(2, 1, 1)  # noqa: DTZ001
_HIGHEST: Final = datetime(9998, 12, 31)  # noqa: DTZ001
_MARGIN: Final = timedelta(hours=26)
"""More than any zone moves its clocks at once (a day, at the date line)."""
_NARROW_MARGIN: Final = timedelta(hours=3)
_END_OF_DAY: Final = time(23, 59, 59)


class Row(NamedTuple):
    """One instance, not yet placed in time: whose dates, its start, its place in the series."""

    extent: Extent
    start: Temporal | None
    recurrence_id: Temporal | None


@dataclass(frozen=True, slots=True)
class Override:
    """A component with RECURRENCE-ID."""

    extent: Extent
    recurrence_id: Temporal
    and_future: bool
    """RANGE=THISANDFUTURE: later instances are like this one, as much later or earlier."""

    def moved(self, original: Temporal) -> Temporal:
        """Where a later instance is that the series has at `original`."""
        target, source = self.extent.start, self.recurrence_id
        assert target is not None
        if isinstance(target, datetime) and target.tzinfo is not None:
            source, original = _in_zone(source, target.tzinfo), _in_zone(original, target.tzinfo)
        shifted = wall(original) + (wall(target) - wall(source))
        return _like(target, shifted)


@dataclass(frozen=True, slots=True)
class Series:
    """A master: what it adds to its recurrence set and what it leaves out."""

    master: Extent
    start: Temporal
    rules: tuple[Rule, ...]
    exrules: tuple[Rule, ...]
    rdates: tuple[tuple[Temporal, Extent], ...]
    without: frozenset[int]
    """Keys that the set does not have: EXDATE, and where an override stands instead."""
    without_days: frozenset[date]
    """Days left out by a DATE in a series of date-times."""
    futures: tuple[tuple[int, Override], ...]
    """The overrides with RANGE=THISANDFUTURE by their keys, in order."""
    recurs: bool

    def key(self, value: Temporal) -> int:
        """Equal for equal instants; in a floating or all-day series, for equal wall times."""
        return _key(self.start, value)

    def leaves_out(self, value: Temporal) -> bool:
        if self.without_days and wall(value).date() in self.without_days:
            return True
        return bool(self.without) and self.key(value) in self.without


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
        key = (is_date(value), epoch(value, UTC))
        sequence = _sequence(component)
        if key not in found or found[key][0] <= sequence:
            found[key] = sequence, Override(dates, value, future)
    return [override for _, override in found.values()]


def series(master: Component, changed: list[Override], zones: Zones) -> Series | None:
    """The series of a component without RECURRENCE-ID; None if it has no date to start from."""
    dates = extent(master, zones)
    if dates.start is None:
        return None
    start = dates.start
    lines: dict[str, list[Line]] = {}
    for line in master.lines:
        if line.name in _SET:
            lines.setdefault(line.name, []).append(line)
    if not lines and not changed:
        return Series(dates, start, (), (), (), frozenset(), frozenset(), (), False)
    rdates = tuple(_rdates(lines.get("RDATE", []), dates, zones))
    absent = [value for line in lines.get("EXDATE", []) for value in _temporals(line, zones)] + [
        override.recurrence_id for override in changed
    ]
    days = {v for v in absent if is_date(v)} if not is_date(start) else set()
    futures = [(_key(start, o.recurrence_id), o) for o in changed if o.and_future]
    return Series(
        dates,
        start,
        tuple(parse_rule(line.value) for line in lines.get("RRULE", [])),
        tuple(parse_rule(line.value) for line in lines.get("EXRULE", [])),
        rdates,
        frozenset(_key(start, value) for value in absent if value not in days),
        frozenset(days),
        tuple(sorted(futures, key=lambda pair: pair[0])),
        bool(changed or rdates or "RRULE" in lines),
    )


_SET: Final = frozenset({"RRULE", "RDATE", "EXDATE", "EXRULE"})


def explicit(of: Series) -> Iterator[Row]:
    """The instances that the text names one by one: RDATE, and DTSTART if there is no rule."""
    seen: set[int] = set()
    for value, dates in of.rdates:
        key = of.key(value)
        if key not in seen and not of.leaves_out(value):
            seen.add(key)
            yield _row(of, value, dates)
    if not of.rules and not of.leaves_out(of.start) and of.key(of.start) not in seen:
        yield _row(of, of.start, of.master)


def recurring(of: Series, low: int, high: int, floating: tzinfo) -> Iterator[Row]:
    """The instances by rule that may overlap [low, high), nearly in order; some may not."""
    if not of.rules:
        return
    after, before = _wall_window(of, low, high, floating)
    seen = {of.key(value) for value, _ in of.rdates}
    for moment in _moments(of, after, before):
        value = _like(of.start, moment)
        key = of.key(value)
        if key in seen or key in of.without:
            continue
        seen.add(key)
        if not of.without_days or moment.date() not in of.without_days:
            yield _row(of, value, of.master)


def _row(of: Series, value: Temporal, dates: Extent) -> Row:
    if not of.recurs:
        return Row(dates, value, None)
    if of.futures:
        index = bisect_right(of.futures, of.key(value), key=lambda pair: pair[0])
        if index:
            override = of.futures[index - 1][1]
            return Row(override.extent, override.moved(value), value)
    return Row(dates, value, value)


def _moments(of: Series, after: datetime, before: datetime) -> Iterator[datetime]:
    """The wall times by rule in [after, before), in order, those by EXRULE left out."""
    start = wall(of.start)
    streams = [_until(rule, of.start, expand(rule, start, after)) for rule in of.rules]
    moments = streams[0] if len(streams) == 1 else merge(*streams)
    if of.exrules:
        absent = merge(
            *(_until(rule, of.start, generated(rule, start, after)) for rule in of.exrules)
        )
        moments = _difference(moments, absent)
    for moment in moments:
        if moment >= before:
            return
        yield moment


def _difference(moments: Iterator[datetime], absent: Iterator[datetime]) -> Iterator[datetime]:
    next_absent = next(absent, None)
    for misses, moment in enumerate(moments):
        while next_absent is not None and next_absent < moment:
            next_absent = next(absent, None)
        if moment != next_absent:
            yield moment
        elif misses > _MAX_DIFFERENCE:
            return


_MAX_DIFFERENCE: Final = 100_000


def _until(rule: Rule, start: Temporal, moments: Iterator[datetime]) -> Iterator[datetime]:
    """The moments up to UNTIL, which is included, in whichever form it is written."""
    if rule.until is None:
        return moments
    until = rule.until
    zone = start.tzinfo if isinstance(start, datetime) else None
    if is_date(until) and not is_date(start):
        return _up_to(moments, datetime.combine(until, _END_OF_DAY))
    if is_date(start):
        return _up_to(moments, datetime.combine(wall(until), time()))
    assert isinstance(until, datetime)
    if until.tzinfo is None or zone is None:
        return _up_to(moments, wall(until))
    return _up_to_instant(moments, until, zone)


def _up_to(moments: Iterator[datetime], last: datetime) -> Iterator[datetime]:
    for moment in moments:
        if moment > last:
            return
        yield moment


def _up_to_instant(
    moments: Iterator[datetime], until: datetime, zone: tzinfo
) -> Iterator[datetime]:
    last = wall(until.astimezone(zone))
    surely, surely_not = last - _MARGIN, last + _MARGIN
    instant = epoch(until, zone)
    for moment in moments:
        if moment > surely_not:
            return
        if moment <= surely or epoch(moment, zone) <= instant:
            yield moment


def _wall_window(of: Series, low: int, high: int, floating: tzinfo) -> tuple[datetime, datetime]:
    """The wall times between which an original must start for its instance to be in [low, high)."""
    zone = of.start.tzinfo if isinstance(of.start, datetime) else None
    zone = zone or floating
    back, forward = reach(of)
    narrow = any(rule.freq >= Freq.MINUTELY for rule in of.rules)
    margin = _NARROW_MARGIN if narrow else _MARGIN
    after, before = _LOWEST, _HIGHEST
    if low > BEGINNING:
        after = max(_wall_at(low - forward, zone) - margin, _LOWEST + margin)
    if high < FOREVER:
        before = min(_wall_at(high + back, zone) + margin, _HIGHEST - margin)
    return after, before


def reach(of: Series) -> tuple[int, int]:
    """Seconds that an instance's interval begins before, and ends after, its place in the set."""
    reaches = [_reach_of(of.master, of.start)] + [
        _reach_of(override.extent, override.recurrence_id) for _, override in of.futures
    ]
    return max(0, *(back for back, _ in reaches)), max(0, *(forward for _, forward in reaches))


def _reach_of(dates: Extent, place: Temporal) -> tuple[int, int]:
    interval = dates.interval(dates.start, UTC)
    if interval is None:
        return 0, 0
    at = epoch(place, UTC)
    return at - interval.starts, interval.ends - at


def _wall_at(seconds: int, zone: tzinfo) -> datetime:
    lowest, highest = wall_seconds(_LOWEST), wall_seconds(_HIGHEST)
    moment = EPOCH + timedelta(seconds=min(max(seconds, lowest), highest))
    return wall(zone.fromutc(moment.replace(tzinfo=zone)))


def _key(start: Temporal, value: Temporal) -> int:
    if isinstance(start, datetime):
        zone = start.tzinfo
        return wall_seconds(wall(value)) if zone is None else epoch(value, zone)
    return wall(value).toordinal()


def _like(pattern: Temporal, moment: datetime) -> Temporal:
    """A wall time as a value of the kind that `pattern` is."""
    if isinstance(pattern, datetime):
        return moment.replace(tzinfo=pattern.tzinfo)
    return moment.date()


def _in_zone(value: Temporal, zone: tzinfo) -> Temporal:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(zone)
    return value


def _temporals(line: Line, zones: Zones) -> Iterator[Temporal]:
    zone = zone_of(line, zones)
    for text in line.value.split(","):
        if "/" in text:
            yield parse_period(text, zone).start
        elif text.strip():
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
