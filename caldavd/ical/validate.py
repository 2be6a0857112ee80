"""What a calendar object must hold to be stored: values, counts, bounds (RFC 4791 §5.3.2.1).

Rules are judged by their parts, never expanded; every check is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Final

from caldavd.errors import (
    MAX_ATTENDEES,
    MAX_DATE_TIME,
    MAX_INSTANCES,
    MIN_DATE_TIME,
    SUPPORTED_RSCALE,
    VALID_CALENDAR_DATA,
    Refused,
)
from caldavd.ical.contentline import Component, Line, known_zone, parameter
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.values import Temporal, parse_duration, parse_period, parse_temporal, wall

MAX_RULES: Final = 10
"""RRULEs and EXRULEs of one component; RFC 5545 wants at most one."""

MAX_FREQUENT_RULES: Final = 2
"""Those of them that are shorter than DAILY or that happen more than once a day."""

MAX_ZONES: Final = 50
"""VTIMEZONEs of one object; each that is used has to be worked out."""

MAX_RULE: Final = 4_000
"""Rules of more characters repeat themselves: 366 year days take 1,800."""

EARLIEST: Final = "00020101"
LATEST: Final = "99981231"
"""The first and the last date that can be computed with in any zone."""

_RSCALE: Final = re.compile(r"(?:^|;)RSCALE=([\w-]+)", re.ASCII | re.IGNORECASE)
_PAST: Final = "1600"
_FUTURE: Final = "3000"
"""Dates between these, and what lies between two of them, add up to a date."""
_DATE: Final = re.compile(r"[0-9]{8}(?:T[0-9]{6}Z?)?")

# What nearly every object holds, valid and bounded as it stands: it need not be read to be judged.
_TIME: Final = (
    r"(?:19|20)[0-9][0-9](?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])"
    r"(?:T(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z?)?"
)
_PLAIN_TIME: Final = re.compile(_TIME)
_PLAIN_DURATION: Final = re.compile(r"-?P(?:T[0-9]{1,4}[HMS]|[0-9]{1,4}[DW])")
_PLAIN_RULE: Final = re.compile(
    r"(?!.*UNTIL.*UNTIL)FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)"
    rf"(?:;UNTIL={_TIME})?(?:;INTERVAL=[1-9][0-9]{{0,3}})?"
    r"(?:;BYMONTH=(?:[1-9]|1[0-2]))?"
    r"(?:;BYDAY=-?[1-4]?(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:MO|TU|WE|TH|FR|SA|SU)){0,6})?"
    rf"(?:;UNTIL={_TIME})?(?:;WKST=(?:MO|SU))?"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one calendar object may hold."""

    max_bytes: int = 10 * 1024 * 1024
    max_attendees: int = 5_000
    """ATTENDEEs of one instance."""
    max_instances: int = 10_000
    """COUNT of a rule, its instances up to UNTIL if they are dense, RDATEs and EXDATEs together,
    overrides; busy periods. An endless rule is not counted."""
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
    if len(zones) > MAX_ZONES:
        raise Refused(VALID_CALENDAR_DATA, f"more than {MAX_ZONES} time zones in one object")
    for component in components:
        _check_required(component)
        _check_component(component, limits)
        _check_length(component)
    for zone in zones:
        _check_zone(zone, limits)


def _check_zone(zone: Component, limits: Limits) -> None:
    """Refuse a zone by its name, as nobody looks for a rule there."""
    try:
        _check_zone_text(zone, limits)
    except Refused as refused:
        line = zone.first("TZID")
        named = f"the time zone {line.value[:40]}" if line else "a time zone without a TZID"
        raise Refused(refused.condition, f"{named}: {refused.reason}") from None


def _check_zone_text(zone: Component, limits: Limits) -> None:
    """Nearly all objects hold one of few VTIMEZONEs: a text that was sound once still is."""
    if zone.source:
        _check_known_zone(zone.source, limits)
    else:
        _check_component(zone, limits)


@lru_cache(maxsize=128)
def _check_known_zone(source: str, limits: Limits) -> None:
    _check_component(known_zone(source), limits)


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
        except ValueError as fault:
            raise _refused(component, f"{line.name}: {fault}") from None
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
    if rules > MAX_FREQUENT_RULES:
        _check_frequent_rules(component)
    attendees = names.count("ATTENDEE")
    if attendees > limits.max_attendees:
        raise Refused(
            MAX_ATTENDEES,
            f"{attendees} attendees, more than {limits.max_attendees}: invite a group instead",
        )
    _check_date_count(component, limits)


