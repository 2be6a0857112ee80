"""What an attendee's changes tell the organizer (RFC 6638 §3.2.2, RFC 5546 §3.2.3, §3.4.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.parse import Document
from caldavd.ical.parse import stored as reread
from caldavd.ical.values import parse_temporal
from caldavd.ical.write import time_line, write
from caldavd.itip.address import Addresses, normal
from caldavd.itip.allowed import Difference, compared, own_line
from caldavd.itip.compare import STAMPS, partstat, person, same_person
from caldavd.itip.instance import series
from caldavd.itip.message import PRIVATE_COMMENT, Message, Plan, force_send, reply, served
from caldavd.itip.revision import RECEIVED, REMOVED, REPLIED, Revision, removals, removed_line
from caldavd.itip.rewrite import Parts, amended, quiet, rewritten, unforced
from caldavd.itip.snapshot import Key, Meeting, Part, Role, calendar_text, meeting, with_parameter
from caldavd.itip.unseen import completed

_COMMENTS: Final = frozenset({"COMMENT", PRIVATE_COMMENT})
_PROGRESS: Final = frozenset({"COMPLETED", "PERCENT-COMPLETE", "STATUS"})
DECLINED: Final = "DECLINED"


@dataclass(frozen=True, slots=True)
class _Answer:
    """What an attendee says about a part."""

    part: Part
    who: Line
    comments: Sequence[Line] = ()


def attended(
    old: Meeting | None, new: Meeting, document: Document, me: Addresses, at: datetime
) -> Plan:
    """What follows from an attendee's object that is new or changed. Raises Refused."""
    organizer = new.organizer
    if organizer is None or not served(organizer):
        return Plan(Role.ATTENDEE)
    at = _later(old, me, at)
    if old is None:
        parts: Parts = {
            key: amended(part, _unforced(part), part.sequence) for key, part in _items(new)
        }
        answers = [one for one in _all_answers(new, me) if partstat(one.who) != "NEEDS-ACTION"]
        parts = {key: _remembering(part, own_line(part, me), None) for key, part in parts.items()}
        told = answers or _forced(new, me)
        text = rewritten(document, new, _stamped(parts, told, me, at))
        return Plan(Role.ATTENDEE, text, _messages(new, told, at, bool(answers)))
    sent = document
    new, document = completed(old, new, document, me)
    reverted = _reverted(old, new, me)
    if reverted:
        document = _with_components(document, reverted)
        new = meeting(document)
    found = compared(old, new, me)
    parts = {key: _settled(one, me) for key, one in found.items()}
    answers = list(_answers(old, new, found, me))
    told = answers or _forced(new, me)
    keys = {one.part.key for one in answers}
    parts = _without_removed(_stamped(parts, told, me, at), (old, new), keys, me, at)
    text = rewritten(document, new, parts)
    if text is None and document is not sent:
        text = document.text
    messages = _messages(new, told, at, bool(answers))
    return Plan(Role.ATTENDEE, text, messages, _keeps_tag(old, new, found))


def _reverted(old: Meeting, new: Meeting, me: Addresses) -> list[Component]:
    """The overrides that a client dropped, and its other answer with them, as the series has them.

    That answer is taken back: the organizer is told, so it has to be remembered.
    """
    of = series(new.master, new.zones)
    made: list[Component] = []
    for key, part in old.parts.items():
        if of is None or key is None or key in new.parts or key in of.part.excluded:
            continue
        instance = None if part.is_cancelled else of.instance(key)
        if instance is None:
            continue
        one, other = own_line(part, me), own_line(instance, me)
        if one is not None and other is not None and _said(one) != _said(other):
            made.append(instance.component)
    return made


def _with_components(document: Document, more: Sequence[Component]) -> Document:
    of = document.calendar
    return reread(write([Component(of.name, of.lines, [*of.components, *more])]))


def left(old: Meeting, me: Addresses, at: datetime, answer: bool) -> Plan:
    """What follows from an attendee's object that is no longer there.

    Who has declined, or was told that nothing takes place, has nothing to say.
    """
    if not answer or not served(old.organizer):
        return Plan(Role.ATTENDEE)
    at = _later(old, me, at)
    answers = [_decline(one.part, one.who) for one in _all_answers(old, me) if _attends(one)]
    return Plan(Role.ATTENDEE, None, _messages(old, answers, at, True))


