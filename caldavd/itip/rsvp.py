"""What somebody answers on a page, as the messages that a calendar program would send.

A REPLY (RFC 5546 §3.2.3) to all that they are asked to, and a COUNTER (§3.2.7) for another time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component, Line, unescape, without_parameters
from caldavd.ical.extent import temporal
from caldavd.ical.parse import Document, stored
from caldavd.ical.values import Temporal
from caldavd.ical.write import escape, time_line
from caldavd.itip.address import Addresses, normal
from caldavd.itip.changes import told_of
from caldavd.itip.comments import said_before
from caldavd.itip.compare import partstat
from caldavd.itip.home import Home, at_home
from caldavd.itip.imip import change_of
from caldavd.itip.letter import Letter, letter
from caldavd.itip.message import PRIVATE_COMMENT, reply
from caldavd.itip.moments import end_of, zone_of_start
from caldavd.itip.own import replied_at
from caldavd.itip.plan import refresh
from caldavd.itip.revision import OURS, REPLIED
from caldavd.itip.snapshot import Meeting, Part, calendar_text, copied, meeting, with_parameter
from caldavd.languages.phrases import Language

CHOICES: Final = ("ACCEPTED", "TENTATIVE", "DECLINED")
_TIMES: Final = frozenset({"DTSTART", "DTEND", "DURATION"})


@dataclass(frozen=True, slots=True)
class Slot:
    """When a meeting is, for who proposes another time: dates, or wall-clock times in its zone."""

    start: Temporal
    end: Temporal | None
    zone: str
    """In words; empty for dates."""

    @property
    def is_dates(self) -> bool:
        return not isinstance(self.start, datetime)


@dataclass(frozen=True, slots=True)
class Asked:
    """An invitation as it stands, to one attendee."""

    uid: str
    attendee: str
    request: Meeting
    """The REQUEST that they would be sent now."""
    letter: Letter
    sequence: int
    digest: str
    """Tells what they are asked to: another one if any of it changes."""
    answer: str
    """Their PARTSTAT; empty if it differs between instances."""
    comment: str
    """What they told the organizer before."""
    slot: Slot | None
    """None: no other time can be proposed."""


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody answers."""

    answer: str
    """One of CHOICES."""
    comment: str = ""
    start: Temporal | None = None
    """Another time, if one is proposed: as clocks in the zone of the Slot show it, naive."""
    end: Temporal | None = None


@dataclass(frozen=True, slots=True)
class Host:
    """Who invites: their addresses, their name, and how they are read."""

    addresses: Addresses
    name: str
    language: Language
    home: Home | None = None
    """The zone in which times in UTC are told; None: in UTC."""


def asked(of: Document, attendee: str, host: Host, at: datetime) -> Asked | None:
    """What somebody is asked to by an organizer's object; None: to nothing that takes place.

    They see what they would be sent, and no more of the object.
    """
    sent = refresh(of, frozenset({attendee}), host.addresses, at)
    if not sent:
        return None
    text = sent[0].text
    document = stored(text)
    found = meeting(document)
    parts = _parts(found, attendee)
    answers = {partstat(part.attendees[attendee]) for part in parts}
    before = (said_before(part, attendee) for part in meeting(of).parts.values())
    language = host.language
    words = told_of(document, language, at.date(), home=host.home)
    return Asked(
        found.uid,
        attendee,
        found,
        letter("REQUEST", document.components, words, host.name, language),
        found.sequence,
        change_of(text, attendee),
        answers.pop() if len(answers) == 1 else "",
        next((unescape(one) for one in before if one), ""),
        _slot(found, host),
    )


def replying(of: Asked, said: Said, at: datetime) -> str:
    """The REPLY about all that somebody is asked to.

    It follows whatever the organizer has of them, be it from a clock that is ahead.
    """
    organizer = of.request.organizer
    assert organizer is not None, "a REQUEST has an ORGANIZER"
    parts = _parts(of.request, of.attendee)
    at = max(at, *(_after(replied_at(part.attendees[of.attendee]), at) for part in parts))
    components = [
        reply(
            part,
            organizer,
            with_parameter(part.attendees[of.attendee], "PARTSTAT", said.answer),
            # What is not in the form any more was taken out of it.
            _comments(said) or ([Line(PRIVATE_COMMENT, "", "")] if of.comment else []),
            at,
        )
        for part in parts
    ]
    return calendar_text("REPLY", components, of.request.zones)


def _after(stamp: str, otherwise: datetime) -> datetime:
    """The second after a DTSTAMP, if it is one."""
    try:
        return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC) + timedelta(seconds=1)
    except (ValueError, OverflowError):
        return otherwise


def countering(of: Asked, said: Said, at: datetime) -> str:
    """The COUNTER that proposes another time, in the zone of the meeting."""
    (part,) = of.request.parts.values()
    assert said.start is not None and of.slot is not None, "a time is proposed"
    made = copied(part.component)
    times = _proposed(part.component, of.slot, said.start, said.end)
    made.lines = [
        *(_outward(line, of.attendee, said) for line in made.lines if _is_kept(line)),
        time_line("DTSTAMP", at),
        *times,
        *_comments(said),
    ]
    return calendar_text("COUNTER", [made], of.request.zones)


def _parts(of: Meeting, attendee: str) -> list[Part]:
    return [
        part for part in of.parts.values() if attendee in part.attendees and not part.is_cancelled
    ]


def _comments(said: Said) -> list[Line]:
    return [Line("COMMENT", "", escape(said.comment))] if said.comment else []


def _is_kept(line: Line) -> bool:
    name = line.name
    return name not in _TIMES and name not in {"DTSTAMP", "COMMENT"} and not name.startswith(OURS)


def _outward(line: Line, attendee: str, said: Said) -> Line:
    """A line as it leaves: with the answer in one's own ATTENDEE."""
    if line.name != "ATTENDEE":
        return line
    line = line._replace(parameter_text=without_parameters(line, REPLIED))
    if normal(line.value) == attendee:
        return with_parameter(line, "PARTSTAT", said.answer)
    return line


def _proposed(
    component: Component, slot: Slot, start: Temporal, end: Temporal | None
) -> list[Line]:
    """DTSTART and DTEND as the meeting writes its own: in the same zone, or in UTC."""
    old = component.first("DTSTART")
    assert old is not None, "only what has a start can be moved"
    found = [("DTSTART", start), ("DTEND", end)]
    if old.value.strip().upper().endswith("Z"):
        found = [(name, _instant(value, slot)) for name, value in found]
    return [
        Line(name, old.parameter_text, time_line("", value).value)
        for name, value in found
        if value is not None
    ]


def _instant(at: Temporal | None, slot: Slot) -> Temporal | None:
    """A time that the clocks of a slot show, in UTC."""
    if not isinstance(at, datetime) or not isinstance(slot.start, datetime):
        return at
    return at.replace(tzinfo=slot.start.tzinfo).astimezone(UTC)


def _slot(of: Meeting, host: Host) -> Slot | None:
    """When a meeting is, if it takes place once and its time can be read."""
    if of.component != "VEVENT" or len(of.parts) != 1:
        return None
    (part,) = of.parts.values()
    (one,), zones = at_home([part.component], of.zones, host.home)
    line = one.first("DTSTART")
    if line is None or one.first("RRULE") is not None or one.first("RDATE") is not None:
        return None
    try:
        start = temporal(line, zones)
    except ValueError:
        return None
    end = end_of(one, zones)
    zone = zone_of_start(one, start, host.language) if isinstance(start, datetime) else ""
    return Slot(start, end, zone)
