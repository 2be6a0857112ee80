"""What attendees tell the organizer beside their answers (caldav-privatecomments)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from caldavd.ical.contentline import Line, parameter, unescape
from caldavd.ical.write import escape, parameter_text, time_line
from caldavd.itip.address import normal
from caldavd.itip.message import PRIVATE_COMMENT
from caldavd.itip.snapshot import Part

ATTENDEE_COMMENT: Final = "X-CALENDARSERVER-ATTENDEE-COMMENT"
_REF: Final = "X-CALENDARSERVER-ATTENDEE-REF"
_AT: Final = "X-CALENDARSERVER-DTSTAMP"


def commented(
    lines: list[Line], part: Part, told: Part, who: str, at: datetime
) -> list[Line] | None:
    """The lines with what the attendee tells the organizer; None: that is there already.

    A COMMENT is taken for that too, unless it is the organizer's own (caldav-privatecomments §3.2).
    Most programs send it once: an answer without words takes nothing back, but an empty private
    comment does.
    """
    text = _comment(part, told)
    place = _place_of_comment(lines, who)
    if text is None or (lines[place].value if place is not None else "") == text:
        return None
    stamp = time_line("", at).value
    ref = parameter_text(_REF, told.attendees[who].value)
    line = Line(ATTENDEE_COMMENT, parameter_text(_AT, stamp) + ref, text)
    if place is None:
        return [*lines, line]
    return [*lines[:place], line, *lines[place + 1 :]]


def _place_of_comment(lines: list[Line], who: str) -> int | None:
    """Where a component says what an attendee told the organizer."""
    for place, line in enumerate(lines):
        if line.name == ATTENDEE_COMMENT and normal(parameter(line, _REF) or "") == who:
            return place
    return None


def said_before(part: Part, who: str) -> str:
    """What who answers told the organizer before, still escaped."""
    place = _place_of_comment(part.component.lines, who)
    return "" if place is None else part.component.lines[place].value


def _comment(part: Part, told: Part) -> str | None:
    """What an answer says to the organizer, still escaped; None: nothing."""
    private = told.component.first(PRIVATE_COMMENT)
    if private is not None:
        return private.value
    organizers = {line.value for line in part.component.all("COMMENT")}
    said = (line.value for line in told.component.all("COMMENT"))
    words = [text for text in said if text not in organizers and unescape(text).strip()]
    return escape("\n").join(words) if words else None