def _later(old: Meeting | None, me: Addresses, at: datetime) -> datetime:
    """`at`, or the second after the last answer: which of two is the later one, DTSTAMPs tell."""
    parts = () if old is None else old.parts.values()
    said = [parameter(line, REPLIED) or "" for part in parts if (line := own_line(part, me))]
    said += [of.stamp for part in parts for of in removals(part).values()]
    last = max(said, default="")
    if last < time_line("", at).value:
        return at
    try:
        moment = parse_temporal(last)
    except ValueError:
        return at
    return moment + timedelta(seconds=1) if isinstance(moment, datetime) else at


def _items(meeting: Meeting) -> Sequence[tuple[Key | None, Part]]:
    return list(meeting.parts.items())


def _settled(of: Difference, me: Addresses) -> Part:
    """The part as it is stored: what others answered, the SEQUENCE, and what the server remembers
    of the organizer's messages are not one's own.
    """
    lines = dict(_unforced(of.part))
    received, sent = of.base.component.first(RECEIVED), of.part.component.first(RECEIVED)
    more = list(of.dropped)
    if received is not None and sent is not None:
        lines[sent] = received
    elif received is not None:
        more.append(received)
    if of.part.key is None:
        there = set(of.part.component.all(REMOVED))
        more += (line for line in of.base.component.all(REMOVED) if line not in there)
    for address, line in of.part.attendees.items():
        base = of.base.attendees.get(address)
        if address not in me and base is not None and not same_person(base, line):
            lines[line] = base
    found, before = amended(of.part, lines, of.base.sequence, more), own_line(of.base, me)
    known = None if before is None else parameter(before, REPLIED)
    return _remembering(found, own_line(found, me), known)


def _remembering(part: Part, mine: Line | None, replied: str | None) -> Part:
    """The part in which one's own ATTENDEE says when one answered; None: not yet."""
    if mine is None or parameter(mine, REPLIED) == replied:
        return part
    line = with_parameter(mine, REPLIED, *([] if replied is None else [replied]))
    return amended(part, {mine: line}, part.sequence)


def _stamped(parts: Parts, answers: Sequence[_Answer], me: Addresses, at: datetime) -> Parts:
    """The parts with the DTSTAMP of the REPLY in one's own ATTENDEE of those that it is about.

    The organizer's messages name the last answer that they know of: what was said since stays.
    """
    stamp, told = time_line("", at).value, {one.part.key for one in answers}
    return {
        key: _remembering(part, own_line(part, me), stamp) if key in told else part
        for key, part in parts.items()
    }


def _without_removed(
    parts: Parts,
    versions: tuple[Meeting, Meeting],
    answered: Set[Key | None],
    me: Addresses,
    at: datetime,
) -> Parts:
    """The parts, of which the series remembers the instances that are taken out now.

    What was declined before goes in silence, unless another answer is given to the series: the
    answer to it is that one.
    """
    master = parts.get(None)
    if master is None:
        return parts
    lines: list[Line] = []
    for part in _dropped(*versions):
        who = own_line(part, me)
        if part.key is not None and who is not None:
            silent = None if part.key in answered else parameter(who, REPLIED)
            stamp = silent or time_line("", at).value
            lines.append(removed_line(part.key, Revision(part.sequence, stamp)))
    return {**parts, None: amended(master, {}, master.sequence, lines)} if lines else parts


def _unforced(part: Part) -> Mapping[Line, Line]:
    """The lines that lose SCHEDULE-FORCE-SEND; attendees cannot be forced to anything here."""
    line = part.component.first("ORGANIZER")
    made = {} if line is None else {line: unforced(line)}
    return made | {one: quiet(one) for one in part.attendees.values()}


def _answers(
    old: Meeting, new: Meeting, found: Mapping[Key | None, Difference], me: Addresses
) -> Iterator[_Answer]:
    """What is said that was not said before: of parts, then of instances that were removed.

    An answer to a series goes for instances too: those with another one are named beside it.
    """
    removed = frozenset[Key]() if new.master is None else new.master.excluded
    kept = {
        key: (one, who)
        for key, one in found.items()
        if (who := own_line(one.part, me)) and not one.base.is_cancelled and key not in removed
    }
    known = {} if old.master is None else removals(old.master)
    said = {key for key, (one, who) in kept.items() if _is_news(one, who, me)}
    if None in said:
        said |= {key for key, (one, who) in kept.items() if _differs(one, who, *kept[None])}
    for key, (one, who) in kept.items():
        if key in said:
            part = Part(one.part.component, key, {}, one.base.sequence, frozenset())
            yield _Answer(part, who, _comments(part, one.base))
    for part in [*_dropped(old, new), *(_removed_before(old, new) if None in said else ())]:
        who = own_line(part, me)
        if who is None:
            continue
        if None in said or part.key in known or _attends(_Answer(part, who)):
            yield _decline(part, who)


