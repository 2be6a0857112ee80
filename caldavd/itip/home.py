"""Times that are written in UTC, as the clocks of whose calendar it is show them.

Whoever wrote them so meant an instant: it is told in the zone of the calendar. A series stays in
UTC where that zone would show its instances at different hours, or on other days than its rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, read
from caldavd.ical.parse import Document
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.timezone import resolve
from caldavd.ical.tznames import UTC_KEY, key_of
from caldavd.ical.values import parse_temporal
from caldavd.ical.write import time_line
from caldavd.itip.moments import Zones, end_of
from caldavd.itip.snapshot import copied

_TIMES: Final = frozenset({"DTSTART", "DTEND", "DUE", "RECURRENCE-ID"})
_NO_NAME: Final = re.compile(r'["^\\\x00-\x1f\x7f]')
"""What no parameter holds as it is."""
_IN_UTC: Final = re.compile(
    r"^(?:DTSTART|DUE|RECURRENCE-ID)[^\r\n]*Z[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
_A_WEEK: Final = timedelta(days=7)
_A_YEAR: Final = timedelta(days=366)
_DAYS: Final = {Freq.DAILY: 1, Freq.WEEKLY: 7}


@dataclass(frozen=True, slots=True)
class Home:
    """The zone of somebody's calendar: its name, and what describes it."""

    tzid: str
    described: Component

    def beside(self, zones: Zones) -> Zones:
        """The zones of an object and this one."""
        return {self.tzid: self.described, **zones}


def home_of(calendar_timezone: str) -> Home | None:
    """The zone in a CALDAV:calendar-timezone; None if it is UTC, or there is none."""
    for calendar in read(calendar_timezone):
        for zone in calendar.components:
            tzid = zone.first("TZID")
            if tzid is None or key_of(tzid.value) == UTC_KEY or _NO_NAME.search(tzid.value):
                return None
            return Home(tzid.value, zone)
    return None


def may_be_in_utc(text: str) -> bool:
    """Whether it matters for a text which zone somebody is at home in. Cheap."""
    return _IN_UTC.search(text) is not None


def at_home(
    components: Sequence[Component], zones: Zones, home: Home | None
) -> tuple[Sequence[Component], Zones]:
    """Components with their times in UTC in that zone, and the zones that they need then."""
    if home is None or not any(map(_in_utc, components)):
        return components, zones
    known = home.beside(zones)
    zone = resolve(home.tzid, known)
    if zone is None or any(_stays(one, zone) for one in components):
        return components, zones
    return [_moved(one, home.tzid, zone) if _in_utc(one) else one for one in components], known


def stays_in_utc(of: Document, home: Home) -> bool:
    """Whether something is a series that has to be told in UTC."""
    zone = resolve(home.tzid, home.beside(of.zones))
    return zone is None or any(_stays(one, zone) for one in of.components)


def _in_utc(one: Component) -> bool:
    """Whether a component says in UTC when it is: by its start, if it has one."""
    names = ("DTSTART", "DUE", "RECURRENCE-ID")
    line = next(filter(None, map(one.first, names)), None)
    return line is not None and _instant(line) is not None


def _instant(line: Line) -> datetime | None:
    """A time in UTC; None for any other."""
    if not line.value.strip().upper().endswith("Z") or parameter(line, "TZID") is not None:
        return None
    try:
        found = parse_temporal(line.value, None)
    except ValueError:
        return None
    return found if isinstance(found, datetime) and found.tzinfo is not None else None


def _moved(one: Component, tzid: str, zone: tzinfo) -> Component:
    """The same times, in a zone. Only its own are: EXDATEs are told as the start is."""
    made = copied(one)
    end = end_of(one, {}) if made.first("DURATION") is not None else None
    if isinstance(end, datetime):
        # A day that is 24 hours in UTC may be one of 23 here.
        name = "DUE" if one.name == "VTODO" else "DTEND"
        made.lines = [line for line in made.lines if line.name != "DURATION"]
        made.lines.append(time_line(name, end))
    made.lines = [_line(line, tzid, zone) for line in made.lines]
    return made


def _line(line: Line, tzid: str, zone: tzinfo) -> Line:
    instant = _instant(line) if line.name in _TIMES else None
    if instant is None:
        return line
    shown = instant.astimezone(zone)
    if shown.fold:
        return line  # the second of two equal hours has no name
    said = time_line(line.name, shown.replace(tzinfo=None))
    return said._replace(parameter_text=f';TZID="{tzid}"{line.parameter_text}')


def _stays(one: Component, zone: tzinfo) -> bool:
    """Whether a series is in UTC, and other days or hours in that zone would be wrong."""
    start = one.first("DTSTART")
    begins = None if start is None else _instant(start)
    if begins is None or (one.first("RRULE") is None and one.first("RDATE") is None):
        return False
    try:
        here = begins.astimezone(zone)
        moments = [begins, *_sampled(one, begins)]
        offsets = {moment.astimezone(zone).utcoffset() for moment in moments}
    except (ValueError, OverflowError):
        return True
    return here.date() != begins.date() or len(offsets) > 1


def _sampled(one: Component, begins: datetime) -> Iterator[datetime]:
    """Moments of a series between which clocks would have been changed. Raises ValueError."""
    for line in one.all("RDATE"):
        for value in line.value.split(","):
            moment = parse_temporal(value.partition("/")[0], None)
            if isinstance(moment, datetime):
                yield moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    for line in one.all("RRULE"):
        last = begins + _length(parse_rule(line.value), begins)
        moment = begins
        while moment < last:
            yield moment
            moment += _A_WEEK
        yield last


def _length(rule: Rule, begins: datetime) -> timedelta:
    """How long a rule goes on, at most; after a year all has been seen."""
    until = rule.until
    if isinstance(until, datetime) and until.tzinfo is not None:
        return max(timedelta(0), min(until - begins, _A_YEAR))
    filters = (rule.by_month, rule.by_month_day, rule.by_year_day, rule.by_week_no, rule.by_set_pos)
    is_plain = not any(filters) and (rule.freq is Freq.WEEKLY or not rule.by_day)
    if rule.count is None or rule.freq not in _DAYS or not is_plain:
        return _A_YEAR
    return min(timedelta(days=_DAYS[rule.freq] * rule.interval * rule.count), _A_YEAR)
