"""What is the attendee's own in an object, when the organizer's version of it comes.

RFC 6638 §3.2.2.1 says what an attendee may change, §3.2.8 when an answer is asked for anew. All
the rest is the organizer's: whatever the attendee's client made of it is overwritten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.itip.address import Addresses, normal
from caldavd.itip.compare import partstat, rule_parts, when
from caldavd.itip.message import is_own, public
from caldavd.itip.revision import OURS, RECEIVED, REMOVED, REPLIED, received, received_line
from caldavd.itip.snapshot import Key, Part, Zones, keys, with_parameter

NEEDS_ACTION: Final = "NEEDS-ACTION"
_DELEGATED: Final = "DELEGATED"
_OPAQUE: Final = "OPAQUE"
_PROGRESS: Final = frozenset({"STATUS", "COMPLETED", "PERCENT-COMPLETE"})
_NEVER_TOLD: Final = (
    OURS,
    "X-MOZ-",
    "X-CALENDARSERVER-ATTENDEE-COMMENT",
    "X-CALENDARSERVER-PRIVATE-COMMENT",
)
"""How the X- properties begin that no message sets."""


@dataclass(frozen=True, slots=True)
class Version:
    """A component and the time zones that it is written in."""

    part: Part
    zones: Zones


def merged(
    theirs: Version, mine: Version | None, me: Addresses, *, is_settled: bool = False
) -> Component:
    """The component of a message as it is to stand in the attendee's object.

    `mine` is the attendee's component of the same instance, or what the series says of it;
    `is_settled`: the answer in the message is what counts, whatever there is.
    """
    keeps = mine is not None and not is_settled and _keeps_answer(theirs, mine, me)
    kept = None if mine is None else mine.part
    said = _said(theirs.part, "TRANSP") or _OPAQUE
    lines = [*_organizers(theirs.part, kept, me, keeps), *_attendees(theirs.part, kept, said)]
    answers = keeps or partstat(line_of(theirs.part, me)) != NEEDS_ACTION
    if kept is not None and answers and _has_progress(kept):
        lines = [line for line in lines if line.name not in _PROGRESS]
        lines += [line for line in kept.component.lines if line.name in _PROGRESS]
    lines.append(received_line(theirs.part, partstat(line_of(theirs.part, me)), said))
    inner = [part for part in theirs.part.component.components if part.name != "VALARM"]
    if kept is not None:
        inner += [part for part in kept.component.components if part.name == "VALARM"]
    return Component(theirs.part.component.name, lines, inner)


def has_own(part: Part, series: Part, me: Addresses) -> bool:
    """Whether an override says anything of the attendee's own that its series does not."""
    one, other = part.component, series.component
    mine, of_series = line_of(part, me), line_of(series, me)
    return (
        partstat(mine) != partstat(of_series)
        or replied_at(mine) != replied_at(of_series)
        or _said(part, "TRANSP") != _said(series, "TRANSP")
        or {line for line in one.lines if _is_own(line)}
        != {line for line in other.lines if _is_own(line)}
        or _alarms(one) != _alarms(other)
    )


def moved(theirs: Version, mine: Version) -> bool:
    """Whether what recurs, or takes place once, does so at other times (RFC 6638 §3.2.8)."""
    one, other = theirs.part.component, mine.part.component
    return (
        when(one, theirs.zones) != when(other, mine.zones)
        or _rules(one) != _rules(other)
        or _rdates(one, theirs.zones) != _rdates(other, mine.zones)
    )


def _keeps_answer(theirs: Version, mine: Version, me: Addresses) -> bool:
    """Whether the attendee's answer stands: it is on its way, and still answers what is asked.

    An answer that the organizer knew of is in the message; one that the organizer did not know
    of, and asked for before the event was changed, is lost with what it was about.
    """
    their_line, my_line = line_of(theirs.part, me), line_of(mine.part, me)
    if my_line is None or their_line is None:
        return False
    if is_unheard(their_line, my_line) and partstat(their_line) == partstat(my_line):
        return True
    if _was_heard(their_line, my_line, mine.part):
        return False
    if partstat(my_line) == _DELEGATED and _delegate_declined(theirs.part, my_line):
        return False
    if mine.part.is_cancelled or moved(theirs, mine):
        return False
    if replied_at(their_line) and replied_at(my_line):
        return True
    grew = theirs.part.sequence > received(mine.part).revision.sequence
    return not (grew and partstat(their_line) == NEEDS_ACTION)


def replied_at(line: Line | None) -> str:
    """When an attendee answered last, as an ATTENDEE tells; empty if it does not."""
    return "" if line is None else parameter(line, REPLIED) or ""


def is_unheard(theirs: Line | None, mine: Line | None) -> bool:
    """Whether the attendee answered later than the message knows."""
    return replied_at(theirs) < replied_at(mine)


