"""Who is asked to what of a meeting, and what each may see of it (RFC 6638 §3.2.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from caldavd.ical.contentline import Line
from caldavd.itip.address import Addresses
from caldavd.itip.message import force_send, served
from caldavd.itip.snapshot import Key, Part

Parts: TypeAlias = Mapping[Key | None, Part]
Asked: TypeAlias = frozenset[Key | None]
"""The parts of a meeting that somebody is asked to; None stands for the master."""
NOTHING: Asked = frozenset()


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an attendee is asked to by the server."""

    asked: Asked
    forced: bool
    """Whether SCHEDULE-FORCE-SEND=REQUEST stands there."""


NOT_INVITED = Invitation(NOTHING, False)


def invitations(parts: Parts, me: Addresses) -> dict[str, Invitation]:
    """Everybody else who is asked to something that takes place, in the order of the text.

    Whom the client, or nobody, tells of it is not among them (RFC 6638 §7.1).
    """
    excluded = parts[None].excluded if None in parts else frozenset[Key]()
    keys: dict[str, list[Key | None]] = {}
    lines: dict[str, list[Line]] = {}
    for key, part in parts.items():
        if part.is_cancelled or key in excluded:
            continue
        for address, line in part.attendees.items():
            if address not in me:
                keys.setdefault(address, []).append(key)
                lines.setdefault(address, []).append(line)
    same: dict[tuple[Key | None, ...], Asked] = {}
    return {
        address: Invitation(_shared(same, found), _is_forced(lines[address]))
        for address, found in keys.items()
        if all(served(line) for line in lines[address])
    }


def hidden(parts: Parts, asked: Asked) -> Iterable[Part]:
    """The overrides that somebody who is asked to the master is not asked to, in order.

    Not those that an EXDATE takes away from everybody.
    """
    known = asked | {None} | (parts[None].excluded if None in parts else NOTHING)
    return (part for key, part in parts.items() if key not in known)


def _shared(same: dict[tuple[Key | None, ...], Asked], keys: list[Key | None]) -> Asked:
    """One set for all who are asked to the same."""
    found = tuple(keys)
    if found not in same:
        same[found] = frozenset(found)
    return same[found]


def _is_forced(lines: Iterable[Line]) -> bool:
    return any(force_send(line) == "REQUEST" for line in lines)
