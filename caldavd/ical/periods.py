"""The periods that a VFREEBUSY publishes (RFC 5545 §3.6.4, RFC 4791 §9.9)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo
from enum import IntEnum
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.extent import BEGINNING, FOREVER, Extent, Interval, Zones, extent, zone_of
from caldavd.ical.values import Duration, Temporal, epoch, parse_period


class Busy(IntEnum):
    """What an instance means for free/busy; the higher blocks more surely."""

    FREE = 0
    BUSY = 1
    TENTATIVE = 2
    UNAVAILABLE = 3


OURS: Final = "X-CALDAVD-"
"""How the names begin of what scheduling notes in an object for itself."""
RECEIVED: Final = "X-CALDAVD-RECEIVED"
"""The property that an object has of whose owner was asked to it by a message."""
REPLIED: Final = "X-CALDAVD-REPLIED"
"""The parameter that says when an ATTENDEE answered."""

_TYPES: Final = {
    "FREE": Busy.FREE,
    "BUSY": Busy.BUSY,
    "BUSY-TENTATIVE": Busy.TENTATIVE,
    "BUSY-UNAVAILABLE": Busy.UNAVAILABLE,
}

_BY_STATUS: Final = {"CANCELLED": Busy.FREE, "TENTATIVE": Busy.TENTATIVE}

Published = tuple[Temporal, Temporal, Interval]


def busy_of(component: Component, interval: Interval) -> Busy:
    """What an instance means for free/busy, by TRANSP and STATUS (the table of RFC 4791 §7.10).

    One without length keeps nobody busy: its interval is the second it stands at.
    """
    if component.name != "VEVENT" or interval.ends - interval.starts <= 1:
        return Busy.FREE
    if is_declined(component):
        return Busy.FREE
    transparency, status = component.first("TRANSP"), component.first("STATUS")
    if transparency is not None and transparency.value.strip().upper() == "TRANSPARENT":
        return Busy.FREE
    value = "" if status is None else status.value.strip().upper()
    return _BY_STATUS.get(value, Busy.BUSY)


def is_declined(component: Component) -> bool:
    """Whether the calendar's owner was asked to it and will not be there (RFC 5546 §3.2.3).

    In the object of who was asked, one ATTENDEE says when it was answered: the owner's.
    """
    if component.first(RECEIVED) is None:
        return False
    mine = (line for line in component.all("ATTENDEE") if REPLIED in line.parameter_text)
    return any((parameter(line, "PARTSTAT") or "").upper() == "DECLINED" for line in mine)


def published(component: Component, zones: Zones, floating: tzinfo) -> Iterator[Published]:
    """What a time range tests of a VFREEBUSY: DTSTART to DTEND, or each of its periods."""
    dates = extent(component, zones)
    if dates.start is not None and dates.end is not None:
        interval = dates.interval(dates.start, floating)
        if interval is not None:
            yield dates.start, dates.end, interval
        return
    for start, end, _ in periods(component, zones):
        interval = Interval(epoch(start, floating), epoch(end, floating))
        if interval.starts < interval.ends:
            yield start, end, interval


def stated(
    component: Component, zones: Zones, floating: tzinfo
) -> Iterator[tuple[datetime, Interval, Busy]]:
    """What a VFREEBUSY says of its owner, within what it publishes."""
    shown = list(published(component, zones, floating))
    low = min((interval.starts for _, _, interval in shown), default=FOREVER)
    high = max((epoch(end, floating) for _, end, _ in shown), default=BEGINNING)
    for start, end, busy in periods(component, zones):
        interval = Interval(max(low, epoch(start, floating)), min(high, epoch(end, floating)))
        if interval.starts < interval.ends:
            yield start, interval, busy


def periods(component: Component, zones: Zones) -> Iterator[tuple[datetime, Temporal, Busy]]:
    """Every period of the FREEBUSY lines, with what it says; a type not known is BUSY."""
    for line in component.all("FREEBUSY"):
        busy = _TYPES.get((parameter(line, "FBTYPE") or "BUSY").upper(), Busy.BUSY)
        for text in line.value.split(","):
            start, end = _period(text, line, zones)
            yield start, end, busy


def _period(text: str, line: Line, zones: Zones) -> tuple[datetime, Temporal]:
    period = parse_period(text, zone_of(line, zones))
    if not isinstance(period.end, Duration):
        return period.start, period.end
    end = Extent(_NOTHING, None, None, period.end, None, False).end_of(period.start)
    assert end is not None
    return period.start, end


_NOTHING: Final = Component("VFREEBUSY")
