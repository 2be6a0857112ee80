"""The instances of a calendar object resource in a window (RFC 5545 §3.8.5, RFC 4791 §9.9)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from caldavd.ical.contentline import Component
from caldavd.ical.extent import BEGINNING, FOREVER, extent
from caldavd.ical.parse import Document
from caldavd.ical.periods import published
from caldavd.ical.recurrence_set import Row, explicit, recurring
from caldavd.ical.series import Override, Series, key_of, overrides, series
from caldavd.ical.values import Temporal, epoch, wall
from caldavd.model import Window

LIMIT: Final = 10_000
"""Instances in one answer, where the caller sets no limit of its own."""
MAX_MISSES: Final = 20_000
"""Instances in a row that are generated but fall outside the window."""


class TooMany(ValueError):
    """The window holds more instances than the limit."""


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


def instances(
    document: Document, window: Window, floating: tzinfo, limit: int = LIMIT
) -> list[Instance]:
    """The instances that overlap the window, in order.

    `floating` is the zone of floating and all-day times. Raises TooMany where there are more
    than `limit`, and ValueError where a value is not what RFC 5545 allows.
    """
    found: list[Instance] = []
    for instance in iterate(document, window, floating):
        if len(found) == limit:
            raise TooMany(f"more than {limit} instances lie in the window")
        found.append(instance)
    found.sort(key=_order)
    return found


def iterate(document: Document, window: Window, floating: tzinfo) -> Iterator[Instance]:
    """The instances that overlap the window, each found when asked for, nearly in order.

    Endless where the rule and the window are. Raises as `instances` does.
    """
    low = BEGINNING if window.start is None else epoch(window.start, UTC)
    high = FOREVER if window.end is None else epoch(window.end, UTC)
    if document.component == "VFREEBUSY":
        placed = _published(document, floating)
    else:
        placed = _placed(document, low, high, floating)
    misses = 0
    for instance in placed:
        if instance.starts < high and instance.ends > low:
            misses = 0
            yield instance
        else:
            misses += 1
            if misses > MAX_MISSES:
                raise TooMany(f"more than {MAX_MISSES} instances in a row lie beside the window")


def named(document: Document) -> tuple[list[Row], list[Series]]:
    """The instances that a document names one by one, and the series that generate the others."""
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


def _placed(document: Document, low: int, high: int, floating: tzinfo) -> Iterator[Instance]:
    rows, found = named(document)
    for row in rows:
        yield from _place(row, floating)
    for of in found:
        for row in recurring(of, low, high, floating):
            yield from _place(row, floating)


def _place(row: Row, floating: tzinfo) -> Iterator[Instance]:
    interval = row.extent.interval(row.start, floating)
    if interval is None:
        return
    start = None if row.extent.due_only else row.start
    end = row.start if row.extent.due_only else None
    if start is not None:
        end = row.extent.end_of(start)
    yield Instance(
        row.extent.component, start, end, interval.starts, interval.ends, row.recurrence_id
    )


def _published(document: Document, floating: tzinfo) -> Iterator[Instance]:
    for component in document.components:
        for start, end, interval in published(component, document.zones, floating):
            yield Instance(component, start, end, interval.starts, interval.ends, None)


def _order(instance: Instance) -> tuple[int, int]:
    return instance.starts, instance.ends
