"""What others may see of an object (RFC 5545 §3.8.1.3): how closed it is, and its busy block."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from caldavd.ical.combine import PRODUCT
from caldavd.ical.contentline import Component, Line, parameters, read
from caldavd.ical.parse import Document
from caldavd.ical.timezone import zone_from_id
from caldavd.ical.write import parameter_text, write
from caldavd.model import Access

SUMMARY: Final = Line("SUMMARY", "", "Busy")

_ACCESS: Final[Mapping[str, Access]] = MappingProxyType({one.name: one for one in Access})

_TIME: Final = r"\d{8}(?:T\d{6}Z?)?"
_DURATION: Final = r"[+-]?P[\dWDTHMS]{1,40}"
_PERIOD: Final = rf"{_TIME}/(?:{_TIME}|{_DURATION})"
_DAYS: Final = r"(?:MO|TU|WE|TH|FR|SA|SU)"
_NUMBERS: Final = r"[+-]?\d{1,9}(?:,[+-]?\d{1,9})*"


def _any(*words: str) -> str:
    return "|".join(words)


_STATES: Final = _any(
    *("TENTATIVE", "CONFIRMED", "CANCELLED", "NEEDS-ACTION"),
    *("COMPLETED", "IN-PROCESS", "DRAFT", "FINAL"),
)
_LINES: Final = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in (
        ("DTSTAMP", _TIME),
        ("DTSTART", _TIME),
        ("DTEND", _TIME),
        ("DUE", _TIME),
        ("DURATION", _DURATION),
        ("RECURRENCE-ID", _TIME),
        ("EXDATE", rf"{_TIME}(?:,{_TIME})*"),
        ("RDATE", rf"(?:{_PERIOD}|{_TIME})(?:,(?:{_PERIOD}|{_TIME}))*"),
        ("FREEBUSY", rf"{_PERIOD}(?:,{_PERIOD})*"),
        ("STATUS", _STATES),
        ("TRANSP", _any("OPAQUE", "TRANSPARENT")),
        ("TZOFFSETFROM", r"[+-]\d{4}(?:\d\d)?"),
        ("TZOFFSETTO", r"[+-]\d{4}(?:\d\d)?"),
    )
}
"""The properties that are kept, and what their values are. What is written otherwise is dropped."""
_PARTS: Final = {
    name: re.compile(pattern, re.ASCII)
    for name, pattern in (
        ("FREQ", _any("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")),
        ("UNTIL", _TIME),
        ("COUNT", r"\d{1,9}"),
        ("INTERVAL", r"\d{1,9}"),
        ("BYDAY", rf"[+-]?\d{{0,2}}{_DAYS}(?:,[+-]?\d{{0,2}}{_DAYS})*"),
        ("WKST", _DAYS),
        *(
            (name, _NUMBERS)
            for name in (
                *("BYSECOND", "BYMINUTE", "BYHOUR", "BYMONTHDAY"),
                *("BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"),
            )
        ),
    )
}
"""The parts of a rule; others mean nothing to an instance."""
_RULES: Final = frozenset({"RRULE", "EXRULE"})
_VALUE: Final = re.compile(_any("DATE", "DATE-TIME", "PERIOD"))
_ZONED: Final = {"VALUE": _VALUE, "TZID": re.compile(".+")}
_PARAMETERS: Final = {
    **dict.fromkeys(("DTSTART", "DTEND", "DUE", "EXDATE", "RDATE"), _ZONED),
    "RECURRENCE-ID": {**_ZONED, "RANGE": re.compile("THISANDFUTURE")},
    "FREEBUSY": {
        "VALUE": _VALUE,
        "FBTYPE": re.compile(_any("FREE", "BUSY", "BUSY-UNAVAILABLE", "BUSY-TENTATIVE")),
    },
}
_ZONE_RULES: Final = frozenset({"STANDARD", "DAYLIGHT"})
_BLOCKS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"})
_OF_ZONES: Final = frozenset({"DTSTART", "RDATE", "RRULE", "TZOFFSETFROM", "TZOFFSETTO"})
_OF_OTHERS: Final = (_LINES.keys() | _RULES) - {"TZOFFSETFROM", "TZOFFSETTO", "FREEBUSY"}
_OF_FREE_BUSY: Final = frozenset({"DTSTAMP", "DTSTART", "DTEND", "FREEBUSY"})


def access_of(document: Document) -> Access:
    """How closed an object is."""
    return access(document.components)


def access(components: Iterable[Component]) -> Access:
    """How closed components are together: as closed as the most closed of them.

    A CLASS that nobody knows is PRIVATE.
    """
    return max(
        (
            _ACCESS.get(line.value.strip().upper(), Access.PRIVATE)
            for component in components
            for line in component.all("CLASS")
        ),
        default=Access.PUBLIC,
    )


def masked(text: str, *, closed: bool = True) -> str:
    """An object's text as a busy block: when it is, and nothing of what it is.

    `closed`: whether it tells its CLASS; where all are busy blocks, it is to tell none apart.

    What is kept is listed here, down to the values: whatever else the text holds is gone.
    """
    parts = [part for calendar in read(text) for part in calendar.components]
    head = [Line("VERSION", "", "2.0"), Line("PRODID", "", PRODUCT)]
    return write([Component("VCALENDAR", head, busy_blocks(parts, closed=closed))])


def busy_blocks(parts: Sequence[Component], *, closed: bool = True) -> list[Component]:
    """The components of an object as busy blocks, with those of its time zones that they need."""
    blocks = [_block(part, closed) for part in parts if part.name in _BLOCKS]
    used = {
        tzid
        for block in blocks
        for line in block.lines
        for tzid in parameters(line).get("TZID", ())
    }
    zones = [_zone(part) for part in parts if part.name == "VTIMEZONE" and _tzid(part) in used]
    unknown = {tzid for tzid in used - set(map(_tzid, zones)) if zone_from_id(tzid) is None}
    for block in blocks if unknown else ():
        block.lines = [_without_zone(line, unknown) for line in block.lines]
    return [*zones, *blocks]


def _without_zone(line: Line, unknown: Collection[str]) -> Line:
    """A line without a TZID of these: what names no zone is a text that somebody wrote."""
    found = parameters(line)
    if found.get("TZID", ("",))[0] not in unknown:
        return line
    left = (parameter_text(name, *values) for name, values in found.items() if name != "TZID")
    return line._replace(parameter_text="".join(left))


def _block(component: Component, closed: bool) -> Component:
    uid = [Line("UID", "", line.value) for line in component.all("UID")]
    if component.name == "VFREEBUSY":
        return Component(component.name, [*uid, *_kept(component, _OF_FREE_BUSY)])
    lines = [*uid, *_kept(component, _OF_OTHERS), SUMMARY]
    if closed and component.first("CLASS") is not None:
        lines.append(Line("CLASS", "", access([component]).name))
    return Component(component.name, lines)


def _zone(zone: Component) -> Component:
    rules = [
        Component(rule.name, list(_kept(rule, _OF_ZONES)))
        for rule in zone.components
        if rule.name in _ZONE_RULES
    ]
    return Component(zone.name, [Line("TZID", "", _tzid(zone))], rules)


def _tzid(zone: Component) -> str:
    line = zone.first("TZID")
    return "" if line is None else line.value


def _kept(component: Component, names: Iterable[str]) -> Iterator[Line]:
    """The lines of these names, as far as they say what such a line can say."""
    for line in component.lines:
        if line.name not in names:
            continue
        value = "".join(line.value.split()).upper()
        if line.name in _RULES:
            value = _rule(value)
        elif _LINES[line.name].fullmatch(value) is None:
            value = ""
        if value:
            yield Line(line.name, _parameters(line), value)


def _rule(value: str) -> str:
    """A rule's known parts; nothing if one of them says what it cannot."""
    parts = [part.partition("=") for part in value.split(";") if part]
    known = [(name, said) for name, _, said in parts if name in _PARTS]
    if any(_PARTS[name].fullmatch(said) is None for name, said in known):
        return ""
    return ";".join(f"{name}={said}" for name, said in known)


def _parameters(line: Line) -> str:
    fit = _PARAMETERS.get(line.name)
    if not line.parameter_text or fit is None:
        return ""
    found = parameters(line)
    return "".join(
        parameter_text(name, found[name][0] if name == "TZID" else found[name][0].upper())
        for name, pattern in fit.items()
        if name in found and pattern.fullmatch(found[name][0].upper())
    )
