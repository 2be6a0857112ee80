"""Which of two messages is the later one (RFC 5546 §2.1.5).

Clients of attendees write a DTSTAMP and a SEQUENCE of their own, so what the organizer said last
is remembered beside them, in each component of the attendee's object:

    X-CALDAVD-RECEIVED;SEQUENCE=2;PARTSTAT=NEEDS-ACTION;TRANSP=OPAQUE:20260105T090000Z

An override that the attendee's client made has none, or that of the series (INSTANCE tells). The
organizer's object has the DTSTAMP of the last answer in each ATTENDEE, as X-CALDAVD-REPLIED.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line, parameters
from caldavd.ical.write import parameter_text
from caldavd.itip.snapshot import Part, sequence_of

RECEIVED: Final = "X-CALDAVD-RECEIVED"
REPLIED: Final = "X-CALDAVD-REPLIED"
OURS: Final = "X-CALDAVD-"


class Revision(NamedTuple):
    """Ordered as messages are; an empty stamp is before any."""

    sequence: int
    stamp: str = ""


class Received(NamedTuple):
    """What the organizer said last of a component."""

    revision: Revision
    partstat: str | None = None
    """The recipient's PARTSTAT in it; None: unknown, as is whatever was said before."""
    transp: str | None = None
    is_own: bool = True
    """Whether the component is the attendee's own work: the organizer never sent it."""


def revision(part: Part) -> Revision:
    """The revision of a component of a message."""
    return Revision(part.sequence, stamp_of(part.component))


def received(part: Part) -> Received:
    """What is remembered in a component of an attendee's object."""
    line = part.component.first(RECEIVED)
    if line is None:
        return Received(Revision(sequence_of(part.component)))
    found = parameters(line)
    digits, instance = _first(found, "SEQUENCE"), _first(found, "INSTANCE")
    number = int(digits) if digits and digits.isdecimal() and len(digits) < 10 else 0
    return Received(
        Revision(number, line.value.strip()),
        _first(found, "PARTSTAT"),
        _first(found, "TRANSP"),
        instance != part.key,
    )


def received_line(part: Part, partstat: str, transp: str) -> Line:
    """The line that remembers a component of a message."""
    said = parameter_text("SEQUENCE", str(part.sequence))
    if part.key is not None:
        said += parameter_text("INSTANCE", part.key)
    said += parameter_text("PARTSTAT", partstat) + parameter_text("TRANSP", transp)
    return Line(RECEIVED, said, stamp_of(part.component))


def stamp_of(component: Component) -> str:
    """The DTSTAMP of a component; empty if there is none."""
    line = component.first("DTSTAMP")
    return "" if line is None else line.value.strip().upper()


def _first(found: dict[str, tuple[str, ...]], name: str) -> str | None:
    values = found.get(name)
    return values[0] if values else None
