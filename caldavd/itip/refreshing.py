"""A REFRESH, by which an attendee asks for a meeting as it stands (RFC 5546 §3.2.6, §3.4.6)."""

from __future__ import annotations

from datetime import datetime

from caldavd.ical.contentline import Component
from caldavd.ical.parse import Document
from caldavd.ical.write import time_line
from caldavd.itip.address import normal
from caldavd.itip.message import public
from caldavd.itip.snapshot import calendar_text


def refreshing(answer: Document, who: str, at: datetime) -> str:
    """The REFRESH of whoever sent this REPLY; it is about all of the meeting."""
    part = answer.components[0]
    lines = [time_line("DTSTAMP", at)]
    for line in part.lines:
        is_mine = line.name == "ATTENDEE" and normal(line.value) == who
        if is_mine or line.name in ("UID", "ORGANIZER"):
            lines.append(public(line))
    return calendar_text("REFRESH", [Component(part.name, lines)], {})
