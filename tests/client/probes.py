"""The objects that are searched for, all about the year 2000, and how searches are sent.

A query of the tables is either terms of python-caldav's own search, sent as they are and answered
without a second look at the answer, or, where the library has no words for it, a filter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

import caldav
from lxml import etree

from tests.unit.builders import event, journal, todo, valarm, vevent

C: Final = "{urn:ietf:params:xml:ns:caldav}"
NS: Final = {"D": "DAV:", "C": "urn:ietf:params:xml:ns:caldav"}
_DECLARED: Final = 'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"'

OBJECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "task1": todo(uid="task1", start="20000107", summary="simple task"),
        "task2": todo(uid="task2", due="20000108"),
        "task3": todo(uid="task3", start="20000109T120000Z", due="20000109T130000Z"),
        "task-duration": todo(uid="task-duration", start="20000118T120000Z", duration="PT2H"),
        "task-monthly": todo(
            uid="task-monthly",
            start="20000112T120000Z",
            due="20000112T130000Z",
            rrule="FREQ=MONTHLY",
            lines=["STATUS:NEEDS-ACTION"],
        ),
        "task-count": todo(
            uid="task-count",
            start="20001003T120000Z",
            due="20001003T130000Z",
            rrule="FREQ=WEEKLY;COUNT=3",
        ),
        "journal1": journal(uid="journal1", start="20000111", summary="simple journal"),
        "event1": event(
            uid="event1", start="20000101T120000Z", end="20000101T130000Z", summary="simple event"
        ),
        "event2": event(uid="event2", start="20000102T120000Z"),
        "event3": event(uid="event3", start="20000103"),
        "event4": event(uid="event4", start="20000104", end="20000107"),
        "event-categories": event(
            uid="event-categories",
            start="20000107T120000",
            end="20000107T130000",
            lines=["CATEGORIES:hands,feet", "CATEGORIES:head,family"],
        ),
        "event-class": event(
            uid="event-class",
            start="20000116T120000Z",
            end="20000116T130000Z",
            lines=["CLASS:CONFIDENTIAL"],
        ),
        "event-duration": event(uid="event-duration", start="20000117T120000Z", duration="PT1H"),
        "event-alarm": event(
            uid="event-alarm",
            start="20000110T080000Z",
            end="20000110T090000Z",
            alarms=[valarm("-PT15M")],
        ),
        "monthly": event(
            uid="monthly", start="20000112T120000Z", end="20000112T130000Z", rrule="FREQ=MONTHLY"
        ),
        "yearly": event(uid="yearly", start="20000201", rrule="FREQ=YEARLY"),
        "weekly": event(
            uid="weekly",
            start="20001003T120000Z",
            end="20001003T130000Z",
            rrule="FREQ=WEEKLY;COUNT=3",
        ),
        "exception": event(
            uid="exception",
            start="20000113T120000Z",
            end="20000113T130000Z",
            rrule="FREQ=MONTHLY",
            overrides=[
                vevent(
                    uid="exception",
                    start="20000213T130000Z",
                    end="20000213T140000Z",
                    recurrence_id="20000213T120000Z",
                    summary="moved",
                )
            ],
        ),
    }
)
"""Texts by UID, which is also the name they are put under."""

EVENTS: Final = frozenset(uid for uid, text in OBJECTS.items() if "BEGIN:VEVENT" in text)
TASKS: Final = frozenset(uid for uid, text in OBJECTS.items() if "BEGIN:VTODO" in text)


@dataclass(frozen=True, slots=True)
class Found:
    """What a report brought: its status, and data by UID."""

    status: int
    data: Mapping[str, str]


def between(start: str, end: str, *, element: str = "time-range") -> str:
    """A time range of whole days, `20000101`, or of times; an empty bound is open."""
    bounds = "".join(
        f' {name}="{value if "T" in value else value + "T000000Z"}"'
        for name, value in (("start", start), ("end", end))
        if value
    )
    return f"<C:{element}{bounds}/>"


def of(component: str, inner: str = "") -> str:
    """A filter for one type of component."""
    return f'<C:comp-filter name="{component}">{inner}</C:comp-filter>'


def prop(name: str, inner: str) -> str:
    """A filter for one property."""
    return f'<C:prop-filter name="{name}">{inner}</C:prop-filter>'


def absent(name: str) -> str:
    """A filter for objects without a property."""
    return prop(name, "<C:is-not-defined/>")


def holds(name: str, text: str, collation: str = "i;ascii-casemap", *, negate: bool = False) -> str:
    """A filter for a property with a text in it."""
    negated = ' negate-condition="yes"' if negate else ""
    return prop(name, f'<C:text-match collation="{collation}"{negated}>{text}</C:text-match>')


BOUNDS: Final = frozenset({"start", "end", "alarm_start", "alarm_end"})
Query = str | Mapping[str, Any]
Row = list[tuple[Query, set[str]]]
"""What is asked and what must be found: the objects' UIDs."""


