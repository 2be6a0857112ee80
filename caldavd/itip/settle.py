"""An organizer's object as it has to be stored: PARTSTAT and SEQUENCE (RFC 6638 §3.2.5, §3.2.8).

What attendees said is theirs: an organizer's client takes it back by rescheduling alone. It may
have an old copy, so what it sends of others is not refused, but put right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from caldavd.ical.contentline import Line, parameter
from caldavd.itip.address import Addresses
from caldavd.itip.compare import STAMPS, TIMES, changes, partstat, same_person
from caldavd.itip.instance import Series, series
from caldavd.itip.message import force_send, is_own, served
from caldavd.itip.revision import REPLIED
from caldavd.itip.rewrite import amended, unforced
from caldavd.itip.shortened import shortened
from caldavd.itip.snapshot import Key, Meeting, Part, keys, with_parameter

_REVISED: Final = TIMES | {"RRULE", "EXRULE", "RDATE", "STATUS"}
"""What raises the SEQUENCE where it changes; EXDATE does too (RFC 5546 §2.1.4)."""
_REACHED: Final = ("", "1", "2")
"""How a SCHEDULE-STATUS begins of what is on its way, or arrived (RFC 6638 §3.2.9)."""
_UNTOLD: Final = STAMPS | {"TRANSP", "REQUEST-STATUS"}
"""What nobody is told of if it is all that changed."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A part of an organizer's object as it is stored."""

    part: Part
    differs: bool
    """Whether attendees have to be told; of a master, EXDATEs aside."""


@dataclass(frozen=True, slots=True)
class _Versions:
    """What the parts of an object are settled by."""

    old: Meeting
    new: Meeting
    me: Addresses
    asks: bool
    """Whether anybody else has to do with it."""

    def least(self, key: Key | None) -> int:
        """What the SEQUENCE of a part has to be, as other parts were what they were.

        What comes anew may have been there, and been taken back, before. What goes leaves its
        SEQUENCE to the series, or to the first of its instances.
        """
        old, new = self.old.parts, self.new.parts
        least = self.old.sequence if key not in old else 0
        if key is not None and (None in new or key != next(iter(new))):
            return least
        gone = (part.sequence + 1 for other, part in old.items() if other not in new)
        again = old[None].sequence + 1 if None in old and self._comes_back() else 0
        return max(least, again, *gone)

    def _comes_back(self) -> bool:
        """Whether a changed instance takes place again, for all or for somebody.

        Attendees know it as one that the series does not have.
        """
        old = self.old.parts
        return any(
            key is not None
            and key in old
            and (
                bool(part.attendees.keys() - old[key].attendees.keys())
                or (old[key].is_cancelled and not part.is_cancelled)
            )
            for key, part in self.new.parts.items()
        )


def settle(old: Meeting | None, new: Meeting, me: Addresses) -> dict[Key | None, Settled]:
    """The parts of the new object as they are stored, in their order."""
    if old is None:
        return {
            key: Settled(amended(part, _lines(None, part, True, me), part.sequence), True)
            for key, part in new.parts.items()
        }
    versions = _Versions(old, new, me, _asks_others(old, me) or _asks_others(new, me))
    of = series(old.master, old.zones)
    return {key: _settle(_base(old, of, key), part, versions) for key, part in new.parts.items()}


def _settle(base: Part | None, part: Part, of: _Versions) -> Settled:
    if base is None:
        number = max(part.sequence, of.least(part.key)) if of.asks else part.sequence
        return Settled(amended(part, _lines(None, part, True, of.me), number), True)
    names = changes(base.component, part.component, of.old.zones, of.new.zones)
    reset = _rescheduled(base, part, names, of)
    found = amended(part, _lines(base, part, reset, of.me), _sequence(base, part, names, of))
    differs = bool(
        {name for name in names if name not in _UNTOLD and not is_own(name)}
        or _others_differ(base, found)
        or (part.sequence > base.sequence and _is_same(base, part, names))
    )
    return Settled(found, differs)


def _base(old: Meeting, of: Series | None, key: Key | None) -> Part | None:
    """What stood there before for an instance: its own component, or that of the series."""
    if key in old.parts:
        return old.parts[key]
    return None if of is None or key is None else of.instance(key)


