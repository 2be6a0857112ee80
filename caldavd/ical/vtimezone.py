"""A VTIMEZONE for a zone of the database (RFC 5545 §3.6.5, RFC 7808 §3.9, RFC 7809 §3.1.5).

What clocks do each year from some year on is written as a rule; what they did before, as a list.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from caldavd.ical import tzif
from caldavd.ical.tzif import LAST_YEAR, Change, Clock, History, Yearly, wall
from caldavd.ical.tznames import key_of
from caldavd.ical.write import CRLF, fold

PRODUCT: Final = "-//caldavd//NONSGML caldavd//EN"
EPOCH: Final = 0
"""Objects and properties get what is known since 1970: few need more, and it is a third."""
_WEEKDAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_DAY: Final = 86_400


class Range(NamedTuple):
    """From when, and until when, a zone is described, in epoch seconds; None: as far as known."""

    start: int | None = None
    end: int | None = None


SINCE_1970: Final = Range(EPOCH)


@lru_cache(maxsize=64)
def calendar_text(tzid: str) -> str:
    """A VCALENDAR with the VTIMEZONE of a known name since 1970. Raises ValueError."""
    return in_calendar(timezone_text(tzid))


def in_calendar(timezone: str) -> str:
    """A VCALENDAR around the text of a VTIMEZONE, CRLF line ends."""
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODUCT}\r\n{timezone}END:VCALENDAR\r\n"


@lru_cache(maxsize=256)
def timezone_text(tzid: str, within: Range = SINCE_1970, aliased: str = "") -> str:
    """The VTIMEZONE of a known name, which becomes its TZID as it is; CRLF line ends.

    `aliased` is what the name is another name of (RFC 7808 §7.2). Raises ValueError.
    """
    key = key_of(tzid)
    if key is None:
        raise ValueError(f"{tzid[:80]!r} is no name of the zone database")
    lines = ["BEGIN:VTIMEZONE", f"TZID:{tzid}"]
    if aliased:
        lines.append(f"TZID-ALIAS-OF:{aliased}")
    if within.end is not None:
        lines.append(f"TZUNTIL:{_utc(within.end)}")
    lines += _observances(tzif.history(key), within)
    lines.append("END:VTIMEZONE")
    return "".join(fold(line) + CRLF for line in lines)


def changes(history: History, within: Range) -> list[Change]:
    """What happens to clocks in a range, and first, as a change, what is in force at its start.

    Without a start, there is nothing for what was in force before the first change.
    """
    return [*_first(history, within), *_inside(history.until(LAST_YEAR), within)]


def is_daylight(change: Change) -> bool:
    """Whether it is summer time that begins; where winter is the exception, that is not it."""
    before, after = change.before, change.after
    if before.daylight != after.daylight and before.offset != after.offset:
        return after.offset > before.offset
    return after.daylight


def _first(history: History, within: Range) -> list[Change]:
    """What a range begins with, unless something happens just then."""
    start = within.start
    if start is None:
        if next(iter(_inside(history.until(LAST_YEAR), within)), None) is not None:
            return []
        start = EPOCH if within.end is None else min(EPOCH, within.end - 1)
    last = history.at(start)
    if last is not None and last.at == start:
        return []
    clock = history.first if last is None else last.after
    return [Change(start, clock, clock)]


def _inside(known: Iterable[Change], within: Range) -> list[Change]:
    start, end = within
    return [
        change
        for change in known
        if (start is None or start <= change.at) and (end is None or change.at < end)
    ]


def _observances(history: History, within: Range) -> Iterator[str]:
    """The lines of all observances: one for what is alike, with a date for each time it began."""
    alike: dict[tuple[Clock, Clock], list[Change]] = {}
    for change in [*_first(history, within), *_inside(history.changes, within)]:
        alike.setdefault((change.before, change.after), []).append(change)
    for same in alike.values():
        yield from _observance(same, "RDATE:" + ",".join(_local(one) for one in same[1:]))
    for rule in history.rules:
        onsets = _inside(map(rule.of, _years(history, within)), within)
        if onsets:
            yield from _observance(onsets, _rrule(rule, onsets, within.end is not None))


def _years(history: History, within: Range) -> list[int]:
    """Years that hold the first two onsets of a rule in a range, and the last."""
    begin = history.since
    if within.start is not None:
        begin = max(begin, wall(within.start, history.first).year - 1)
    first = range(begin, min(begin + 4, 10_000))
    if within.end is None:
        return list(first)
    end = wall(within.end, history.first).year
    return sorted({*first, *range(max(begin, end - 1), min(end + 2, 10_000))})


def _observance(onsets: list[Change], further: str) -> Iterator[str]:
    """The lines of one, from the first of its onsets on; `further` is how the others are told."""
    first = onsets[0]
    name = "DAYLIGHT" if is_daylight(first) else "STANDARD"
    yield f"BEGIN:{name}"
    yield f"DTSTART:{_local(first)}"
    if len(onsets) > 1:
        yield further
    yield f"TZNAME:{first.after.name}"
    yield f"TZOFFSETFROM:{_offset(first.before)}"
    yield f"TZOFFSETTO:{_offset(first.after)}"
    yield f"END:{name}"


def _rrule(rule: Yearly, onsets: list[Change], ends: bool) -> str:
    """RRULE for the onsets of a rule; RDATE where a recurrence rule cannot tell them."""
    days = _days(rule)
    if days is None:
        years = [rule.of(year) for year in range(onsets[0].wall.year + 1, LAST_YEAR)]
        listed = [one for one in years if not ends or one.at <= onsets[-1].at]
        return "RDATE:" + ",".join(_local(one) for one in listed)
    until = f";UNTIL={_utc(onsets[-1].at)}" if ends else ""
    return f"RRULE:FREQ=YEARLY;{days}{until}"


def _days(rule: Yearly) -> str | None:
    """The days of a rule: `BYMONTH=3;BYDAY=-1SU`; None for those that have no such form.

    Hours beyond a day make it the second Saturday that is the day after a Friday.
    """
    if not rule.day.startswith("M"):
        return None
    month, week, weekday = map(int, rule.day[1:].split("."))
    later = rule.seconds // _DAY
    name = _WEEKDAYS[(weekday + later) % 7]
    if not later:
        return f"BYMONTH={month};BYDAY={week if week < 5 else -1}{name}"
    length = monthrange(2001, month)[1]
    last = (7 * week if week < 5 else length) + later
    if last - 6 < 1 or last > length or (month == 2 and week == 5):
        return None
    days = ",".join(map(str, range(last - 6, last + 1)))
    return f"BYMONTH={month};BYMONTHDAY={days};BYDAY={name}"


def _local(change: Change) -> str:
    return f"{change.wall:%Y%m%dT%H%M%S}".rjust(15, "0")


def _utc(at: int) -> str:
    return f"{wall(at, Clock(0, False, '')):%Y%m%dT%H%M%S}Z".rjust(16, "0")


def _offset(clock: Clock) -> str:
    minutes, seconds = divmod(abs(clock.offset), 60)
    sign = "-" if clock.offset < 0 else "+"
    shown = f"{sign}{minutes // 60:02}{minutes % 60:02}"
    return f"{shown}{seconds:02}" if seconds else shown