def _was_heard(theirs: Line, mine: Line, part: Part) -> bool:
    """Whether the organizer had the attendee's answer when the message was written."""
    heard, replied = replied_at(theirs), replied_at(mine)
    if heard and replied:
        return heard >= replied
    told = received(part).partstat
    return partstat(mine) == (NEEDS_ACTION if told is None else told)


def _delegate_declined(theirs: Part, mine: Line) -> bool:
    """Whether who was to go instead will not: the organizer asks again (RFC 5546 §4.2.7).

    An organizer who does not know of the delegation has an answer that was given before it.
    """
    delegate = theirs.attendees.get(normal(parameter(mine, "DELEGATED-TO") or ""))
    if delegate is None or partstat(delegate) != "DECLINED":
        return False
    return normal(parameter(delegate, "DELEGATED-FROM") or "") == normal(mine.value)


def _organizers(theirs: Part, mine: Part | None, me: Addresses, keeps: bool) -> Iterator[Line]:
    """The lines of a message that are the organizer's to say."""
    my_line = None if mine is None else line_of(mine, me)
    about_me = line_of(theirs, me)
    for line in theirs.component.lines:
        if line.name == "ATTENDEE":
            if line != about_me:
                yield public(line)
                continue
            clean = _with_answer(line)
            yield _answered(clean, my_line) if keeps and my_line else clean
        elif line.name == "ORGANIZER":
            yield _with_status(public(line), mine)
        elif line.name not in ("REQUEST-STATUS", "TRANSP", "CATEGORIES") and not (
            line.name.startswith(_NEVER_TOLD)
        ):
            yield line
    yield from _delegate(theirs, mine, my_line if keeps else None)


def _attendees(theirs: Part, mine: Part | None, said: str) -> Iterator[Line]:
    """TRANSP, CATEGORIES and X- lines: the attendee's own, where there are any."""
    names = {line.name for line in theirs.component.lines}
    old = [] if mine is None else mine.component.lines
    keeps_transp = mine is not None and received(mine).transp in (None, said)
    owns_categories = any(line.name == "CATEGORIES" for line in old)
    for name, own in (("TRANSP", keeps_transp), ("CATEGORIES", owns_categories)):
        yield from (line for line in (old if own else theirs.component.lines) if line.name == name)
    for line in old:
        if _is_own(line) and (line.name not in names or line.name.startswith(_NEVER_TOLD)):
            yield line


def _is_own(line: Line) -> bool:
    return line.name[0] == "X" and is_own(line.name) and line.name not in (RECEIVED, REMOVED)


def _answered(theirs: Line, mine: Line) -> Line:
    """The attendee's own line, with the answer that stands, and when it was given."""
    line = theirs
    for name in ("PARTSTAT", "DELEGATED-TO", REPLIED):
        value = parameter(mine, name)
        if value != parameter(line, name):
            line = with_parameter(line, name, *(() if value is None else (value,)))
    return line


def _delegate(theirs: Part, mine: Part | None, my_line: Line | None) -> Iterator[Line]:
    """Whom the attendee delegated to, while the organizer does not know."""
    if mine is None or my_line is None or partstat(my_line) != _DELEGATED:
        return
    delegate = normal(parameter(my_line, "DELEGATED-TO") or "")
    if delegate in mine.attendees and delegate not in theirs.attendees:
        yield mine.attendees[delegate]


def _with_status(theirs: Line, mine: Part | None) -> Line:
    """The ORGANIZER with what became of the last answer (RFC 6638 §7.3)."""
    old = None if mine is None else mine.component.first("ORGANIZER")
    status = None if old is None else parameter(old, "SCHEDULE-STATUS")
    return theirs if status is None else with_parameter(theirs, "SCHEDULE-STATUS", status)


def _with_answer(line: Line) -> Line:
    """One's own ATTENDEE; nobody else's says when it was answered."""
    clean, replied = public(line), replied_at(line)
    return with_parameter(clean, REPLIED, replied) if replied else clean


def _has_progress(part: Part) -> bool:
    """Whether a task says how far the attendee is with it."""
    names = {line.name for line in part.component.lines}
    worked = not names.isdisjoint({"COMPLETED", "PERCENT-COMPLETE"})
    return part.component.name == "VTODO" and worked and not part.is_cancelled


def line_of(part: Part, who: Addresses) -> Line | None:
    """The ATTENDEE that somebody with these addresses is."""
    return next((line for address, line in part.attendees.items() if address in who), None)


def _said(part: Part, name: str) -> str:
    line = part.component.first(name)
    return "" if line is None else line.value.strip().upper()


def _alarms(component: Component) -> list[Component]:
    return [inner for inner in component.components if inner.name == "VALARM"]


def _rules(component: Component) -> set[tuple[str, frozenset[str]]]:
    rules = (line for line in component.lines if line.name in ("RRULE", "EXRULE"))
    return {(line.name, rule_parts(line.value)) for line in rules}


def _rdates(component: Component, zones: Zones) -> set[Key]:
    return {key for line in component.all("RDATE") for key in keys(line, zones)}
