"""The recurrence set of a series: its rules and dates, those left out (RFC 5545 §3.8.5)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo
from heapq import merge
from itertools import takewhile
from operator import itemgetter
from typing import Final, NamedTuple

from caldavd.ical.expansion import expand, generated
from caldavd.ical.extent import BEGINNING, FOREVER, Extent
from caldavd.ical.rule import Rule
from caldavd.ical.series import Series, key_of, like
from caldavd.ical.steps import is_plain, steps
from caldavd.ical.values import (
    DAY_S,
    EPOCH,
    Temporal,
    epoch,
    is_date,
    wall,
    wall_seconds,
)

MAX_LEFT_OUT: Final = 20_000
"""Instances in a row that EXRULE or EXDATE take away before the search for one that stays ends."""
_LOWEST: Final = datetime(2, 1, 1)  # noqa: DTZ001
_HIGHEST: Final = datetime(9998, 12, 31)  # noqa: DTZ001
_MARGIN: Final = timedelta(hours=26)
"""More than any zone moves its clocks at once (a day, at the date line)."""
_MARGIN_S: Final = int(_MARGIN.total_seconds())
_END_OF_DAY: Final = time(23, 59, 59)


class Row(NamedTuple):
    """One instance, not yet placed in time: whose dates, its start, its place in the series."""

    extent: Extent
    start: Temporal | None
    recurrence_id: Temporal | None


Place = tuple[int, datetime]
"""Key (`series.key_of`) and wall time of an instance in its series."""


def explicit(of: Series) -> Iterator[Row]:
    """The instances that the text names one by one: RDATE, and DTSTART if there is no rule."""
    seen: set[int] = set()
    for value, dates in of.rdates:
        key = key_of(of.start, value)
        if key not in seen:
            seen.add(key)
            yield _row(of, key, value, dates)
    if not of.rules:
        key = key_of(of.start, of.start)
        if not of.without.holds(key, wall(of.start)):
            yield _row(of, key, of.start, of.master)


def recurring(of: Series, low: int, high: int, floating: tzinfo) -> Iterator[Row]:
    """The instances by rule that may overlap [low, high), nearly in order; some may not."""
    return (row(of, place) for place in places(of, low, high, floating))


def row(of: Series, place: Place) -> Row:
    """The instance that a series has by rule at a place."""
    key, moment = place
    return _row(of, key, like(of.start, moment), of.master)


def _row(of: Series, key: int, value: Temporal, dates: Extent) -> Row:
    if not of.recurs:
        return Row(dates, value, None)
    if of.futures:
        index = bisect_right(of.futures, key, key=itemgetter(0))
        if index:
            override = of.futures[index - 1][1]
            return Row(override.extent, override.moved(value), value)
    return Row(dates, value, value)


def places(of: Series, low: int, high: int, floating: tzinfo) -> Iterator[Place]:
    """Where the rules put instances that may overlap [low, high), nearly in order of keys."""
    if not of.rules:
        return
    after, before = _wall_window(of, low, high, floating)
    zone, without, days = of.zone, of.without.keys, of.without.days
    # In the hours that the clocks skip, two wall times can be one instant.
    seen: set[int] = set()
    left_out = ahead = 0
    last: timedelta | None = None
    for moment in _moments(of, after, before):
        delta = moment - EPOCH
        key = delta.days * DAY_S + delta.seconds
        if zone is not None:
            offset = zone.utcoffset(moment)
            if offset is not last:  # nearly always the very same object
                assert offset is not None
                last, ahead = offset, offset.days * DAY_S + offset.seconds
            key -= ahead
        if key in without or key in seen or (days and moment.date() in days):
            left_out += 1
            if left_out > MAX_LEFT_OUT:
                return
            continue
        left_out = 0
        seen.add(key)
        yield key, moment


def reach(of: Series) -> tuple[int, int]:
    """Seconds that an interval of an instance begins before, and ends after, its place."""
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


def _wall_window(of: Series, low: int, high: int, floating: tzinfo) -> tuple[datetime, datetime]:
    """The wall times between which an instance's place must be for it to be in [low, high)."""
    zone = of.zone or floating
    back, forward = reach(of)
    steady = of.zone is not None and not of.futures and of.master.rigid() is not None
    after, before = _LOWEST, _wall_at(_LATEST - forward, zone)
    if low > BEGINNING:
        margin = _margin(low - forward, zone) if steady else _MARGIN
        after = max(_wall_at(low - forward, zone) - margin, _LOWEST)
    if high < FOREVER:
        margin = _margin(high + back, zone) if steady else _MARGIN
        before = min(_wall_at(high + back, zone) + margin, before)
    return after, before


def _margin(seconds: int, zone: tzinfo) -> timedelta:
    """How far wall times may be out of the order of instants here: not at all if no clock moves."""
    around = [_wall_at(seconds + apart, zone) for apart in (-_MARGIN_S, 0, _MARGIN_S)]
    return timedelta() if around[2] - around[1] == around[1] - around[0] == _MARGIN else _MARGIN


_EARLIEST: Final = wall_seconds(_LOWEST + 2 * _MARGIN)
_LATEST: Final = wall_seconds(_HIGHEST - 2 * _MARGIN)


def _wall_at(seconds: int, zone: tzinfo) -> datetime:
    moment = EPOCH + timedelta(seconds=min(max(seconds, _EARLIEST), _LATEST))
    return wall(zone.fromutc(moment.replace(tzinfo=zone)))


def _moments(of: Series, after: datetime, before: datetime) -> Iterator[datetime]:
    """The wall times by rule in [after, before), in order, those by EXRULE left out."""
    start = wall(of.start)
    streams = [
        _until(rule, of.start, (steps if is_plain(rule) else expand)(rule, start, after, before))
        for rule in of.rules
    ]
    moments = streams[0] if len(streams) == 1 else merge(*streams)
    if of.exrules:
        absent = merge(
            *(_until(rule, of.start, generated(rule, start, after, before)) for rule in of.exrules)
        )
        moments = _difference(moments, absent)
    return takewhile(before.__gt__, moments)


def _difference(moments: Iterator[datetime], absent: Iterator[datetime]) -> Iterator[datetime]:
    next_absent = next(absent, None)
    misses = 0
    for moment in moments:
        while next_absent is not None and next_absent < moment:
            next_absent = next(absent, None)
        misses = misses + 1 if moment == next_absent else 0
        if misses > MAX_LEFT_OUT:
            return
        if not misses:
            yield moment


def _until(rule: Rule, start: Temporal, moments: Iterator[datetime]) -> Iterator[datetime]:
    """The moments up to UNTIL, which is included, in whichever form it is written."""
    if rule.until is None:
        return moments
    until = rule.until
    zone = start.tzinfo if isinstance(start, datetime) else None
    last = wall(until)
    if is_date(start):
        last = datetime.combine(last, time())
    elif not isinstance(until, datetime):
        last = datetime.combine(until, _END_OF_DAY)
    elif until.tzinfo is not None and zone is not None:
        return _until_instant(moments, until, zone)
    return takewhile(last.__ge__, moments)


def _until_instant(
    moments: Iterator[datetime], until: datetime, zone: tzinfo
) -> Iterator[datetime]:
    """Near a change of the clocks, wall times are not in the order of their instants."""
    last = wall(until.astimezone(zone))
    surely, surely_not = last - _MARGIN, last + _MARGIN
    instant = epoch(until, zone)
    for moment in moments:
        if moment > surely_not:
            return
        if moment <= surely or epoch(moment, zone) <= instant:
            yield moment
