"""What two versions of a component say differently, whatever the way in which they say it.

Clients write the same thing in many ways: other folds, orders, zone names, defaults spelled out,
a DURATION for a DTEND. Only what means something else counts here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias

from caldavd.ical.contentline import Component, Line, parameter, parameters, unescape
from caldavd.ical.extent import extent
from caldavd.ical.series import recurs
from caldavd.ical.tznames import key_of
from caldavd.itip.address import normal
from caldavd.itip.snapshot import Key, Zones, key_of_moment, keys

TIMES: Final = frozenset({"DTSTART", "DTEND", "DUE", "DURATION"})
STAMPS: Final = frozenset({"DTSTAMP", "LAST-MODIFIED", "CREATED", "SEQUENCE"})
"""What says of which version a component is."""
_APART: Final = frozenset({"ATTENDEE", "ORGANIZER", "EXDATE", "RECURRENCE-ID", "VALARM"})
"""What is compared by other means, or not at all."""
_DEFAULTS: Final = frozenset(
    {
        ("STATUS", "CONFIRMED"),
        ("CLASS", "PUBLIC"),
        ("PRIORITY", "0"),
        ("TRANSP", "OPAQUE"),
        ("PERCENT-COMPLETE", "0"),
        ("SEQUENCE", "0"),
    }
)
_RULE_DEFAULTS: Final = frozenset({"INTERVAL=1", "WKST=MO"})
_PERSON: Final = ("CUTYPE", "ROLE", "PARTSTAT", "CN", "DELEGATED-TO", "DELEGATED-FROM", "MEMBER")
"""What is said of an attendee; who speaks for whom, and how the server reaches them, is not."""
_PERSON_DEFAULTS: Final = frozenset(
    {
        ("CUTYPE", ("INDIVIDUAL",)),
        ("ROLE", ("REQ-PARTICIPANT",)),
        ("PARTSTAT", ("NEEDS-ACTION",)),
    }
)

_Said: TypeAlias = tuple[str, object]


def changes(old: Component, new: Component, old_zones: Zones, new_zones: Zones) -> frozenset[str]:
    """The names of properties, and of components inside, that say something else, or come or go.

    Not of ATTENDEE, ORGANIZER, EXDATE, RECURRENCE-ID and VALARM.
    """
    before, after = Counter(_lines(old)), Counter(_lines(new))
    gone, come = before - after, after - before
    differ = _unlike(_said_by(gone, old_zones), _said_by(come, new_zones))
    times = {line.name for line in (*gone, *come) if line.name in TIMES}
    if times and when(old, old_zones) != when(new, new_zones):
        differ |= times
    return frozenset(differ | _unlike(_inner(old), _inner(new)))


def when(component: Component, zones: Zones) -> tuple[Key, ...]:
    """The first instance: its start, its end, and the zone in which it recurs.

    Whatever cannot be read is as it stands.
    """
    try:
        dates = extent(component, zones)
        start = dates.start
        end = None if start is None else dates.end_of(start)
    except ValueError:
        return tuple(f"{line.name}:{line.value}" for line in component.lines if line.name in TIMES)
    line = component.first("DTSTART")
    tzid = parameter(line, "TZID") if line is not None and recurs(component) else None
    named = "" if tzid is None else key_of(tzid) or tzid
    return *("" if at is None else key_of_moment(at) for at in (start, end)), named


def person(line: Line) -> frozenset[tuple[str, tuple[str, ...]]]:
    """What is said of an attendee, defaults left out."""
    found = parameters(line)
    said: set[tuple[str, tuple[str, ...]]] = set()
    for name in _PERSON:
        values = found.get(name, ())
        if name in ("CUTYPE", "ROLE", "PARTSTAT"):
            values = tuple(value.upper() for value in values)
        elif name != "CN":
            values = tuple(sorted(map(normal, values)))
        if any(values):
            said.add((name, values))
    return frozenset(said - _PERSON_DEFAULTS)


def same_person(one: Line, other: Line) -> bool:
    """Whether two ATTENDEE lines of one address say the same of them."""
    return one.parameter_text == other.parameter_text or person(one) == person(other)


def partstat(line: Line | None) -> str:
    """What an attendee has said: NEEDS-ACTION unless there is something else."""
    said = None if line is None else parameter(line, "PARTSTAT")
    return (said or "NEEDS-ACTION").upper()


def rule_parts(value: str) -> frozenset[str]:
    """The parts of an RRULE, defaults left out."""
    parts = "".join(value.split()).upper().split(";")
    return frozenset(part for part in parts if part) - _RULE_DEFAULTS


def _lines(component: Component) -> Iterable[Line]:
    return (line for line in component.lines if line.name not in _APART)


def _said_by(lines: Iterable[Line], zones: Zones) -> set[_Said]:
    said: set[_Said] = set()
    for line in lines:
        if line.name not in TIMES:
            said.add((line.name, _READERS.get(line.name, _text)(line, zones)))
    return {one for one in said if one[1] and one not in _DEFAULTS}


def _text(line: Line, _: Zones) -> object:
    return " ".join(unescape(line.value).split())


def _word(line: Line, _: Zones) -> object:
    return line.value.strip().upper()


def _rule(line: Line, _: Zones) -> object:
    return rule_parts(line.value)


def _dates(line: Line, zones: Zones) -> object:
    ends = (value.partition("/")[2].strip() for value in line.value.split(",") if value.strip())
    return frozenset(zip(keys(line, zones), ends, strict=True))


_READERS: Final[dict[str, Callable[[Line, Zones], object]]] = {
    "STATUS": _word,
    "CLASS": _word,
    "TRANSP": _word,
    "RRULE": _rule,
    "EXRULE": _rule,
    "RDATE": _dates,
}


def _inner(component: Component) -> set[_Said]:
    """The components inside, each as one value."""
    return {
        (inner.name, (frozenset(inner.lines), frozenset(_inner(inner))))
        for inner in component.components
        if inner.name not in _APART
    }


def _unlike(one: set[_Said], other: set[_Said]) -> set[str]:
    return {name for name, _ in one ^ other}
