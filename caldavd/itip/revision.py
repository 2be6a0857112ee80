"""Which of two messages is the later one (RFC 5546 §2.1.5).

Clients of attendees write a DTSTAMP and a SEQUENCE of their own, so what the organizer said last
is remembered beside them, in each component of the attendee's object:

    X-CALDAVD-RECEIVED;SEQUENCE=2;PARTSTAT=NEEDS-ACTION;TRANSP=OPAQUE:20260105T090000Z

An override that the attendee's client made has none, or that of the series (INSTANCE tells). The
organizer's object has the DTSTAMP of the last answer in each ATTENDEE, as X-CALDAVD-REPLIED; so
has that of an attendee in the own ATTENDEE, and REQUESTs say what the organizer knows of. A series
from which the attendee took an instance has the DTSTAMP of that answer beside the EXDATE:

    X-CALDAVD-REMOVED;SEQUENCE=2;INSTANCE=20260107T090000Z:20260105T090000Z
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from caldavd.ical import periods
from caldavd.ical.contentline import Component, Line, parameters
from caldavd.ical.write import parameter_text
from caldavd.itip.snapshot import Key, Part, sequence_from, sequence_of

RECEIVED: Final = periods.RECEIVED
REPLIED: Final = periods.REPLIED
REMOVED: Final = "X-CALDAVD-REMOVED"
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
    instance = _first(found, "INSTANCE")
    return Received(
        Revision(_number(found), line.value.strip()),
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


def removals(part: Part) -> Mapping[Key, Revision]:
    """The instances that the attendee took out of a series: of what revision, and when."""
    made: dict[Key, Revision] = {}
    for line in part.component.all(REMOVED):
        found = parameters(line)
        instance = _first(found, "INSTANCE")
        if instance is not None:
            made[instance] = Revision(_number(found), line.value.strip())
    return made


def removed_line(key: Key, of: Revision) -> Line:
    """The line that remembers that the attendee took an instance out."""
    said = parameter_text("SEQUENCE", str(of.sequence)) + parameter_text("INSTANCE", key)
    return Line(REMOVED, said, of.stamp)


def stamp_of(component: Component) -> str:
    """The DTSTAMP of a component; empty if there is none."""
    line = component.first("DTSTAMP")
    return "" if line is None else line.value.strip().upper()


def _number(found: dict[str, tuple[str, ...]]) -> int:
    return sequence_from(_first(found, "SEQUENCE") or "")


def _first(found: dict[str, tuple[str, ...]], name: str) -> str | None:
    values = found.get(name)
    return values[0] if values else None
