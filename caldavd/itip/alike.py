"""Which recipients of a message are alike, so that what becomes of it is worked out once for them.

Of the hundreds who are asked to a large meeting, most have the same object and have said nothing.
A REQUEST or CANCEL then comes to the same for each: what it does depends on who receives it only
by which instances that is asked to, and by what stands in the own ATTENDEE besides the name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

from caldavd.ical.contentline import parameters
from caldavd.itip.address import Addresses
from caldavd.itip.revision import REPLIED
from caldavd.itip.snapshot import Meeting

_METHODS: Final = frozenset({"REQUEST", "CANCEL"})
_OF_ONE: Final = frozenset({"DELEGATED-TO", "DELEGATED-FROM", REPLIED})
"""What an answer leaves in an ATTENDEE: whose has it, is like nobody."""

Likeness: TypeAlias = tuple[tuple[str, ...] | None, ...]


def likeness(message: Meeting, stored: Meeting | None, me: Addresses) -> Likeness | None:
    """Equal for recipients to whom a message comes to the same, if their objects have equal texts.

    None for whoever is not known to be like anybody: who organizes it, or has answered.
    """
    meetings = (message,) if stored is None else (message, stored)
    if message.method not in _METHODS or any(not me.isdisjoint(of.organizers) for of in meetings):
        return None
    found = list(_standings(meetings, me))
    said = {standing for standing in found if standing is not None}
    return None if len(said) != 1 or () in said else tuple(found)


def _standings(meetings: tuple[Meeting, ...], me: Addresses) -> Iterator[tuple[str, ...] | None]:
    """For each component, the PARTSTAT of somebody; None: not asked to it; empty: says more."""
    for meeting in meetings:
        for part in meeting.parts.values():
            mine = [part.attendees[who] for who in me if who in part.attendees]
            if not mine:
                yield None
                continue
            found = parameters(mine[0])
            alone = len(mine) == 1 and _OF_ONE.isdisjoint(found)
            yield ("PARTSTAT", *found.get("PARTSTAT", ())) if alone else ()
