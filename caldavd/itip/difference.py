"""What a message changed in an object, as CS:schedule-changes tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from caldavd.ical.contentline import Line, parameters
from caldavd.itip.address import Addresses
from caldavd.itip.compare import STAMPS, changes, partstat
from caldavd.itip.outcome import Changed
from caldavd.itip.own import Version
from caldavd.itip.revision import OURS, REPLIED

_ANSWER: Final = frozenset({"PARTSTAT", "DELEGATED-TO", "DELEGATED-FROM", "RSVP"})
_SERVERS: Final = frozenset({"SCHEDULE-STATUS", REPLIED})


@dataclass(frozen=True, slots=True)
class Difference:
    """What one component says differently."""

    changed: tuple[Changed, ...]
    only_answers: bool
    """Whether only others' answers are new: an inconsequential change (RFC 6638 §3.2.10)."""


def difference(old: Version, new: Version, me: Addresses) -> Difference:
    """What a component says that it did not, stamps and the server's own notes aside."""
    names = {
        name
        for name in changes(old.part.component, new.part.component, old.zones, new.zones)
        if name not in STAMPS and not name.startswith(OURS)
    }
    if old.part.excluded != new.part.excluded:
        names.add("EXDATE")
    people = _people(old, new)
    if people is not None:
        names.add("ATTENDEE")
    only_answers = names <= {"ATTENDEE"} and _only_others_answered(old, new, me)
    found = tuple(
        Changed(name, tuple(sorted(people or ())) if name == "ATTENDEE" else ())
        for name in sorted(names)
    )
    return Difference(found, only_answers)


def _people(old: Version, new: Version) -> set[str] | None:
    """The parameters that changed on ATTENDEEs; None if nothing at all changed there."""
    if old.part.attendees == new.part.attendees:
        return None
    differing = old.part.attendees.keys() ^ new.part.attendees.keys()
    names = {name for one, other in _pairs(old, new) for name in _parameters(one, other)}
    return names if names or differing else None


def _only_others_answered(old: Version, new: Version, me: Addresses) -> bool:
    if old.part.attendees.keys() != new.part.attendees.keys():
        return False
    for one, other in _pairs(old, new):
        if not _parameters(one, other) <= _ANSWER:
            return False
    mine = (who for who in old.part.attendees if who in me)
    return all(
        partstat(old.part.attendees[who]) == partstat(new.part.attendees[who]) for who in mine
    )


def _pairs(old: Version, new: Version) -> Iterator[tuple[Line, Line]]:
    for who, line in old.part.attendees.items():
        other = new.part.attendees.get(who)
        if other is not None and other != line:
            yield line, other


# The same answers are new to everybody who is asked to a large meeting.
@lru_cache(maxsize=4096)
def _parameters(one: Line, other: Line) -> frozenset[str]:
    before, after = parameters(one), parameters(other)
    both = before.keys() | after.keys()
    return frozenset(name for name in both if before.get(name) != after.get(name)) - _SERVERS