def terms(**words: Any) -> Query:
    """Words of the library's search; `start` and `end`, and those of alarms, as in `between`."""
    bounds = {name: _instant(words[name]) for name in BOUNDS & words.keys()}
    return {**words, **bounds}


def events(start: str = "", end: str = "", **words: Any) -> Query:
    """Terms for events."""
    return terms(event=True, **_bounds(start, end), **words)


def tasks(start: str = "", end: str = "", **words: Any) -> Query:
    """Terms for tasks, done or not."""
    return terms(todo=True, include_completed=True, **_bounds(start, end), **words)


def journals(start: str = "", end: str = "", **words: Any) -> Query:
    """Terms for journals."""
    return terms(journal=True, **_bounds(start, end), **words)


def find(calendar: caldav.Calendar, query: Query) -> set[str]:
    """The names of what is found, without the ending."""
    if isinstance(query, str):
        found = search(calendar, query)
        assert found.status == 207
        return set(found.data)
    answered = calendar.search(**query, post_filter=False, compatibility_workarounds=False)
    return {str(one.url).rpartition("/")[2].removesuffix(".ics") for one in answered}


def search(calendar: caldav.Calendar, filter_: str, *, expand: str = "") -> Found:
    """A calendar-query with a filter inside VCALENDAR, as the library sends it."""
    body = (
        f"<C:calendar-query {_DECLARED}><D:prop><C:calendar-data>{expand}</C:calendar-data>"
        f'</D:prop><C:filter><C:comp-filter name="VCALENDAR">{filter_}</C:comp-filter></C:filter>'
        "</C:calendar-query>"
    )
    return _found(calendar.client.report(str(calendar.url), body, depth=1))


def _instant(text: str) -> datetime:
    whole = text if "T" in text else text + "T000000Z"
    return datetime.strptime(whole, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def _bounds(start: str, end: str) -> dict[str, str]:
    return {name: value for name, value in (("start", start), ("end", end)) if value}


def _found(answer: caldav.davclient.DAVResponse) -> Found:
    data = {}
    if answer.status == 207:
        for response in answer.tree.iterfind(".//D:response", NS):
            href = response.findtext("D:href", "", NS)
            name = href.rpartition("/")[2].removesuffix(".ics")
            data[name] = response.findtext("D:propstat/D:prop/C:calendar-data", "", NS)
    return Found(answer.status, data)


def lines(text: str, *names: str) -> list[str]:
    """The content lines of some names, unfolded, in order."""
    unfolded = text.replace("\r\n", "\n").replace("\n ", "")
    return [line for line in unfolded.split("\n") if line.startswith(names)]


def condition(body: bytes) -> str:
    """The element inside the DAV:error of an answer."""
    root = etree.fromstring(body)
    assert root.tag == "{DAV:}error"
    return str(root[0].tag)