def _check_frequent_rules(component: Component) -> None:
    rules = [line.value for line in component.lines if line.name in ("RRULE", "EXRULE")]
    try:
        frequent = sum(1 for text in rules if len(text) <= MAX_RULE and _frequent(parse_rule(text)))
    except ValueError:
        return  # which one, and why, is found where each is checked
    if frequent > MAX_FREQUENT_RULES:
        raise _refused(
            component,
            f"{frequent} rules of several instances a day, more than {MAX_FREQUENT_RULES}: "
            "write one with BYHOUR or BYMINUTE",
        )


def _frequent(rule: Rule) -> bool:
    return rule.freq > Freq.DAILY or most_per_day(rule) > 1


def _check_date_count(component: Component, limits: Limits) -> None:
    dates = sum(line.value.count(",") + 1 for line in component.lines if line.name in _LISTS)
    if dates > limits.max_instances:
        names = {line.name for line in component.lines}
        raise Refused(
            MAX_INSTANCES,
            f"{dates} dates in {' and '.join(name for name in _LISTS if name in names)}, "
            f"more than {limits.max_instances}: "
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


def _check_length(component: Component) -> None:
    """The ends of the instances that the text names, which must be dates."""
    placed = [line for line in component.lines if line.name in _PLACED]
    named = {line.name: line.value for line in placed}
    duration = named.get("DURATION", "")
    listed = ",".join(line.value for line in placed if line.name != "DURATION")
    dates = [text for text in listed.split(",") if text.strip()] or [_PAST]
    earliest, latest = min(dates), max(dates)
    moderate = not duration or _PLAIN_DURATION.fullmatch(duration)
    if moderate and earliest > _PAST and latest < _FUTURE:
        return
    start = named.get("DTSTART")
    if start is None:
        return
    begins = wall(parse_temporal(start))
    ends = [named[name] for name in ("DTEND", "DUE") if name in named]
    lengths = [timedelta(), *(wall(parse_temporal(end)) - begins for end in ends)]
    if duration:
        lengths.append(parse_duration(duration))
    try:
        wall(parse_temporal(latest.partition("/")[0])) + max(lengths)
        wall(parse_temporal(earliest.partition("/")[0])) + min(lengths)
    except OverflowError:
        raise Refused(
            MAX_DATE_TIME, "the last instance ends outside the calendar: shorten it"
        ) from None


def _check_moment(_: Component, line: Line, __: Limits) -> None:
    _check_temporal(line, line.value)


def _check_moments(component: Component, line: Line, limits: Limits) -> None:
    """RDATE or EXDATE: one value or several, some empty; RDATE also periods."""
    _check_date_count_of(component, line, limits)
    for text in line.value.split(","):
        if not text.strip():
            continue
        if "/" in text and line.name == "RDATE":
            parse_period(text)
        else:
            _check_temporal(line, text)


def _check_periods(component: Component, line: Line, limits: Limits) -> None:
    """FREEBUSY: one period or several."""
    _check_date_count_of(component, line, limits)
    for text in line.value.split(","):
        parse_period(text)


def _check_date_count_of(component: Component, line: Line, limits: Limits) -> None:
    """Count before reading, where one line alone may make the list too long."""
    if 2 * line.value.count(",") + 2 >= limits.max_instances:
        _check_date_count(component, limits)


def _check_temporal(line: Line, text: str) -> None:
    """A missing VALUE=DATE is tolerated, a VALUE that contradicts is not."""
    if line.parameter_text:
        declared = (parameter(line, "VALUE") or "").upper()
        if declared == ("DATE" if "T" in text else "DATE-TIME"):
            raise ValueError(f"{text[:40]!r} is no {declared}, as its VALUE parameter says")
    if _PLAIN_TIME.fullmatch(text):
        return
    if _DATE.fullmatch(text) and "0001" <= text < EARLIEST:
        raise Refused(MIN_DATE_TIME, f"{line.name} is before {EARLIEST}: use a later date")
    if _DATE.fullmatch(text) and text[:8] > LATEST:
        raise Refused(MAX_DATE_TIME, f"{line.name} is after {LATEST}: use an earlier date")
    parse_temporal(text)


def _check_created(component: Component, line: Line, limits: Limits) -> None:
    """CREATED decides about tasks only; elsewhere `00001231T000000Z` is met and harmless."""
    if component.name == "VTODO":
        _check_moment(component, line, limits)


def _check_duration(_: Component, line: Line, __: Limits) -> None:
    if _PLAIN_DURATION.fullmatch(line.value) is None:
        parse_duration(line.value)


def _check_trigger(component: Component, line: Line, limits: Limits) -> None:
    text = line.value
    if text.strip().upper().lstrip("+-").startswith("P"):
        _check_duration(component, line, limits)
    elif _DATE.fullmatch(text.strip()):
        parse_temporal(text)
    else:
        raise ValueError(
            f"{text[:40]!r} is neither a DURATION (such as -PT15M) "
            "nor a DATE-TIME in UTC (YYYYMMDDTHHMMSSZ)"
        )


def _check_repeat(_: Component, line: Line, limits: Limits) -> None:
    text = line.value
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        raise ValueError("it is no number of repetitions")
    if int(text) > limits.max_instances:
        raise ValueError(f"it is over {limits.max_instances} repetitions")


def _check_rule(component: Component, line: Line, limits: Limits) -> None:
    """A rule, and that it cannot generate more instances than a server should compute."""
    if _PLAIN_RULE.fullmatch(line.value):
        return
    if len(line.value) > MAX_RULE:
        raise ValueError(f"the rule has more than {MAX_RULE} characters")
    scale = _RSCALE.search(line.value)
    if scale is not None and scale[1].upper() not in ("GREGORIAN", "GREGORY", "ISO8601"):
        raise Refused(SUPPORTED_RSCALE, f"rules in the calendar {scale[1][:20]} are not supported")
    rule = parse_rule(line.value)
    if rule.count is not None and rule.until is not None:
        raise ValueError("the rule has both COUNT and UNTIL; only one may be given")
    if rule.count is not None:
        if rule.count > limits.max_instances:
            raise Refused(
                MAX_INSTANCES, f"COUNT is over {limits.max_instances}: use UNTIL, or no end"
            )
    elif most_per_day(rule) > limits.max_per_day:
        _check_dense(component, rule, limits)


def _check_dense(component: Component, rule: Rule, limits: Limits) -> None:
    """A rule of many instances a day, which must end before they are too many."""
    per_day, most = most_per_day(rule), limits.max_instances
    if rule.until is None or per_day * _days_until(component, rule.until) > most:
        raise Refused(
            MAX_INSTANCES,
            f"the rule can generate {per_day} instances a day and more than {most} in all: "
            "let it happen less often or end sooner",
        )


def most_per_day(rule: Rule) -> int:
    """A bound of the instances of a rule on one day, from its time parts alone."""
    parts = ((rule.by_hour, 24), (rule.by_minute, 60), (rule.by_second, 60))
    stepped = max(rule.freq - Freq.DAILY, 0)
    inside = outside = steps = 1
    for position, (listed, size) in enumerate(parts):
        if position < stepped:
            inside *= len(listed) or size
            steps *= size
        else:
            outside *= len(listed) or 1
    return min(inside, -(-steps // rule.interval)) * outside


def _days_until(component: Component, until: Temporal) -> int:
    """Days that a rule spans, 1 at least; that there is a DTSTART is checked elsewhere."""
    start = component.first("DTSTART")
    if start is None:
        return 1
    return max((wall(until) - wall(parse_temporal(start.value))).days, 0) + 1


def _refused(component: Component, reason: str) -> Refused:
    return Refused(VALID_CALENDAR_DATA, f"{component.name[:40]}: {reason}")


_PLACED: Final = frozenset(("DTSTART", "DTEND", "DUE", "DURATION", "RDATE"))
_LISTS: Final = ("RDATE", "EXDATE", "FREEBUSY")
_ONCE: Final = ("UID", "DTSTART", "DTEND", "DUE", "DURATION", "RECURRENCE-ID")

_CHECKS: Final[Mapping[str, Callable[[Component, Line, Limits], None]]] = {
    "DTSTART": _check_moment,
    "DTEND": _check_moment,
    "DUE": _check_moment,
    "RECURRENCE-ID": _check_moment,
    "COMPLETED": _check_moment,
    "CREATED": _check_created,
    "RDATE": _check_moments,
    "EXDATE": _check_moments,
    "FREEBUSY": _check_periods,
    "DURATION": _check_duration,
    "TRIGGER": _check_trigger,
    "REPEAT": _check_repeat,
    "RRULE": _check_rule,
    "EXRULE": _check_rule,
}