def _said(line: Line) -> object:
    """What an ATTENDEE says of itself that the organizer has to know."""
    return {(name, said) for name, said in person(line) if name.startswith(("PARTSTAT", "DELEG"))}


def _differs(one: Difference, who: Line, series: Difference, of_series: Line) -> bool:
    """Whether another answer is given to an instance than to its series."""
    return partstat(who) != partstat(of_series) or (
        _comments(one.part, one.base) != _comments(series.part, series.base)
    )


def _is_news(of: Difference, who: Line, me: Addresses) -> bool:
    """Whether anything is said of a part that was not said before."""
    before = own_line(of.base, me)
    if before is None or _said(before) != _said(who):
        return True
    if of.names & _COMMENTS and _comments(of.part, of.base) != _comments(of.base, of.base):
        return True
    return of.part.component.name == "VTODO" and bool(of.names & _PROGRESS)


def _comments(part: Part, base: Part) -> Sequence[Line]:
    """What is told beside an answer; what is not there any more is taken back by an empty line.

    A COMMENT that was there before may be the organizer's own.
    """
    known = {line.value for line in base.component.all("COMMENT")}
    had, has = (one.component.first(PRIVATE_COMMENT) is not None for one in (base, part))
    taken_back = [Line(PRIVATE_COMMENT, "", "")] if had and not has else []
    return taken_back + [
        line
        for line in part.component.lines
        if line.name == PRIVATE_COMMENT or (line.name == "COMMENT" and line.value not in known)
    ]


def _dropped(old: Meeting, new: Meeting) -> Iterator[Part]:
    """The instances that the attendee took out of the own copy."""
    master, before = new.master, old.master
    if master is None:
        yield from (part for key, part in old.parts.items() if key not in new.parts)
        return
    of = series(before, old.zones)
    for key in sorted(master.excluded - (before.excluded if before else frozenset())):
        part = old.parts.get(key) or (None if of is None else of.instance(key))
        if part is not None:
            yield part


def _removed_before(old: Meeting, new: Meeting) -> Iterator[Part]:
    """The instances that the attendee took out before, and that are still out."""
    of = series(old.master, old.zones)
    if of is None or new.master is None:
        return
    for key in sorted(removals(of.part)):
        part = of.instance(key) if key in new.master.excluded else None
        if part is not None:
            yield part


def _all_answers(of: Meeting, me: Addresses) -> Iterator[_Answer]:
    """What an attendee says of each part."""
    for part in of.parts.values():
        who = own_line(part, me)
        if who is not None and not part.is_cancelled:
            yield _Answer(part, who, _comments(part, part))


def _forced(new: Meeting, me: Addresses) -> Sequence[_Answer]:
    """All that was said before, if SCHEDULE-FORCE-SEND asks for it."""
    if new.organizer is None or force_send(new.organizer) != "REPLY":
        return ()
    return list(_all_answers(new, me))


def _attends(one: _Answer) -> bool:
    return not one.part.is_cancelled and partstat(one.who) != DECLINED


def _decline(part: Part, who: Line) -> _Answer:
    return _Answer(part, with_parameter(who, "PARTSTAT", DECLINED), _comments(part, part))


def _messages(
    of: Meeting, answers: Sequence[_Answer], at: datetime, changed: bool
) -> tuple[Message, ...]:
    """The one REPLY with all answers; none if there are none."""
    if not answers or of.organizer is None:
        return ()
    components = [reply(one.part, of.organizer, one.who, one.comments, at) for one in answers]
    text = calendar_text("REPLY", components, of.zones)
    sequence = max(one.part.sequence for one in answers)
    sender, recipient = normal(answers[0].who.value), normal(of.organizer.value)
    return (Message("REPLY", recipient, sender, text, of.uid, sequence, not changed),)


def _keeps_tag(old: Meeting, new: Meeting, found: Mapping[Key | None, Difference]) -> bool:
    """Whether nothing was changed but the own answer, and what a client keeps for itself."""
    return old.parts.keys() <= new.parts.keys() and not any(
        one.base.excluded != one.part.excluded
        or one.base.attendees.keys() != one.part.attendees.keys()
        or any(name not in STAMPS and not name.startswith("X-") for name in one.names)
        for one in found.values()
    )
