"""Messages from elsewhere, made to say in our way what other programs say in theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.parse import Document, stored
from caldavd.ical.write import escape, write
from caldavd.itip.incoming import with_lines
from caldavd.itip.revision import stamp_of

AHEAD: Final = timedelta(days=1)
"""How far a clock may be ahead: what somebody sends stays in the order in which they wrote it."""
_STAMP: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z", re.ASCII)
_RESPONSE: Final = "X-RESPONSE-COMMENT"


def understood(message: Document, method: str, at: datetime) -> Document:
    """A message that came at that instant; the very same if it is as ours are.

    No DTSTAMP is of a day later: clocks differ, but after what is said to be of next year all that
    comes until then would look old (RFC 5546 §2.1.5). A comment that Google has in a parameter of
    who answers is a COMMENT.
    """
    now, ahead = (f"{one:%Y%m%dT%H%M%SZ}" for one in (at, at + AHEAD))
    calendar = message.calendar
    made = [_understood(one, method, now, ahead) for one in calendar.components]
    if all(new is old for new, old in zip(made, calendar.components, strict=True)):
        return message
    return stored(write([Component(calendar.name, calendar.lines, made)]))


def _understood(of: Component, method: str, now: str, ahead: str) -> Component:
    lines, stamp = list(of.lines), stamp_of(of)
    if stamp and (_STAMP.fullmatch(stamp) is None or stamp > ahead):
        instead = Line("DTSTAMP", "", now)
        lines = [instead if line.name == "DTSTAMP" else line for line in lines]
    if method == "REPLY" and of.first("COMMENT") is None:
        lines += [Line("COMMENT", "", escape(text)) for text in _responses(of)]
    return of if lines == of.lines else with_lines(of, lines)


def _responses(of: Component) -> Iterator[str]:
    for line in of.all("ATTENDEE"):
        text = (parameter(line, _RESPONSE) or "").strip()
        if text:
            yield text
