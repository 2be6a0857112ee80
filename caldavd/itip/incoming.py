"""Scheduling messages as they come: read, judged, and set against what is stored (RFC 5546 §3)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from caldavd.errors import VALID_SCHEDULING_MESSAGE, Refused
from caldavd.ical.contentline import Component, Line, Malformed, parameter, read
from caldavd.ical.parse import Document, parse
from caldavd.ical.parse import stored as reread
from caldavd.ical.parse import written as parse_written
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.ical.values import Temporal
from caldavd.ical.write import write
from caldavd.itip.address import Addresses
from caldavd.itip.message import served
from caldavd.itip.outcome import Ignored
from caldavd.itip.revision import stamp_of
from caldavd.itip.snapshot import (
    SCHEDULED,
    Key,
    Meeting,
    Part,
    meeting,
    part_of,
    start_of,
    used_zones,
)

METHODS: Final = frozenset(
    {
        *("PUBLISH", "REQUEST", "REPLY", "ADD"),
        *("CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"),
    }
)
_OF_ORGANIZER: Final = frozenset({"PUBLISH", "REQUEST", "ADD", "CANCEL", "DECLINECOUNTER"})
_WITH_START: Final = frozenset({"PUBLISH", "REQUEST", "ADD", "COUNTER"})
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
"""What a PARTSTAT may be: one of iTIP's, or a word of somebody's own."""
_PLACEHOLDER: Final = Line("DTSTART", "", "19700101T000000Z")


def read_message(body: bytes, limits: Limits = DEFAULT) -> tuple[Document, str]:
    """The message in a body from outside, and its METHOD, bounded as a calendar object is.

    Raises Refused: VALID_SCHEDULING_MESSAGE, or what `parse` raises.
    """
    try:
        text = body.decode()
        calendars = read(text)
    except (UnicodeDecodeError, Malformed) as fault:
        raise _malformed(f"the message is no iCalendar text: {fault}") from None
    if len(calendars) != 1:
        raise _malformed("a message is one VCALENDAR")
    line = calendars[0].first("METHOD")
    method = "" if line is None else line.value.strip().upper()
    if method not in METHODS:
        raise _malformed(f"the METHOD {method[:40] or 'is missing, or'} is none of iTIP")
    parse(write([_object_of(calendars[0], method)]).encode(), limits)
    return reread(text), method


def _object_of(calendar: Component, method: str) -> Component:
    """What `parse` can judge: without the METHOD, and with a start where none has to be."""
    inner = [
        Component(part.name, [*part.lines, _PLACEHOLDER], part.components)
        if part.name == "VEVENT" and method not in _WITH_START and part.first("DTSTART") is None
        else part
        for part in calendar.components
    ]
    lines = [line for line in calendar.lines if line.name != "METHOD"]
    return Component(calendar.name, lines, inner)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it is received, by one or by many."""

    document: Document
    meeting: Meeting
    method: str


@dataclass(frozen=True, slots=True)
class Case:
    """A message and the recipient's object of its UID."""

    document: Document
    stored: Meeting
    message: Meeting
    me: Addresses
    at: datetime

    @property
    def start(self) -> Temporal | None:
        """When the series of the stored object begins."""
        return start_of(self.document.components, self.document.zones)


def incoming(message: Document, method: str) -> Incoming:
    """A message, judged once for all who receive it. Raises Refused(VALID_SCHEDULING_MESSAGE)."""
    return Incoming(message, judged(message, method), method)


def judged(message: Document, method: str) -> Meeting:
    """The message as scheduling sees it. Raises Refused(VALID_SCHEDULING_MESSAGE)."""
    if method not in METHODS:
        raise _malformed(f"the method {method[:40]} is none of iTIP")
    if message.component not in SCHEDULED:
        raise _malformed(f"people are asked to events and tasks, not to a {message.component[:40]}")
    found = meeting(message)
    if len(found.organizers) > 1:
        raise _malformed("its components have different ORGANIZERs")
    if method in _OF_ORGANIZER and not found.organizers:
        raise _malformed(f"a {method} has an ORGANIZER")
    if len(found.parts) != len(message.components):
        raise _malformed("it describes one instance twice")
    for component in message.components:
        _check(component, method)
    return found


