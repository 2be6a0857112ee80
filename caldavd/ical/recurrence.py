"""The instances of a calendar object resource in a window (RFC 5545 §3.8.5, RFC 4791 §9.9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from itertools import islice, starmap
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component
from caldavd.ical.expansion import TooMany
from caldavd.ical.extent import BEGINNING, FOREVER, Interval, extent
from caldavd.ical.parse import Document
from caldavd.ical.periods import published
from caldavd.ical.recurrence_set import Row, explicit, places, recurring, row
from caldavd.ical.series import Override, Series, key_of, overrides, recurs, series
from caldavd.ical.values import Temporal, epoch, wall
from caldavd.model import Window

__all__ = ["LIMIT", "Instance", "TooMany", "instances", "iterate", "named", "placed"]

LIMIT: Final = 5_000
"""Instances of one object that one answer may hold."""
MAX_MISSES: Final = 3_000
"""Instances in a row that are generated but fall outside the window."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: the component that describes it, when it is, what a time range tests."""

    component: Component
    """The master or the override."""
    start: Temporal | None
    """Aware, or naive = floating, or a date = all day; None: a VTODO without dates."""
    end: Temporal | None
    starts: int
    """It matches a time range iff range.start < ends and range.end > starts (epoch seconds)."""
    ends: int
    recurrence_id: Temporal | None
    """None when the resource does not recur."""


class Placed(NamedTuple):
    """An instance that overlaps the window: what a time range tests of it, and whose it is."""

    interval: Interval
    row: Row


def instances(
    document: Document, window: Window, floating: tzinfo, limit: int = LIMIT
) -> list[Instance]:
    """The instances that overlap the window, in order.

    `floating` is the zone of floating and all-day times. Raises TooMany where there are more
    than `limit`, and ValueError where a value is not what RFC 5545 allows.
    """
    if document.component == "VFREEBUSY":
        found = list(islice(iterate(document, window, floating), limit + 1))
        too_many = len(found) > limit
    else:
        overlap = list(islice(_overlapping(document, window, floating), limit + 1))
        too_many = len(overlap) > limit
        found = [] if too_many else list(starmap(_instance, overlap))
    if too_many:
        raise TooMany(f"more than {limit} instances lie in the window")
    found.sort(key=_order)
    return found


def iterate(document: Document, window: Window, floating: tzinfo) -> Iterator[Instance]:
    """The instances that overlap the window, each found when asked for, nearly in order.

    Endless where the rule and the window are. Raises as `instances` does.
    """
    if document.component == "VFREEBUSY":
        low, high = _ends(window)
        return (
            instance
            for instance in _published(document, floating)
            if instance.starts < high and instance.ends > low
        )
    return starmap(_instance, _overlapping(document, window, floating))


def _ends(window: Window) -> tuple[int, int]:
    return (
        BEGINNING if window.start is None else epoch(window.start, UTC),
        FOREVER if window.end is None else epoch(window.end, UTC),
    )


def _overlapping(document: Document, window: Window, floating: tzinfo) -> Iterator[Placed]:
    return placed(named(document), window, floating)


def placed(
    of_document: tuple[Sequence[Row], Sequence[Series]], window: Window, floating: tzinfo
) -> Iterator[Placed]:
    """What `named` made of a document, as the intervals that overlap the window, nearly in order.

    Endless where the rule and the window are. Raises as `instances` does.
    """
    low, high = _ends(window)
    rows, found = of_document
    for row_ in rows:
        interval = row_.extent.interval(row_.start, floating)
        if interval is not None and interval.starts < high and interval.ends > low:
            yield Placed(interval, row_)
    for of in found:
        misses = 0
        for interval, row_ in _recurring(of, low, high, floating):
            if interval.starts < high and interval.ends > low:
                misses = 0
                yield Placed(interval, row_)
                continue
            misses += 1
            if misses > MAX_MISSES:
                raise TooMany(f"more than {MAX_MISSES} instances in a row lie beside the window")


def _recurring(of: Series, low: int, high: int, floating: tzinfo) -> Iterator[tuple[Interval, Row]]:
    """The instances by rule that may overlap [low, high), with their intervals."""
    rigid = of.master.rigid()
    if of.zone is None or of.futures or rigid is None:
        for row_ in recurring(of, low, high, floating):
            interval = row_.extent.interval(row_.start, floating)
            if interval is not None:
                yield interval, row_
        return
    before, after = rigid
    for place in places(of, low, high, floating):
        yield Interval(place[0] - before, place[0] + after), row(of, place)


def named(document: Document) -> tuple[list[Row], list[Series]]:
    """The instances that a document names one by one, and the series that generate the others."""
    if len(document.components) == 1 and not recurs(document.components[0]):
        dates = extent(document.components[0], document.zones)
        return [Row(dates, dates.start, None)], []
    return _of_series(document)


def _of_series(document: Document) -> tuple[list[Row], list[Series]]:
    changed = overrides(document.components, document.zones)
    rows: list[Row] = []
    found: list[Series] = []
    for component in document.components:
        if component.first("RECURRENCE-ID") is not None:
            continue
        of = series(component, changed, document.zones)
        if of is None:
            rows.append(Row(extent(component, document.zones), None, None))
        else:
            rows.extend(explicit(of))
            found.append(of)
    for override in changed:
        if not any(_excludes(of, override) for of in found):
            rows.append(Row(override.extent, override.extent.start, override.recurrence_id))
    return rows, found


def _excludes(of: Series, override: Override) -> bool:
    """Whether an EXDATE takes away the instance that an override describes."""
    value = override.recurrence_id
    return of.exdates.holds(key_of(of.start, value), wall(value))


def _instance(interval: Interval, of: Row) -> Instance:
    start = None if of.extent.due_only else of.start
    end = of.start if of.extent.due_only else None
    if start is not None:
        end = of.extent.end_of(start)
    return Instance(
        of.extent.component, start, end, interval.starts, interval.ends, of.recurrence_id
    )


def _published(document: Document, floating: tzinfo) -> Iterator[Instance]:
    for component in document.components:
        for start, end, interval in published(component, document.zones, floating):
            yield Instance(component, start, end, interval.starts, interval.ends, None)


def _order(instance: Instance) -> tuple[int, int]:
    return instance.starts, instance.ends
