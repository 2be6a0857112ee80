"""Requests for busy time, and the replies to them (RFC 5546 §3.3.2, §3.3.3, RFC 6638 §5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from caldavd.errors import MAX_ATTENDEES, VALID_SCHEDULING_MESSAGE, Refused
from caldavd.ical.contentline import Component, Line, unescape
from caldavd.ical.freebusy import BusyPeriod, calendar, vfreebusy
from caldavd.ical.parse import vcalendar
from caldavd.ical.values import parse_datetime
from caldavd.ical.write import fold
from caldavd.itip.address import normal
from caldavd.itip.message import public
from caldavd.model import Window

MOST_BYTES: Final = 256_000
MOST_ATTENDEES: Final = 500
MOST_DAYS: Final = 400
"""From DTSTART to DTEND."""
MOST_MASKED: Final = 20
MASK: Final = "X-CALENDARSERVER-MASK-UID"
"""Names an event that counts for nobody: one's own, for which another time is looked for."""

SUCCESS: Final = "2.0;Success"
INVALID: Final = "3.7;Invalid calendar user"
NO_AUTHORITY: Final = "3.8;No authority"
UNSUPPORTED: Final = "5.3;No scheduling support for user"

_METHOD: Final = re.compile(rb"^METHOD[;:]", re.IGNORECASE | re.MULTILINE)
_BEGIN: Final = re.compile(rb"^BEGIN:", re.IGNORECASE | re.MULTILINE)
_ONCE: Final = ("DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "UID")
_NEVER: Final = ("FREEBUSY", "DURATION", "REQUEST-STATUS", "URL")
_NOT_BESIDE: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VTIMEZONE", "VALARM"})


@dataclass(frozen=True, slots=True)
class Request:
    """When the attendees of something are busy, as its organizer asks."""

    uid: Line
    organizer: Line
    attendees: tuple[Line, ...]
    """One for each address, as it was spelled first."""
    window: Window
    masked: frozenset[str] = frozenset()
    """UIDs of events that count for nobody."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered of one attendee."""

    recipient: str
    """The address as it was sent."""
    status: str
    """As REQUEST-STATUS has it."""
    text: str | None = None
    """A VCALENDAR with a VFREEBUSY; None where the status says why there is none."""


def is_message(body: bytes) -> bool:
    """Whether a body is an iTIP message: it has a METHOD before its first component."""
    begins = [match.start() for match in _BEGIN.finditer(body[:MOST_BYTES])][:2]
    method = _METHOD.search(body, 0, begins[1] if len(begins) > 1 else MOST_BYTES)
    return method is not None


def read(body: bytes, most_bytes: int) -> Request:
    """The request in a body.

    Raises Refused: VALID_SCHEDULING_MESSAGE for what RFC 5546 §3.3.2 does not allow, MAX_ATTENDEES,
    MAX_RESOURCE_SIZE, SUPPORTED_CALENDAR_DATA, and VALID_CALENDAR_DATA for what is no iCalendar.
    """
    _, message, _ = vcalendar(body, min(most_bytes, MOST_BYTES))
    component = _component(message)
    uid, organizer = _first(component, "UID"), _first(component, "ORGANIZER")
    attendees: dict[str, Line] = {}
    for line in component.all("ATTENDEE"):
        attendees.setdefault(normal(line.value), line)
    if not attendees:
        raise _invalid("no ATTENDEE: say whose busy time is asked for")
    if len(attendees) > MOST_ATTENDEES:
        raise Refused(
            MAX_ATTENDEES, f"{len(attendees)} attendees, more than {MOST_ATTENDEES}: ask in parts"
        )
    masked = [unescape(line.value) for line in component.all(MASK)]
    if len(masked) > MOST_MASKED:
        raise _invalid(f"more than {MOST_MASKED} {MASK}")
    window = _window(component)
    return Request(uid, organizer, tuple(attendees.values()), window, frozenset(masked))


def reply(
    request: Request, attendee: Line, periods: Sequence[BusyPeriod], at: datetime, product: str
) -> str:
    """The VCALENDAR that tells of one attendee's busy periods, at the DTSTAMP `at`."""
    lines = [
        fold(f"{line.name}{line.parameter_text}:{line.value}")
        for line in (request.uid, public(request.organizer), public(attendee))
    ]
    component = vfreebusy(periods, request.window, at, lines, says_busy=True)
    return calendar(component, product, "REPLY")


def _component(message: Component) -> Component:
    """The VFREEBUSY of a REQUEST, with what there must be once."""
    methods = [line.value.strip().upper() for line in message.all("METHOD")]
    if methods != ["REQUEST"]:
        raise _invalid("what is posted to an outbox has METHOD:REQUEST")
    found = [one for one in message.components if one.name == "VFREEBUSY"]
    beside = [one.name for one in message.components if one.name in _NOT_BESIDE]
    if len(found) != 1 or beside:
        raise _invalid("what is posted to an outbox is one VFREEBUSY, and nothing beside it")
    names = [line.name for line in found[0].lines]
    for name in _ONCE:
        if names.count(name) != 1:
            raise _invalid(f"a request for busy time has one {name}")
    for name in _NEVER:
        if name in names:
            raise _invalid(f"a request for busy time has no {name}")
    if any(inner.name == "VALARM" for inner in found[0].components):
        raise _invalid("a request for busy time has no VALARM")
    return found[0]


def _first(component: Component, name: str) -> Line:
    line = component.first(name)
    if line is None or not line.value.strip():
        raise _invalid(f"a request for busy time has one {name}")
    return line


def _window(component: Component) -> Window:
    start, end = (_instant(_first(component, name)) for name in ("DTSTART", "DTEND"))
    if start >= end:
        raise _invalid("DTEND must be later than DTSTART")
    if end - start > timedelta(days=MOST_DAYS):
        raise _invalid(f"at most {MOST_DAYS} days can be asked for")
    return Window(start, end)


def _instant(line: Line) -> datetime:
    try:
        moment = parse_datetime(line.value)
    except ValueError as fault:
        raise _invalid(f"{line.name}: {fault}") from None
    if moment.tzinfo is not UTC:
        raise _invalid(f"{line.name} must be in UTC")
    return moment


def _invalid(reason: str) -> Refused:
    return Refused(VALID_SCHEDULING_MESSAGE, reason)
