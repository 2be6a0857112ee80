"""CALDAV:calendar-data as a report asks for it (RFC 4791 §9.6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import Final

from caldavd.dav.filter import window_of
from caldavd.dav.property import Fact, Property, View
from caldavd.errors import NUMBER_OF_MATCHES, SUPPORTED_CALENDAR_DATA, VALID_FILTER, Refused
from caldavd.ical import byreference, parse
from caldavd.ical.byreference import Zones
from caldavd.ical.subset import EVERYTHING, CompRequest, DataRequest, PropRequest, subset
from caldavd.model import CalendarObject, Window
from caldavd.names import CALDAV, DAV
from caldavd.xml import write
from caldavd.xml.parse import Element, elements

NAME: Final = CALDAV + "calendar-data"


def request_of(report: Element) -> DataRequest | None:
    """What a report's DAV:prop asks for of each object; None if it asks for no calendar-data.

    Raises Refused(SUPPORTED_CALENDAR_DATA) for a media type or version that is not stored.
    """
    prop = report.find(DAV + "prop")
    element = None if prop is None else prop.find(NAME)
    if element is None:
        return None
    media = (element.get("content-type", "text/calendar"), element.get("version", "2.0"))
    if media != ("text/calendar", "2.0"):
        raise Refused(SUPPORTED_CALENDAR_DATA, "calendar-data is text/calendar, version 2.0")
    comp = element.find(CALDAV + "comp")
    return DataRequest(
        None if comp is None else _comp(comp),
        _window(element, "expand"),
        _window(element, "limit-recurrence-set"),
        _window(element, "limit-freebusy-set"),
    )


@dataclass(slots=True)
class _Spent:
    """What an answer holds so far."""

    components: int = 0
    characters: int = 0


def row(request: DataRequest, floating: tzinfo, zones: Zones = Zones.AS_STORED) -> Property:
    """The property row that renders an object's data as a request wants it, for one answer.

    It refuses to render more than an answer may hold: Refused(NUMBER_OF_MATCHES).
    """
    if request == EVERYTHING and zones is Zones.AS_STORED:
        return _WHOLE
    spent = _Spent()

    def get(view: View) -> str:
        text = view.content
        if request != EVERYTHING:
            left = view.limits.max_instances - spent.components
            text = subset(parse.stored(text), request, floating, max(left, 0))
            spent.components += text.count("\nBEGIN:V")
        text = byreference.shown(text, zones)
        spent.characters += len(text)
        if spent.characters > view.limits.max_answer_bytes:
            raise Refused(NUMBER_OF_MATCHES, "the answer is too large: ask for less at a time")
        return write.escape(text)

    return Property(NAME, (CalendarObject,), get, needs=Fact.CONTENT)


_WHOLE: Final = Property(
    NAME, (CalendarObject,), lambda view: write.escape(view.content), needs=Fact.CONTENT
)


def needs_zone(request: DataRequest | None) -> bool:
    """Whether floating times have to be placed to answer a request."""
    return request is not None and (
        request.expand is not None
        or request.limit_recurrence_set is not None
        or request.limit_freebusy_set is not None
    )


def _window(element: Element, name: str) -> Window | None:
    found = element.find(CALDAV + name)
    if found is None:
        return None
    window = window_of(found)
    if window.start is None or window.end is None or window.start >= window.end:
        raise Refused(VALID_FILTER, f"{name} has a start, and an end after it")
    return window


def _comp(element: Element) -> CompRequest:
    children = list(elements(element))
    tags = {child.tag for child in children}
    return CompRequest(
        element.get("name", "").upper(),
        CALDAV + "allprop" in tags,
        tuple(_prop(child) for child in children if child.tag == CALDAV + "prop"),
        CALDAV + "allcomp" in tags,
        tuple(_comp(child) for child in children if child.tag == CALDAV + "comp"),
    )


def _prop(element: Element) -> PropRequest:
    return PropRequest(element.get("name", "").upper(), element.get("novalue") == "yes")
