"""How a room or a resource answers whoever asks for it: by its terms, and when it is free."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import Final

from caldavd.ical import parse
from caldavd.ical.contentline import Component, Line
from caldavd.ical.freebusy import merged
from caldavd.ical.hours import Hours
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import Instance, TooMany, iterate
from caldavd.ical.values import DAY_S, Temporal
from caldavd.ical.write import escape, write
from caldavd.itip.address import Addresses
from caldavd.itip.compare import partstat
from caldavd.itip.instance import series
from caldavd.itip.occurrence import Instances
from caldavd.itip.own import Version, line_of, moved
from caldavd.itip.reason import Reason, Why, told
from caldavd.itip.snapshot import Key, Meeting, Part, key_of_moment, meeting, with_parameter
from caldavd.languages.phrases import Language
from caldavd.model import Window

ACCEPTED: Final = "ACCEPTED"
DECLINED: Final = "DECLINED"
NEEDS_ACTION: Final = "NEEDS-ACTION"
LOOK_AHEAD_DAYS: Final = 730
"""Instances of a series are checked so far ahead, or as far as the room can be booked."""
MAX_INSTANCES: Final = 1_500
"""A series with more of them within that time is declined."""
MAX_LOOKED: Final = 10_000
"""Instances that are gone through, wanted or not: an endless series may have none of those."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What can be booked. 0 stands for no bound."""

    automatic: bool = True
    ahead_days: int = 0
    """How long before it begins."""
    longest_s: int = 0
    conflicts_percent: int = 0
    """How many of the instances of a series may be declined without declining all of them."""
    hours: tuple[Hours, ...] = ()
    """When it is open; none: always, or it cannot be told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An instance that the room is asked for, in epoch seconds, half-open."""

    key: Key | None
    starts: int
    ends: int
    when: Temporal | None = None
    """Its start, as the organizer wrote it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the room answers, why, and the instances that it declines all the same."""

    partstat: str
    reason: Reason | None = None
    declined: frozenset[Key | None] = field(default=frozenset())


def decide(
    terms: Terms,
    may_book: bool,
    busy: Sequence[tuple[int, int]],
    asked: Sequence[Asked],
    now: int,
    closed: Sequence[tuple[int, int]] = (),
) -> Decision:
    """The answer to a request for instances, in order of their start.

    `busy` is when the room is taken, this meeting apart, and `closed` when it cannot be had at all:
    half-open, in whichever order.
    """
    if not terms.automatic:
        return Decision(NEEDS_ACTION)
    refused = _refused(terms, may_book, asked, now)
    if refused is not None:
        return Decision(DECLINED, refused)
    taken = conflicts(busy, asked)
    known = set(taken)
    shut = [one for one in conflicts(closed, asked) if one not in known]
    if not taken and not shut:
        return Decision(ACCEPTED)
    reason = Reason(
        Why.OCCUPIED,
        taken=tuple(_begin(one) for one in taken),
        shut=tuple(_begin(one) for one in shut),
        hours=terms.hours if shut else (),
    )
    taken += shut
    if len(taken) < len(asked) and 100 * len(taken) <= terms.conflicts_percent * len(asked):
        return Decision(ACCEPTED, reason, frozenset(one.key for one in taken))
    return Decision(DECLINED, reason)


def conflicts(busy: Sequence[tuple[int, int]], asked: Sequence[Asked]) -> list[Asked]:
    """The instances that overlap a busy period."""
    periods = merged(busy)
    ends = [period[1] for period in periods]
    found = []
    for one in asked:
        place = bisect_right(ends, one.starts)
        if place < len(periods) and periods[place][0] < one.ends:
            found.append(one)
    return found


def pending(of: Meeting, me: Addresses) -> dict[Key | None, Part]:
    """The parts of an object that somebody is asked to and has not answered."""
    return {
        key: part
        for key, part in of.parts.items()
        if (line := line_of(part, me)) is not None
        and partstat(line) == NEEDS_ACTION
        and not part.is_cancelled
    }


def unanswered(document: Document, before: Document | None, me: Addresses) -> Document:
    """An object in which the room says nothing that it has not said about these times.

    An organizer may write any PARTSTAT into a request. That it was declined takes nothing.
    """
    of, old = meeting(document), None if before is None else meeting(before)
    instead = {
        id(part.component): _unsaid(part, me)
        for part in of.parts.values()
        if partstat(line_of(part, me)) not in (NEEDS_ACTION, DECLINED)
        and not part.is_cancelled
        and not _was_said(part, of, old, me)
    }
    if not instead:
        return document
    inner = [instead.get(id(one), one) for one in document.calendar.components]
    return parse.stored(write([Component("VCALENDAR", document.calendar.lines, inner)]))


