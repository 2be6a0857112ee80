"""Texts of stored objects as the server changes them (RFC 6638 §3.2.5, §3.2.8, §7.2, §7.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from caldavd.ical.contentline import Component, Line, parameter, read, without_parameters
from caldavd.ical.parse import Document
from caldavd.ical.write import write
from caldavd.itip.address import normal
from caldavd.itip.message import force_send, status_of
from caldavd.itip.snapshot import Key, Meeting, Part, put_line

Parts: TypeAlias = Mapping[Key | None, Part]

IGNORED: Final = "2.3"
"""Success; invalid property parameter ignored."""
_PEOPLE: Final = frozenset({"ATTENDEE", "ORGANIZER"})
_FORCEABLE: Final = frozenset({"REQUEST", "REPLY"})


def amended(
    part: Part, lines: Mapping[Line, Line], sequence: int, more: Sequence[Line] = ()
) -> Part:
    """The part with other lines in the place of these, with this SEQUENCE, and with more lines.

    The very same part if that changes nothing.
    """
    instead = {old: new for old, new in lines.items() if old != new}
    if not instead and not more and sequence == part.sequence:
        return part
    old = part.component
    kept = [instead.get(line, line) for line in old.lines]
    component = Component(old.name, [*kept, *more], old.components)
    if sequence != part.sequence:
        put_line(component, Line("SEQUENCE", "", str(sequence)))
    attendees = {who: instead.get(line, line) for who, line in part.attendees.items()}
    return Part(component, part.key, attendees, sequence, part.excluded)


def rewritten(document: Document, meeting: Meeting, parts: Parts) -> str | None:
    """The text of the document with these parts in the place of its own; None: it stays."""
    instead = {
        id(meeting.parts[key].component): part.component
        for key, part in parts.items()
        if part is not meeting.parts[key]
    }
    if not instead:
        return None
    inner = [instead.get(id(part), part) for part in document.calendar.components]
    return write([Component("VCALENDAR", document.calendar.lines, inner)])


def unforced(line: Line) -> Line:
    """The line without SCHEDULE-FORCE-SEND; one of an unknown method is told so (RFC 6638 §7.2)."""
    left = quiet(line)
    return left if left is line or force_send(line) in _FORCEABLE else status_of(left, IGNORED)


def beside_ignored(document: Document, statuses: Mapping[str, str]) -> dict[str, str]:
    """These statuses, with 2.3 where the document forces what nobody knows (RFC 6638 §7.2).

    What became of the message is told first: that is what clients look at.
    """
    ignored = {
        normal(line.value)
        for part in document.components
        for line in part.lines
        if line.name in _PEOPLE and quiet(line) is not line and force_send(line) not in _FORCEABLE
    }
    return {
        who: f"{status},{IGNORED}" if who in ignored else status for who, status in statuses.items()
    }


def quiet(line: Line) -> Line:
    """The line without SCHEDULE-FORCE-SEND."""
    if not line.parameter_text or "SCHEDULE-FORCE-SEND" not in line.parameter_text.upper():
        return line
    return line._replace(parameter_text=without_parameters(line, "SCHEDULE-FORCE-SEND"))


def with_statuses(text: str, statuses: Mapping[str, str], over: str | None = None) -> str:
    """The text of an object with SCHEDULE-STATUS for these addresses (RFC 6638 §7.3).

    That of the organizer is written on ORGANIZER, those of others on ATTENDEE; with `over` only in
    the place of that status. A text in which that changes nothing is returned as it is.
    """
    calendars = read(text)
    found = False
    made: list[Component] = []
    for calendar in calendars:
        inner: list[Component] = []
        for part in calendar.components:
            zone = part.name == "VTIMEZONE"
            lines = part.lines if zone else _with_statuses(part, statuses, over)
            found = found or lines is not part.lines
            inner.append(Component(part.name, lines, part.components))
        made.append(Component(calendar.name, calendar.lines, inner))
    return write(made) if found else text


def _with_statuses(
    component: Component, statuses: Mapping[str, str], over: str | None
) -> list[Line]:
    """The lines of a component; its own list if there is nothing to write on them."""
    organizers = {normal(line.value) for line in component.all("ORGANIZER")}
    lines = [
        line
        if over is not None and _status(line) != over
        else _with_status(line, statuses, organizers)
        for line in component.lines
    ]
    return lines if lines != component.lines else component.lines


def _with_status(line: Line, statuses: Mapping[str, str], organizers: set[str]) -> Line:
    if line.name not in _PEOPLE:
        return line
    address = normal(line.value)
    status = statuses.get(address)
    if status is None or (line.name == "ORGANIZER") != (address in organizers):
        return line
    return status_of(line, status)


def _status(line: Line) -> str:
    """The SCHEDULE-STATUS of a line; empty if there is none."""
    return (parameter(line, "SCHEDULE-STATUS") or "").strip()
