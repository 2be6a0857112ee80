"""What an attendee may change in an object that is the organizer's (RFC 6638 §3.2.2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.errors import ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE, Refused
from caldavd.ical.contentline import Line, parameters
from caldavd.itip.address import Addresses, normal
from caldavd.itip.compare import TIMES, changes
from caldavd.itip.instance import Series, series
from caldavd.itip.snapshot import Key, Meeting, Part

_ALLOWED: Final = frozenset(
    {
        *("TRANSP", "PERCENT-COMPLETE", "COMPLETED"),
        *("CREATED", "DTSTAMP", "LAST-MODIFIED", "SEQUENCE"),
        *("COMMENT", "CATEGORIES", "COLOR", "REQUEST-STATUS"),
    }
)
"""The properties that are an attendee's to change; whatever begins with X- is too."""
_KEPT_BY_ALL: Final = TIMES | {
    *("SUMMARY", "DESCRIPTION", "LOCATION", "STATUS", "RRULE", "RDATE", "EXRULE")
}
"""What every client has a place for: whatever else is gone was not taken away on purpose."""
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of an attendee's object, and what stood there before for that instance."""

    base: Part
    part: Part
    names: frozenset[str]
    """The properties that say something else, as `compare.changes` gives them."""
    dropped: Sequence[Line] = ()
    """The lines that the attendee's client has no place for: they are put back."""


def compared(old: Meeting, new: Meeting, me: Addresses) -> dict[Key | None, Difference]:
    """The parts of the new object by what was there before. Raises Refused."""
    of = series(old.master, old.zones)
    found: dict[Key | None, Difference] = {}
    for key, part in new.parts.items():
        base = _base(old, of, key)
        names = changes(base.component, part.component, old.zones, new.zones)
        dropped = _dropped(names, base, part)
        _check_names(names - {line.name for line in dropped}, new.component)
        found[key] = Difference(base, part, names, dropped)
        _check_people(base, part, me)
        if base.excluded - part.excluded:
            raise forbidden("EXDATE: an instance that was removed comes back from the organizer")
    for key, part in old.parts.items():
        if key not in new.parts:
            _check_removed(old, of, part, new)
    return found


def forbidden(what: str) -> Refused:
    """The refusal of a change that is the organizer's to make."""
    return Refused(
        ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE,
        f"an attendee may not change {what}: ask the organizer",
    )


def own_line(part: Part, me: Addresses) -> Line | None:
    """The ATTENDEE of somebody with these addresses."""
    return next((line for address, line in part.attendees.items() if address in me), None)


def _base(old: Meeting, of: Series | None, key: Key | None) -> Part:
    if key in old.parts:
        return old.parts[key]
    if of is not None and key is not None and key not in of.part.excluded:
        instance = of.instance(key)
        if instance is not None:
            return instance
    raise forbidden("which instances there are")


def _dropped(names: Iterable[str], base: Part, part: Part) -> Sequence[Line]:
    """The lines of properties that are no longer there at all, and that are not one's own."""
    present = {line.name for line in part.component.lines}
    gone = {name for name in names if name not in present and name not in _KEPT_BY_ALL | _ALLOWED}
    return [
        line
        for line in base.component.lines
        if line.name in gone and not line.name.startswith("X-")
    ]


def _check_names(names: Iterable[str], component: str) -> None:
    """STATUS says how far an attendee has come with a task; of an event it is the organizer's."""
    allowed = _ALLOWED | {"STATUS"} if component == "VTODO" else _ALLOWED
    wrong = sorted(name for name in names if name not in allowed and not name.startswith("X-"))
    if wrong:
        raise forbidden(", ".join(name[:40] for name in wrong[:_SHOWN]))


def _check_people(base: Part, part: Part, me: Addresses) -> None:
    """The same attendees, but for those to whom one's own attendance is delegated."""
    if base.attendees.keys() - part.attendees.keys():
        raise forbidden("who else is asked, or leave the meeting by removing an ATTENDEE")
    come = part.attendees.keys() - base.attendees.keys()
    if come - _delegates(part.attendees, me):
        raise forbidden("who else is asked")


def _delegates(attendees: Mapping[str, Line], me: Addresses) -> set[str]:
    """Those who attend in one's own place (RFC 5546 §3.2.2.3)."""
    return {
        normal(address)
        for mine, line in attendees.items()
        if mine in me
        for address in parameters(line).get("DELEGATED-TO", ())
    }


def _check_removed(old: Meeting, of: Series | None, part: Part, new: Meeting) -> None:
    """An override goes with its instance, or if it said nothing that the organizer had said."""
    if part.key is None:
        raise forbidden("the series to some of its instances")
    if new.master is None or part.key in new.master.excluded or part.is_cancelled:
        return
    instance = None if of is None else of.instance(part.key)
    if instance is None:
        raise forbidden("which instances there are")
    names = changes(instance.component, part.component, old.zones, old.zones)
    _check_names(names, new.component)