def asked_of(
    document: Document,
    parts: Mapping[Key | None, Part],
    ahead_days: int,
    floating: tzinfo,
    now: int,
) -> list[Asked]:
    """The instances of these parts that are not over, by their start.

    Those that the room can be booked for; if there are none, the first one after that, if it is
    not too far away. Raises TooMany where there are too many, ValueError where a value is not
    what RFC 5545 allows.
    """
    wanted = {id(part.component) for part in parts.values()}
    at = datetime.fromtimestamp(now, UTC)
    until = at + timedelta(days=max(ahead_days, LOOK_AHEAD_DAYS))
    within = islice(_of(document, Window(at, until), floating, wanted), MAX_INSTANCES + 1)
    found = list(within)
    try:
        found = found or list(islice(_of(document, Window(at, None), floating, wanted), 1))
    except TooMany:
        found = []
    if len(found) > MAX_INSTANCES:
        raise TooMany(f"more than {MAX_INSTANCES} instances are to be checked")
    return sorted(found, key=lambda one: one.starts)


def answered(
    document: Document,
    parts: Mapping[Key | None, Part],
    me: Addresses,
    decision: Decision,
    language: Language,
) -> Document:
    """The room's object with its answer in these parts, as whoever manages it would put it."""
    of, said = meeting(document), decision.reason
    reason = "" if said is None else told(said, language)
    made: dict[int, Component] = {}
    for key, part in parts.items():
        says = DECLINED if key in decision.declined else decision.partstat
        # What says why stands once, beside what it is about.
        comment = reason if key is None or None not in parts else ""
        made[id(part.component)] = _with_answer(part, me, says, comment)
    inner = [made.get(id(one), one) for one in document.calendar.components]
    inner += _overrides(of, me, decision.declined - of.parts.keys())
    return parse.stored(write([Component("VCALENDAR", document.calendar.lines, inner)]))


def _was_said(part: Part, of: Meeting, old: Meeting | None, me: Addresses) -> bool:
    """Whether the answer in a part is one that was given to all that it is about now."""
    was = None
    if old is not None:
        was = old.parts.get(part.key) or (part.key and Instances(old).find(part.key))
    if old is None or not was or was.is_cancelled or was.excluded - part.excluded:
        return False
    if part.key is None and old.parts.keys() - of.parts.keys():
        return False
    same = partstat(line_of(was, me)) == partstat(line_of(part, me))
    return same and not moved(Version(part, of.zones), Version(was, old.zones))


def _unsaid(part: Part, me: Addresses) -> Component:
    mine = line_of(part, me)
    lines = [
        with_parameter(line, "PARTSTAT", NEEDS_ACTION) if line is mine else line
        for line in part.component.lines
    ]
    return Component(part.component.name, lines, part.component.components)


def _of(
    document: Document, window: Window, floating: tzinfo, wanted: Collection[int]
) -> Iterator[Asked]:
    for number, one in enumerate(iterate(document, window, floating)):
        if number >= MAX_LOOKED:
            raise TooMany(f"more than {MAX_LOOKED} instances are to be gone through")
        if id(one.component) in wanted:
            yield Asked(_key(one), one.starts, one.ends, one.start)


def _key(of: Instance) -> Key | None:
    return None if of.recurrence_id is None else key_of_moment(of.recurrence_id)


def _refused(terms: Terms, may_book: bool, asked: Sequence[Asked], now: int) -> Reason | None:
    """Why the terms forbid it, whoever else is there or not; None if they do not."""
    if not may_book:
        return Reason(Why.BOOKERS)
    if not asked:
        return Reason(Why.OVER)
    if terms.ahead_days and asked[0].starts > now + terms.ahead_days * DAY_S:
        return Reason(Why.AHEAD, terms.ahead_days)
    if terms.longest_s and any(one.ends - one.starts > terms.longest_s for one in asked):
        return Reason(Why.LONGEST, terms.longest_s)
    return None


def _begin(of: Asked) -> Temporal:
    return datetime.fromtimestamp(of.starts, UTC) if of.when is None else of.when


def _with_answer(part: Part, me: Addresses, says: str, comment: str) -> Component:
    """A component with an answer. What is accepted takes the room, be it transparent to others."""
    mine = line_of(part, me)
    lines = [
        with_parameter(line, "PARTSTAT", says) if line is mine else line
        for line in part.component.lines
        if line.name != "TRANSP" or says != ACCEPTED
    ]
    if comment:
        lines.append(Line("COMMENT", "", escape(comment)))
    return Component(part.component.name, lines, part.component.components)


def _overrides(of: Meeting, me: Addresses, keys: Collection[Key | None]) -> list[Component]:
    """The instances of a series that are declined, each with an override of its own."""
    found = series(of.master, of.zones)
    parts = [found.instance(key) for key in sorted(filter(None, keys))] if found else []
    return [_with_answer(part, me, DECLINED, "") for part in parts if part is not None]
