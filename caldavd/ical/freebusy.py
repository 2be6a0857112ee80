"""Busy time from rows of the index, and its VFREEBUSY (RFC 4791 §7.10, RFC 5545 §3.6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from caldavd.ical.extent import BEGINNING, FOREVER
from caldavd.ical.index import Occurrence, place
from caldavd.ical.periods import Busy
from caldavd.ical.values import epoch
from caldavd.model import Window

FBTYPE: Final[Mapping[Busy, str]] = {
    Busy.BUSY: "BUSY",
    Busy.UNAVAILABLE: "BUSY-UNAVAILABLE",
    Busy.TENTATIVE: "BUSY-TENTATIVE",
}


@dataclass(frozen=True, slots=True, order=True)
class BusyPeriod:
    """[starts, ends) in epoch seconds, and what kind of busy it is."""

    starts: int
    ends: int
    busy: Busy


def busy(rows: Iterable[Occurrence], window: Window, floating: tzinfo) -> list[BusyPeriod]:
    """The busy periods of one user in the window, clipped to it, in order.

    Periods of one type that meet or overlap are one; those of different types may overlap
    (RFC 4791 §7.10). `floating` is the zone of the rows that have none.
    """
    low = BEGINNING if window.start is None else epoch(window.start, UTC)
    high = FOREVER if window.end is None else epoch(window.end, UTC)
    by_type: dict[Busy, list[tuple[int, int]]] = {}
    for row in rows:
        if row.busy == Busy.FREE:
            continue
        starts, ends = place(row, floating)
        if starts < high and ends > low:
            by_type.setdefault(Busy(row.busy), []).append((max(starts, low), min(ends, high)))
    return sorted(
        BusyPeriod(starts, ends, type_)
        for type_, periods in by_type.items()
        for starts, ends in merged(periods)
    )


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


def vfreebusy(
    periods: Sequence[BusyPeriod], window: Window, stamp: datetime, lines: Sequence[str] = ()
) -> str:
    """A VFREEBUSY component with these periods, its lines ending in CRLF.

    `stamp` is DTSTAMP; `lines` are further content lines (UID, ORGANIZER, ATTENDEE), folded
    where they need to be.
    """
    head = [f"DTSTAMP:{_utc(stamp)}"]
    if window.start is not None:
        head.append(f"DTSTART:{_utc(window.start)}")
    if window.end is not None:
        head.append(f"DTEND:{_utc(window.end)}")
    body = [_line(period) for period in periods]
    return "".join(
        line + "\r\n" for line in ("BEGIN:VFREEBUSY", *head, *lines, *body, "END:VFREEBUSY")
    )


def calendar(component: str, product: str) -> str:
    """A VCALENDAR around the text of one component."""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{product}\r\n{component}END:VCALENDAR\r\n"


def _line(period: BusyPeriod) -> str:
    kind = "" if period.busy == Busy.BUSY else f";FBTYPE={FBTYPE[period.busy]}"
    starts, ends = (
        _utc(datetime.fromtimestamp(moment, UTC)) for moment in (period.starts, period.ends)
    )
    return f"FREEBUSY{kind}:{starts}/{ends}"


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ").zfill(16)