def _check(component: Component, method: str) -> None:
    if not stamp_of(component):
        raise _malformed("one of its components has no DTSTAMP")
    if method in _WITH_START and component.name == "VEVENT" and component.first("DTSTART") is None:
        raise _malformed(f"a {method} has a DTSTART")
    if method == "ADD" and component.first("RECURRENCE-ID") is not None:
        raise _malformed("an ADD has no RECURRENCE-ID")
    if method == "ADD" and not {"DTSTART", "DUE"} & {line.name for line in component.lines}:
        raise _malformed("an ADD says when the instance is that it adds")
    if method == "REPLY":
        _check_answer(component)


def _check_answer(component: Component) -> None:
    lines = list(component.all("ATTENDEE"))
    if not lines:
        raise _malformed("a REPLY has the ATTENDEE who answers")
    for line in lines:
        given = parameter(line, "PARTSTAT")
        if given is not None and _WORD.fullmatch(given.strip()) is None:
            raise _malformed(f"its PARTSTAT {given[:40]!r} is no answer")


def case_of(document: Document, message: Meeting, me: Addresses, at: datetime) -> Case:
    """A message against an object: instances are named as those of the series are."""
    if message.master is None:
        start = start_of(document.components, document.zones)
        parts = (part_of(p.component, message.zones, start) for p in message.parts.values())
        message = replace(message, parts={part.key: part for part in parts})
    return Case(document, meeting(document), message, me, at)


def wrong_organizer(case: Case) -> Ignored | None:
    """Why the attendee's object does not listen to this organizer; None if it does."""
    stored, message = case.stored, case.message
    if stored.component != message.component:
        return Ignored.KIND
    if not stored.organizers.isdisjoint(case.me) or stored.organizers != message.organizers:
        return Ignored.ORGANIZER
    return None if served(stored.organizer) else Ignored.CLIENT


def for_me(part: Part, me: Addresses) -> bool:
    """Whether a component of a message is about the recipient; one that names nobody is."""
    return not part.attendees or not me.isdisjoint(part.attendees)


def version(case: Case, component: Component) -> Part:
    """A component that is to stand in the object, read."""
    zones = {**case.stored.zones, **case.message.zones}
    return part_of(component, zones, case.start)


def written(case: Case, components: Iterable[Component]) -> Document:
    """The object with these components, and the time zones that they use."""
    made = list(components)
    ours = {id(part) for part in case.document.components}
    strange = [
        part
        for part in case.document.calendar.components
        if part.name != "VTIMEZONE" and id(part) not in ours
    ]
    zones = used_zones(made, {**case.stored.zones, **case.message.zones})
    lines = [line for line in case.document.calendar.lines if line.name != "METHOD"]
    return document_of(Component("VCALENDAR", lines, [*zones, *made, *strange]))


def document_of(calendar: Component) -> Document:
    """The Document of a VCALENDAR that was made here."""
    return parse_written(write([calendar]), calendar)


def range_of(part: Part) -> bool:
    """Whether it is about its instance and all after it (RFC 5545 §3.2.13)."""
    line = part.component.first("RECURRENCE-ID")
    return line is not None and (parameter(line, "RANGE") or "").upper() == "THISANDFUTURE"


def names(keys: Iterable[Key | None]) -> frozenset[Key]:
    """The instances among these, without the master."""
    return frozenset(key for key in keys if key is not None)


def with_lines(component: Component, lines: list[Line]) -> Component:
    """The component with other lines."""
    return Component(component.name, lines, component.components)


def _malformed(reason: str) -> Refused:
    return Refused(VALID_SCHEDULING_MESSAGE, f"{reason}: send what RFC 5546 asks for")
