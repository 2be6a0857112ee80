"""Messages that leave, and the components in them (RFC 5546 §3.2, §3.4, RFC 6638 §3.2.5).

What is the sender's own is not in them: alarms, what a client keeps for itself, SCHEDULE-AGENT
and its like. The components are made here; what they were made of is not touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, without_parameters
from caldavd.ical.write import parameter_text, time_line
from caldavd.itip.revision import OURS, REPLIED
from caldavd.itip.snapshot import Part, Role, with_parameter

SERVER: Final = "SERVER"
_SCHEDULE: Final = ("SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND")
_OWN: Final = (*_SCHEDULE, REPLIED)
_SHORT: Final = 512
_SIGNS: Final = ("SCHEDULE-", OURS)
_PEOPLE: Final = frozenset({"ATTENDEE", "ORGANIZER"})
_SHARED_X: Final = (
    "X-ALT-DESC",
    "X-APPLE-STRUCTURED-LOCATION",
    "X-CALENDARSERVER-ACCESS",
    "X-GOOGLE-",
    "X-MICROSOFT-",
    "X-MS-OLK-",
)
"""How the X- properties begin that are about the event: they come and go as the organizer says.

What is not known may be private.
"""
_OF_CANCEL: Final = frozenset(
    {
        *("UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE"),
        *("SUMMARY", "LOCATION"),
    }
)
_OF_REPLY: Final = frozenset(
    {"UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "SUMMARY"}
)
"""The times are in it, whole: an answer to an earlier revision is one to this if they are its."""
_REQUIRED: Final = {
    "VEVENT": (Line("SUMMARY", "", ""),),
    "VTODO": (Line("SUMMARY", "", ""), Line("PRIORITY", "", "0")),
}
"""What a REQUEST has to have, which means nothing that its lack does not."""
_DEFAULTS: Final = {"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT"}
_OF_REPLY_TO_TASK: Final = frozenset({"COMPLETED", "PERCENT-COMPLETE", "STATUS"})
PRIVATE_COMMENT: Final = "X-CALENDARSERVER-PRIVATE-COMMENT"
"""What an attendee tells the organizer alone (caldav-privatecomments)."""


@dataclass(frozen=True, slots=True)
class Message:
    """An iTIP message to one recipient; many may share one text."""

    method: str
    recipient: str
    """As `address.normal` gives it."""
    sender: str
    text: str
    uid: str
    sequence: int
    """The highest of its components."""
    forced: bool = False
    """Whether it goes out only because SCHEDULE-FORCE-SEND asked for it."""
    again: bool = False
    """Whether the recipient asked for it (REFRESH)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a change of an object."""

    kind: Role
    """What the owner of the calendar is in the object, or was in one that is deleted."""
    text: str | None = None
    """What is to be stored; None: what was sent, as it is."""
    messages: tuple[Message, ...] = ()
    keeps_tag: bool = False
    """Whether the Schedule-Tag stays what it was."""


def served(line: Line | None) -> bool:
    """Whether the server sends messages to who stands there (RFC 6638 §7.1)."""
    if line is None:
        return False
    return (parameter(line, "SCHEDULE-AGENT") or SERVER).strip().upper() == SERVER


def force_send(line: Line) -> str:
    """The method that SCHEDULE-FORCE-SEND asks for, upper case; empty if there is none."""
    return (parameter(line, "SCHEDULE-FORCE-SEND") or "").strip().upper()


def public(line: Line) -> Line:
    """An ATTENDEE or ORGANIZER without what is between a user and the own server."""
    short = len(line.parameter_text) + len(line.value) <= _SHORT
    return _public_again(line) if short else _public(line)


def _public(line: Line) -> Line:
    text = line.parameter_text.upper()
    if _SIGNS[0] not in text and _SIGNS[1] not in text:
        return line
    return line._replace(parameter_text=without_parameters(line, *_OWN))


# To each of the people of a large meeting all others are told.
_public_again: Final = lru_cache(maxsize=8192)(_public)


def _known(line: Line) -> Line:
    """An ATTENDEE with what the organizer knows: by X-CALDAVD-REPLIED, which answer is in it.

    Each recipient keeps that of the own ATTENDEE alone.
    """
    if not line.parameter_text or _SIGNS[0] not in line.parameter_text.upper():
        return line
    return line._replace(parameter_text=without_parameters(line, *_SCHEDULE))


def request(part: Part, organizer: Line, at: datetime, excluded: Iterable[Line] = ()) -> Component:
    """What attendees are told of a part, with further EXDATEs (RFC 5546 §3.2.2, §3.4.2)."""
    lines = [*_stamped(part.sequence, at, _told(part.component)), *excluded]
    names = {line.name for line in lines}
    if "ORGANIZER" not in names:
        lines.append(public(organizer))
    lines += (line for line in _REQUIRED[part.component.name] if line.name not in names)
    return Component(part.component.name, lines, list(_inner(part.component)))


def cancel(
    part: Part, sequence: int, organizer: Line, people: Iterable[Line], at: datetime
) -> Component:
    """What those attendees are told of whom a part is no longer about (RFC 5546 §3.2.5, §3.4.5)."""
    kept = (line for line in part.component.lines if line.name in _OF_CANCEL)
    lines = [*_stamped(sequence, at, kept), public(organizer)]
    return Component(part.component.name, [*lines, *map(public, people)])


def reply(
    part: Part, organizer: Line, who: Line, comments: Sequence[Line], at: datetime
) -> Component:
    """What an attendee answers about a part (RFC 5546 §3.2.3, §3.4.3)."""
    task = part.component.name == "VTODO"
    names = _OF_REPLY | _OF_REPLY_TO_TASK if task else _OF_REPLY
    kept = (line for line in part.component.lines if line.name in names)
    lines = [*_stamped(part.sequence, at, kept), public(organizer), _answering(who)]
    status = Line("REQUEST-STATUS", "", "2.0;Success")
    return Component(part.component.name, [*lines, *comments, status])


def _answering(who: Line) -> Line:
    """Oneself in an answer, without what the organizer said of one; what is said is spelled out."""
    if parameter(who, "PARTSTAT") is None:
        who = with_parameter(who, "PARTSTAT", "NEEDS-ACTION")
    defaults = [name for name, said in _DEFAULTS.items() if (parameter(who, name) or said) == said]
    return who._replace(parameter_text=without_parameters(who, *_OWN, "RSVP", *defaults))


def exdate(recurrence_id: Line) -> Line:
    """The EXDATE that takes away the instance of a RECURRENCE-ID."""
    return Line("EXDATE", without_parameters(recurrence_id, "RANGE"), recurrence_id.value)


def cancelled(component: Component) -> Component:
    """The component with the STATUS of what does not take place."""
    return Component(component.name, [*component.lines, Line("STATUS", "", "CANCELLED")])


def status_of(line: Line, *codes: str) -> Line:
    """The ATTENDEE or ORGANIZER with this SCHEDULE-STATUS (RFC 6638 §7.3)."""
    left = without_parameters(line, "SCHEDULE-STATUS")
    return line._replace(parameter_text=left + parameter_text("SCHEDULE-STATUS", ",".join(codes)))


def _told(component: Component) -> Iterator[Line]:
    for line in component.lines:
        if line.name in _PEOPLE:
            yield _known(line)
        elif line.name == "REQUEST-STATUS" or is_own(line.name):
            continue
        else:
            yield line


def _stamped(sequence: int, at: datetime, lines: Iterable[Line]) -> Iterator[Line]:
    """Lines with DTSTAMP and SEQUENCE after the UID, whatever they were."""
    for line in lines:
        if line.name in ("DTSTAMP", "SEQUENCE"):
            continue
        yield line
        if line.name == "UID":
            yield time_line("DTSTAMP", at)
            yield Line("SEQUENCE", "", str(sequence))


def _inner(component: Component) -> Iterator[Component]:
    for inner in component.components:
        if inner.name != "VALARM" and not inner.name.startswith("X-"):
            yield inner


def is_own(name: str) -> bool:
    """Whether a property is one that its sender's client keeps for itself."""
    return name.startswith("X-") and not name.startswith(_SHARED_X)
