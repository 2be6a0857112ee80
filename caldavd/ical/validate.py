"""What a calendar object must hold to be stored: values, counts, bounds (RFC 4791 §5.3.2.1).

Rules are judged by their parts, never expanded; every check is linear in the text.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from caldavd.errors import (
    MAX_ATTENDEES,
    MAX_DATE_TIME,
    MAX_INSTANCES,
    MIN_DATE_TIME,
    VALID_CALENDAR_DATA,
    Refused,
)
from caldavd.ical import value
from caldavd.ical.contentline import Component, Line, Malformed, parameter

MAX_RULES: Final = 10
"""RRULEs and EXRULEs of one component; RFC 5545 wants at most one."""

EARLIEST: Final = "00010102"
LATEST: Final = "99991230"
"""The first and the last date of an event: a day inside what a datetime can hold in any zone."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one calendar object may hold."""

    max_bytes: int = 10 * 1024 * 1024
    max_attendees: int = 5_000
    """ATTENDEEs of one instance."""
    max_instances: int = 10_000
    """COUNT of a rule, its instances up to UNTIL if they are dense, RDATEs and EXDATEs together,
    overrides. An endless rule is not counted."""
    max_per_day: int = 100
    """Instances a day of an endless rule: above every half hour, below every minute."""


DEFAULT: Final = Limits()


def check(components: Collection[Component], zones: Collection[Component], limits: Limits) -> None:
    """Refuse what the components of an object, or its time zones, may not hold."""
    if len(components) > limits.max_instances:
        raise Refused(
            MAX_INSTANCES,
            f"{len(components)} components in one object, more than {limits.max_instances}: "
            "split the series",
        )
    for component in components:
        _check_required(component)
        _check_component(component, limits)
        _check_dates(component)
    for zone in zones:
        _check_component(zone, limits)


def _check_component(component: Component, limits: Limits) -> None:
    """Values and counts of a component and of those inside it."""
    names = [line.name for line in component.lines]
    if len(set(names)) != len(names):
        _check_counts(component, names, limits)
    for line in component.lines:
        check_line = _CHECKS.get(line.name)
        if check_line is None:
            continue
        try:
            check_line(component, line, limits)
        except Malformed as fault:
            raise _refused(component, f"{line.name} {fault}") from None
    for inner in component.components:
        _check_component(inner, limits)


def _check_counts(component: Component, names: list[str], limits: Limits) -> None:
    """What may be there only once, and what only so often. Called when any name is repeated."""
    for name in _ONCE:
        if names.count(name) > 1:
            raise _refused(component, f"{name} stands there {names.count(name)} times: keep one")
    rules = names.count("RRULE") + names.count("EXRULE")
    if rules > MAX_RULES:
        raise _refused(component, f"{rules} recurrence rules, more than {MAX_RULES}")
    attendees = names.count("ATTENDEE")
    if attendees > limits.max_attendees:
        raise Refused(
            MAX_ATTENDEES,
            f"{attendees} attendees, more than {limits.max_attendees}: invite a group instead",
        )
    _check_date_count(component, limits)


def _check_date_count(component: Component, limits: Limits) -> None:
    dates = sum(
        line.value.count(",") + 1 for line in component.lines if line.name in ("RDATE", "EXDATE")
    )
    if dates > limits.max_instances:
        raise Refused(
            MAX_INSTANCES,
            f"{dates} dates in RDATE and EXDATE, more than {limits.max_instances}: "
            "split the series",
        )


def _check_required(component: Component) -> None:
    """DTSTART in a VEVENT and in whatever recurs (RFC 5545 §3.6.1, §3.8.5.3)."""
    if component.first("DTSTART") is not None:
        return
    if component.name == "VEVENT":
        raise _refused(component, "DTSTART is missing: say when the event starts")
    if component.first("RRULE") is not None or component.first("RDATE") is not None:
        raise _refused(component, "it recurs without a DTSTART: say when it first happens")


def _check_dates(component: Component) -> None:
    """The dates of a component that is no VTIMEZONE: they can be computed with in any zone."""
    for line in component.lines:
        if line.name not in _PLACED:
            continue
        day = line.value[:8]
        if day < EARLIEST:
            raise Refused(MIN_DATE_TIME, f"{line.name} is before {EARLIEST}: use a later date")
        if day > LATEST:
            raise Refused(MAX_DATE_TIME, f"{line.name} is after {LATEST}: use an earlier date")
    length = component.first("DURATION")
    start = component.first("DTSTART")
    if start is None or length is None:
        return
    try:
        value.moment(start.value) + value.duration(length.value)
    except OverflowError:
        raise Refused(
            MAX_DATE_TIME, "DTSTART plus DURATION leaves the calendar: shorten it"
        ) from None


