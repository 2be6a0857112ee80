"""The part of a calendar object that a report asks for (RFC 4791 §9.6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final

from caldavd.errors import NUMBER_OF_MATCHES, Refused
from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.expanded import expanded
from caldavd.ical.extent import BEGINNING, FOREVER, Extent, Interval, extent, temporal
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import LIMIT, TooMany
from caldavd.ical.values import epoch, parse_period
from caldavd.ical.write import write
from caldavd.model import Window


@dataclass(frozen=True, slots=True)
class PropRequest:
    """A property to return (§9.6.4), in upper case; without its value if `novalue`."""

    name: str
    novalue: bool = False


@dataclass(frozen=True, slots=True)
class CompRequest:
    """A component to return (§9.6.1), its name in upper case.

    One that names neither properties nor components, and says neither `allprop` nor `allcomp`,
    asks for the whole component, as the example of §7.8.1 does with VTIMEZONE.
    """

    name: str
    allprop: bool = False
    props: tuple[PropRequest, ...] = ()
    allcomp: bool = False
    comps: tuple[CompRequest, ...] = ()

    @property
    def whole(self) -> bool:
        return not (self.allprop or self.props or self.allcomp or self.comps)


@dataclass(frozen=True, slots=True)
class DataRequest:
    """A CALDAV:calendar-data element of a report; one that asks for nothing asks for all."""

    comp: CompRequest | None = None
    expand: Window | None = None
    limit_recurrence_set: Window | None = None
    limit_freebusy_set: Window | None = None


EVERYTHING: Final = DataRequest()

_ALWAYS: Final = (PropRequest("VERSION"), PropRequest("PRODID"))
"""What is returned of a VCALENDAR of which only components are asked for, to keep it readable."""


def subset(document: Document, request: DataRequest, floating: tzinfo, limit: int = LIMIT) -> str:
    """The text to return; the stored one where the request leaves nothing out.

    `floating` places floating and all-day times when a window is compared. Raises
    Refused(NUMBER_OF_MATCHES) where an expansion has more than `limit` instances, or LIMIT.
    """
    calendar = document.calendar
    if request.expand is not None:
        try:
            calendar = expanded(document, request.expand, floating, min(limit, LIMIT))
        except TooMany as fault:
            raise Refused(
                NUMBER_OF_MATCHES, f"{fault}: expand a shorter time range of {document.uid}"
            ) from None
    elif request.limit_recurrence_set is not None:
        calendar = _limit_recurrence_set(document, request.limit_recurrence_set, floating)
    if request.limit_freebusy_set is not None:
        calendar = _limit_freebusy_set(calendar, request.limit_freebusy_set)
    if request.comp is not None:
        calendar = _select(calendar, _of_calendar(request.comp))
    return document.text if calendar is document.calendar else write([calendar])


def _of_calendar(request: CompRequest) -> CompRequest:
    """The request as one of the VCALENDAR, whatever a client began with."""
    if request.name != "VCALENDAR":
        return CompRequest("VCALENDAR", allprop=True, comps=(request,))
    if request.whole or request.allprop or request.props:
        return request
    return CompRequest("VCALENDAR", False, _ALWAYS, request.allcomp, request.comps)


def _select(component: Component, request: CompRequest) -> Component:
    if request.whole:
        return component
    lines, components = component.lines, component.components
    if not request.allprop:
        wanted = {prop.name: prop for prop in reversed(request.props)}
        lines = [_shown(line, wanted[line.name]) for line in lines if line.name in wanted]
    if not request.allcomp:
        requests = {comp.name: comp for comp in reversed(request.comps)}
        components = [
            _select(inner, requests[inner.name]) for inner in components if inner.name in requests
        ]
    return Component(component.name, lines, components)


def _shown(line: Line, prop: PropRequest) -> Line:
    return line._replace(value="") if prop.novalue else line


def _limit_recurrence_set(document: Document, window: Window, floating: tzinfo) -> Component:
    """The calendar without the overrides that do not touch the window (§9.6.6)."""
    bounds = _bounds(window)
    master = next(
        (each for each in document.components if each.first("RECURRENCE-ID") is None), None
    )
    described = None if master is None else extent(master, document.zones)
    dropped = {
        id(component)
        for component in document.components
        if not _impacts(document, component, described, bounds, floating)
    }
    return _without(document.calendar, dropped)


def _impacts(
    document: Document,
    component: Component,
    master: Extent | None,
    bounds: Interval,
    floating: tzinfo,
) -> bool:
    """Whether a component is the master, or its current or original time lies in the window."""
    line = component.first("RECURRENCE-ID")
    if line is None:
        return True
    own = extent(component, document.zones)
    original = temporal(line, document.zones)
    if (parameter(line, "RANGE") or "").upper() == "THISANDFUTURE":
        return epoch(original, floating) < bounds.ends or _overlaps(
            own.interval(own.start, floating), bounds
        )
    return _overlaps(own.interval(own.start, floating), bounds) or _overlaps(
        (master or own).interval(original, floating), bounds
    )


def _limit_freebusy_set(calendar: Component, window: Window) -> Component:
    """The calendar without the FREEBUSY values outside the window (§9.6.7)."""
    if all(inner.name != "VFREEBUSY" for inner in calendar.components):
        return calendar
    bounds = _bounds(window)
    components = [
        Component(inner.name, _busy_lines(inner.lines, bounds), inner.components)
        if inner.name == "VFREEBUSY"
        else inner
        for inner in calendar.components
    ]
    return Component(calendar.name, calendar.lines, components)


def _busy_lines(lines: Sequence[Line], bounds: Interval) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        if line.name != "FREEBUSY":
            kept.append(line)
            continue
        values = [text for text in line.value.split(",") if _overlaps(_period(text), bounds)]
        if values:
            kept.append(line._replace(value=",".join(values)))
    return kept


def _period(text: str) -> Interval | None:
    """A FREEBUSY value, which is in UTC; None if it is none."""
    try:
        start, end = parse_period(text, UTC)
    except ValueError:
        return None
    starts = epoch(start, UTC)
    if isinstance(end, tuple):
        return Interval(starts, starts + int(end.delta.total_seconds()))
    return Interval(starts, epoch(end, UTC))


def _without(calendar: Component, dropped: set[int]) -> Component:
    if not dropped:
        return calendar
    kept = [inner for inner in calendar.components if id(inner) not in dropped]
    return Component(calendar.name, calendar.lines, kept)


def _bounds(window: Window) -> Interval:
    return Interval(
        BEGINNING if window.start is None else epoch(window.start, UTC),
        FOREVER if window.end is None else epoch(window.end, UTC),
    )


def _overlaps(interval: Interval | None, bounds: Interval) -> bool:
    return interval is not None and interval.starts < bounds.ends and interval.ends > bounds.starts
