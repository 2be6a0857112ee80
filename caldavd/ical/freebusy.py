"""Busy time: of rows of the index, of a text; and its VFREEBUSY (RFC 4791 §7.10, RFC 5545 §3.6.4).

Everything here is about times that are placed already: floating ones lie in somebody's zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple

from caldavd.ical.extent import BEGINNING, FOREVER, Interval
from caldavd.ical.parse import Document
from caldavd.ical.periods import Busy, busy_of, stated
from caldavd.ical.recurrence import iterate
from caldavd.ical.values import epoch
from caldavd.model import Window

FBTYPE: Final[Mapping[Busy, str]] = {
    Busy.BUSY: "BUSY",
    Busy.UNAVAILABLE: "BUSY-UNAVAILABLE",
    Busy.TENTATIVE: "BUSY-TENTATIVE",
}


class BusyPeriod(NamedTuple):
    """[starts, ends) in epoch seconds, and what kind of busy it is."""

    starts: int
    ends: int
    busy: Busy


def bounds(window: Window) -> tuple[int, int]:
    """A window in epoch seconds; an open end lies beyond every instant."""
    low = BEGINNING if window.start is None else epoch(window.start, UTC)
    high = FOREVER if window.end is None else epoch(window.end, UTC)
    return low, high


def busy(found: Iterable[tuple[int, int, int]], window: Window) -> list[BusyPeriod]:
    """The busy periods of one user in a window, clipped to it, in order.

    `found` are intervals, each with a `periods.Busy`. Periods of one type that meet or overlap are
    one; those of different types may overlap (RFC 4791 §7.10).
    """
    low, high = bounds(window)
    by_type: dict[int, list[tuple[int, int]]] = {}
    for starts, ends, type_ in found:
        if type_ and starts < high and ends > low:
            by_type.setdefault(type_, []).append((max(starts, low), min(ends, high)))
    result: list[BusyPeriod] = []
    for type_, clipped in by_type.items():
        of = Busy(type_)
        result += [BusyPeriod(starts, ends, of) for starts, ends in merged(clipped)]
    return sorted(result)


def merged(periods: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The union of half-open periods, as the fewest there can be, in order.

    Over the periods of several users this is when not all of them are free.
    """
    result: list[tuple[int, int]] = []
    for starts, ends in sorted(periods):
        if result and starts <= result[-1][1]:
            if ends > result[-1][1]:
                result[-1] = (result[-1][0], ends)
        elif starts < ends:
            result.append((starts, ends))
    return result


def of_document(document: Document, window: Window, floating: tzinfo) -> Iterator[BusyPeriod]:
    """When an object keeps its owner busy in a window: neither clipped nor merged.

    Endless where the rule and the window are. Raises ValueError as `recurrence.iterate` does.
    """
    if document.component == "VEVENT":
        found = _of_events(document, window, floating)
    elif document.component == "VFREEBUSY":
        found = _of_published(document, floating)
    else:
        return
    for period in found:
        if period.busy is not Busy.FREE:
            yield period


def _of_events(document: Document, window: Window, floating: tzinfo) -> Iterator[BusyPeriod]:
    for instance in iterate(document, window, floating):
        interval = Interval(instance.starts, instance.ends)
        yield BusyPeriod(*interval, busy_of(instance.component, interval))


def _of_published(document: Document, floating: tzinfo) -> Iterator[BusyPeriod]:
    for component in document.components:
        for _, interval, type_ in stated(component, document.zones, floating):
            yield BusyPeriod(*interval, type_)


def vfreebusy(
    periods: Sequence[BusyPeriod],
    window: Window,
    stamp: datetime,
    lines: Sequence[str] = (),
    *,
    says_busy: bool = False,
) -> str:
    """A VFREEBUSY component with these periods, one a line, its lines ending in CRLF.

    `stamp` is DTSTAMP; `lines` are further content lines (UID, ORGANIZER, ATTENDEE), folded
    where they need to be. `says_busy` writes FBTYPE where it is BUSY, which is the default, too.
    """
    head = [f"DTSTAMP:{_utc(stamp)}"]
    if window.start is not None:
        head.append(f"DTSTART:{_utc(window.start)}")
    if window.end is not None:
        head.append(f"DTEND:{_utc(window.end)}")
    body = [_line(period, says_busy=says_busy) for period in periods]
    return "".join(
        line + "\r\n" for line in ("BEGIN:VFREEBUSY", *head, *lines, *body, "END:VFREEBUSY")
    )


def calendar(component: str, product: str, method: str = "") -> str:
    """A VCALENDAR around the text of one component."""
    head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{product}\r\n"
    if method:
        head += f"METHOD:{method}\r\n"
    return f"{head}{component}END:VCALENDAR\r\n"


def _line(period: BusyPeriod, *, says_busy: bool) -> str:
    plain = period.busy is Busy.BUSY and not says_busy
    kind = "" if plain else f";FBTYPE={FBTYPE[period.busy]}"
    return f"FREEBUSY{kind}:{_instant(period.starts)}/{_instant(period.ends)}"


# What many people do begins and ends at the same hours.
@lru_cache(maxsize=4096)
def _instant(seconds: int) -> str:
    """Epoch seconds as a DATE-TIME; strftime takes three times as long, and there are many."""
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.year:04}{at.month:02}{at.day:02}T{at.hour:02}{at.minute:02}{at.second:02}Z"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ").zfill(16)
