"""When somebody cannot be had: VAVAILABILITY as busy time (RFC 7953 §4, §5)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from itertools import chain, islice
from typing import Final, NamedTuple

from caldavd.ical.availability import zones_of
from caldavd.ical.contentline import Component, read
from caldavd.ical.expansion import TooMany
from caldavd.ical.extent import BEGINNING, FOREVER, Interval, Zones, extent, temporal
from caldavd.ical.freebusy import BusyPeriod, bounds, merged
from caldavd.ical.parse import Document
from caldavd.ical.periods import Busy
from caldavd.ical.recurrence import named, placed
from caldavd.ical.recurrence_set import Row
from caldavd.ical.series import Series
from caldavd.ical.values import epoch
from caldavd.model import Window

MAX_INSTANCES: Final = 4_000
"""Instances of all AVAILABLE of one question; what lies after these is not available."""
SHORT: Final = 4_000
"""Texts up to this long are remembered with what they say: most are, and others ask again."""

_TYPES: Final = {"BUSY": Busy.BUSY, "BUSY-TENTATIVE": Busy.TENTATIVE}
_STRONGEST_LAST: Final = (Busy.TENTATIVE, Busy.UNAVAILABLE, Busy.BUSY)
"""Of components of one priority (§4)."""


@dataclass(frozen=True, slots=True)
class Availability:
    """A VAVAILABILITY as it was read."""

    rank: int
    """0 for no PRIORITY, which is the lowest; 9 for PRIORITY:1."""
    busy: Busy
    interval: Interval
    """Over which time it says something."""
    available: tuple[tuple[Sequence[Row], Sequence[Series]], ...]
    """What `recurrence.named` makes of its AVAILABLEs: of those of a UID together."""


def availabilities(text: str) -> tuple[Availability, ...]:
    """The VAVAILABILITYs of a VCALENDAR that was checked. Raises ValueError for others."""
    return (_read_again if len(text) <= SHORT else _read)(text)


def _read(text: str) -> tuple[Availability, ...]:
    calendar = read(text)[0]
    zones = zones_of(calendar)
    return tuple(
        _availability(one, calendar, zones)
        for one in calendar.components
        if one.name == "VAVAILABILITY"
    )


class _Spoken(NamedTuple):
    """A component, and the part of a window that it says something of."""

    of: Availability
    starts: int
    ends: int


_read_again: Final = lru_cache(maxsize=512)(_read)


def forget() -> None:
    """Drops what was read with the zone database, so that it is read anew."""
    _read_again.cache_clear()


def unavailable(found: Iterable[Availability], window: Window) -> list[BusyPeriod]:
    """The periods of a window in which one cannot be had, in order; none overlaps another.

    A higher priority decides all of the time that it speaks of. Within one, what any component
    calls available is, and of several types of busy the strongest counts.
    """
    low, high = bounds(window)
    levels: dict[int, list[_Spoken]] = {}
    for one in found:
        interval = one.interval
        starts, ends = max(interval.starts, low), min(interval.ends, high)
        if starts < ends:
            levels.setdefault(one.rank, []).append(_Spoken(one, starts, ends))
    result: list[BusyPeriod] = []
    left = MAX_INSTANCES
    for _, level in sorted(levels.items()):
        for busy in _STRONGEST_LAST:
            over = merged((one.starts, one.ends) for one in level if one.of.busy is busy)
            result = _painted(result, over, busy)
        found_free = chain.from_iterable(_available(one, window) for one in level)
        free = list(islice(found_free, left))
        left -= len(free)
        result = _painted(result, merged(free), Busy.FREE)
    return result


def _availability(component: Component, calendar: Component, zones: Zones) -> Availability:
    by_uid: dict[str, list[Component]] = {}
    for inner in component.components:
        uid = inner.first("UID")
        if inner.name == "AVAILABLE":
            by_uid.setdefault("" if uid is None else uid.value, []).append(
                Component("VEVENT", inner.lines)
            )
    line = component.first("BUSYTYPE")
    said = "" if line is None else line.value.strip().upper()
    return Availability(
        _rank(component),
        _TYPES.get(said, Busy.UNAVAILABLE),
        _interval(component, zones),
        tuple(
            # As events: overrides stand beside what they override.
            named(Document("", calendar, uid, "VEVENT", tuple(parts), zones))
            for uid, parts in by_uid.items()
        ),
    )


def _interval(component: Component, zones: Zones) -> Interval:
    """From DTSTART to DTEND; without the one or the other it is unbounded (§3.1)."""
    dates = extent(Component("VEVENT", component.lines), zones)
    if dates.start is None:
        line = component.first("DTEND")
        return Interval(BEGINNING, FOREVER if line is None else epoch(temporal(line, zones), UTC))
    end = dates.end_of(dates.start)
    return Interval(epoch(dates.start, UTC), FOREVER if end is None else epoch(end, UTC))


def _rank(component: Component) -> int:
    line = component.first("PRIORITY")
    text = "0" if line is None else line.value.strip()
    return 10 - int(text) if text in "123456789" and len(text) == 1 else 0


def _available(spoken: _Spoken, window: Window) -> Iterator[tuple[int, int]]:
    """The instances within what a component speaks of; those without length are none."""
    of, low, high = spoken
    for found in of.available:
        try:
            for one, _ in placed(found, window, UTC):
                if one.ends - one.starts > 1 and one.starts < high and one.ends > low:
                    yield max(one.starts, low), min(one.ends, high)
        except TooMany:
            continue


def _painted(
    before: Sequence[BusyPeriod], over: Sequence[tuple[int, int]], busy: Busy
) -> list[BusyPeriod]:
    """Periods of which none overlaps another, with others over them; FREE takes away."""
    result = [] if busy is Busy.FREE else [BusyPeriod(*one, busy) for one in over]
    place = 0
    for starts, ends, type_ in before:
        while place < len(over) and over[place][1] <= starts:
            place += 1
        at, left = place, starts
        while at < len(over) and over[at][0] < ends:
            if over[at][0] > left:
                result.append(BusyPeriod(left, over[at][0], type_))
            left = over[at][1]
            at += 1
        if left < ends:
            result.append(BusyPeriod(left, ends, type_))
    return sorted(result)
