"""Objects that come back after others were told that they are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from caldavd.ical.contentline import Line
from caldavd.ical.parse import Document
from caldavd.itip.rewrite import rewritten
from caldavd.itip.snapshot import Meeting, copied, meeting, put_line

_RAISED_BY: Final = 2
"""One was the SEQUENCE of what took it back (RFC 5546 §2.1.4)."""


def renewed(document: Document) -> str:
    """An organizer's object with a SEQUENCE above that of its cancellation."""
    found = meeting(document)
    number = Line("SEQUENCE", "", str(found.sequence + _RAISED_BY))
    return _with(document, found, number)


def called_off(document: Document) -> str:
    """An attendee's object of what no longer takes place for them, as a CANCEL leaves it."""
    return _with(document, meeting(document), Line("STATUS", "", "CANCELLED"))


def invites(document: Document, me: frozenset[str]) -> bool:
    """Whether an organizer's object still asks somebody with these addresses to anything."""
    found = meeting(document)
    return not found.is_cancelled and any(
        not me.isdisjoint(part.attendees) and not part.is_cancelled for part in found.parts.values()
    )


def _with(document: Document, of: Meeting, line: Line) -> str:
    parts = {}
    for key, part in of.parts.items():
        component = copied(part.component)
        put_line(component, line)
        parts[key] = replace(part, component=component)
    return rewritten(document, of, parts) or document.text