def _check_moment(_: Component, line: Line, __: Limits) -> None:
    _check_type(line, line.value)
    value.moment(line.value)


def _check_moments(component: Component, line: Line, limits: Limits) -> None:
    """RDATE or EXDATE: one value or several; RDATE also periods."""
    _check_date_count_of(line, component, limits)
    for text in line.value.split(","):
        _check_type(line, text)
        if "/" in text and line.name == "RDATE":
            value.period(text)
        else:
            value.moment(text)


def _check_date_count_of(line: Line, component: Component, limits: Limits) -> None:
    if line.value.count(",") >= limits.max_instances:
        _check_date_count(component, limits)


def _check_type(line: Line, text: str) -> None:
    """A VALUE parameter that contradicts the value; a missing VALUE=DATE is tolerated."""
    if not line.parameter_text:
        return
    declared = (parameter(line, "VALUE") or "").upper()
    if (declared == "DATE" and len(text) != 8) or (declared == "DATE-TIME" and len(text) == 8):
        raise Malformed(f"is declared VALUE={declared}, but is none")


def _check_created(component: Component, line: Line, limits: Limits) -> None:
    """CREATED decides about tasks only; elsewhere `00001231T000000Z` is met and harmless."""
    if component.name == "VTODO":
        _check_moment(component, line, limits)


def _check_duration(_: Component, line: Line, __: Limits) -> None:
    value.duration(line.value)


def _check_trigger(_: Component, line: Line, __: Limits) -> None:
    if "P" in line.value:
        value.duration(line.value)
    else:
        value.moment(line.value)


def _check_repeat(_: Component, line: Line, limits: Limits) -> None:
    if not (line.value.isascii() and line.value.isdigit()) or len(line.value) > 9:
        raise Malformed("is no count of repetitions")
    if int(line.value) > limits.max_instances:
        raise Malformed(f"is more than {limits.max_instances} repetitions")


def _check_rule(component: Component, line: Line, limits: Limits) -> None:
    """A rule, and that it cannot generate more instances than a server should compute."""
    parts = value.rule(line.value)
    most = limits.max_instances
    if "COUNT" in parts:
        if int(parts["COUNT"]) > most:
            raise Refused(MAX_INSTANCES, f"COUNT is more than {most}: use UNTIL, or no end")
        return
    per_day = _most_per_day(parts)
    if per_day <= limits.max_per_day:
        return
    if "UNTIL" not in parts or per_day * _days_until(component, parts["UNTIL"]) > most:
        raise Refused(
            MAX_INSTANCES,
            f"the rule can generate {per_day} instances a day and more than {most} in all: "
            "let it happen less often or end sooner",
        )


def _most_per_day(parts: Mapping[str, str]) -> int:
    """A bound of the instances of a rule on one day, from its time parts alone."""
    interval = int(parts.get("INTERVAL", "1"))
    frequency = parts["FREQ"]
    finest = ("HOURLY", "MINUTELY", "SECONDLY")
    steps = {"HOURLY": 24, "MINUTELY": 1_440, "SECONDLY": 86_400}.get(frequency, 1)
    free = finest.index(frequency) + 1 if frequency in finest else 0
    inside, below = 1, 1
    for position, (name, size) in enumerate((("BYHOUR", 24), ("BYMINUTE", 60), ("BYSECOND", 60))):
        listed = len(set(parts[name].split(","))) if name in parts else None
        if position < free:
            inside *= listed if listed is not None else size
        else:
            below *= listed if listed is not None else 1
    stepped = -(-steps // interval) if free else 1
    return min(stepped, inside) * below


def _days_until(component: Component, until: str) -> int:
    """Days that a rule spans, 1 at least; the DTSTART is checked elsewhere."""
    start = component.first("DTSTART")
    if start is None:
        return 1
    span = _day(value.moment(until)) - _day(value.moment(start.value))
    return max(span.days, 0) + 1


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _refused(component: Component, reason: str) -> Refused:
    return Refused(VALID_CALENDAR_DATA, f"{component.name[:40]}: {reason}")


_ONCE: Final = ("UID", "DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID")
_PLACED: Final = frozenset(("DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "RDATE", "COMPLETED"))

_CHECKS: Final[Mapping[str, Callable[[Component, Line, Limits], None]]] = {
    "DTSTART": _check_moment,
    "DTEND": _check_moment,
    "DUE": _check_moment,
    "RECURRENCE-ID": _check_moment,
    "COMPLETED": _check_moment,
    "CREATED": _check_created,
    "RDATE": _check_moments,
    "EXDATE": _check_moments,
    "DURATION": _check_duration,
    "TRIGGER": _check_trigger,
    "REPEAT": _check_repeat,
    "RRULE": _check_rule,
    "EXRULE": _check_rule,
}