def _lines(base: Part | None, part: Part, reset: bool, me: Addresses) -> Mapping[Line, Line]:
    """The lines of people that are stored in another way than they were sent."""
    known: Mapping[str, Line] = {} if base is None else base.attendees
    found: dict[Line, Line] = {}
    for address, line in part.attendees.items():
        before = known.get(address)
        if address in me:
            found[line] = unforced(line)
        elif reset or before != line:
            answered = None if reset or not served(before) else before
            kept = _answer_kept(_with_status(line, before), answered)
            found[line] = _remembering(kept, before)
    organizer = part.component.first("ORGANIZER")
    if organizer is not None:
        found[organizer] = unforced(organizer)
    return found


def _is_out_of_reach(line: Line | None) -> bool:
    """Whether the invitation did not get through: then the organizer says what was answered."""
    told = None if line is None else parameter(line, "SCHEDULE-STATUS")
    return told is not None and told.strip()[:1] not in _REACHED


def _with_status(line: Line, before: Line | None) -> Line:
    """The ATTENDEE with the SCHEDULE-STATUS that the server wrote, whatever a client makes of it.

    Where a client schedules, it is the client's (RFC 6638 §7.3).
    """
    known = None if before is None else parameter(before, "SCHEDULE-STATUS")
    if not served(line) or parameter(line, "SCHEDULE-STATUS") == known:
        return line
    return with_parameter(line, "SCHEDULE-STATUS", *([] if known is None else [known]))


def _answer_kept(line: Line, before: Line | None) -> Line:
    """The ATTENDEE with what was answered before; nothing was if that is None."""
    if _is_out_of_reach(before):
        return unforced(line)
    sent, answer = partstat(line), partstat(before)
    asked_again = sent == "NEEDS-ACTION" and force_send(line) == "REQUEST"
    kept = unforced(line)
    if sent == answer or asked_again or not served(line):
        return kept
    return with_parameter(kept, "PARTSTAT", answer)


def _remembering(line: Line, before: Line | None) -> Line:
    """The ATTENDEE with what the server knows of the last answer, which clients may lose."""
    known = None if before is None else parameter(before, REPLIED)
    if parameter(line, REPLIED) == known:
        return line
    return with_parameter(line, REPLIED, *([] if known is None else [known]))


def _rescheduled(base: Part, part: Part, names: frozenset[str], of: _Versions) -> bool:
    """Whether any instance is at another time now, or there again, or new (RFC 6638 §3.2.8)."""
    if names & TIMES or "EXRULE" in names or base.excluded - part.excluded:
        return True
    if base.is_cancelled and not part.is_cancelled:
        return True
    if "RRULE" in names and not shortened(base.component, part.component, of.old.zones):
        return True
    return "RDATE" in names and not _rdates(part, of.new) <= _rdates(base, of.old)


def _rdates(part: Part, of: Meeting) -> frozenset[Key]:
    return frozenset(key for line in part.component.all("RDATE") for key in keys(line, of.zones))


def _sequence(base: Part, part: Part, names: frozenset[str], of: _Versions) -> int:
    """The SEQUENCE of a part: higher than before if it has to be (RFC 5546 §2.1.4)."""
    if not of.asks:
        return part.sequence
    removed = _removed(base, part, of.me)
    ended = removed or (part.is_cancelled and not base.is_cancelled)
    if ended and part.key is None:
        return max(part.sequence, of.old.sequence + 1, of.least(None))
    revised = removed or names & _REVISED or base.excluded != part.excluded
    return max(part.sequence, base.sequence + (1 if revised else 0), of.least(part.key))


def _asks_others(of: Meeting, me: Addresses) -> bool:
    return any(
        served(line)
        for part in of.parts.values()
        for address, line in part.attendees.items()
        if address not in me
    )


def _removed(base: Part, part: Part, me: Addresses) -> bool:
    """Whether somebody is no longer asked to a part, and has to be told."""
    return not base.is_cancelled and any(
        address not in me
        and served(line)
        and (address not in part.attendees or not served(part.attendees[address]))
        for address, line in base.attendees.items()
    )


def _others_differ(base: Part, part: Part) -> bool:
    """Whether others are asked, or something else is said of them."""
    return base.attendees.keys() != part.attendees.keys() or not all(
        same_person(base.attendees[address], line) for address, line in part.attendees.items()
    )


def _is_same(base: Part, part: Part, names: frozenset[str]) -> bool:
    """Whether nothing was changed but the SEQUENCE: the organizer wants it to be a revision."""
    return names <= _UNTOLD and base.excluded == part.excluded
