"""The days that a recurrence rule names, period by period (RFC 5545 §3.3.10).

Days are ordinals (`date.toordinal`). The rule has all its parts, also those from DTSTART.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from itertools import groupby, pairwise
from typing import Final

from caldavd.ical.rule import Freq, Rule

LAST_YEAR: Final = 9998
LAST_DAY: Final = date(LAST_YEAR, 12, 31).toordinal()


def day_sets(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[list[int]]:
    """The days (ordinals, in order) of each period from that of `after` to that of `before`.

    A year or a month without days is an empty list; other periods without days are passed over.

    For rules shorter than DAILY, each day is a period: their interval is counted elsewhere.
    """
    match rule.freq:
        case Freq.YEARLY:
            return _yearly(rule, start, after, before)
        case Freq.MONTHLY:
            return _monthly(rule, start, after, before)
        case Freq.WEEKLY if limited(rule):
            return _limited_weekly(rule, start, after, before)
        case Freq.WEEKLY:
            return _weekly(rule, start, after, before)
        case _ if limited(rule) or rule.by_day:
            return _limited_daily(rule, start, after, before)
        case _:
            return _daily(rule, start, after, before)


def limited(rule: Rule) -> bool:
    """Whether more than weekdays decides which days of a rule of weeks or days remain."""
    return bool(rule.by_month or rule.by_month_day or rule.by_year_day or rule.by_week_no)


def _yearly(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[list[int]]:
    skipped = (after.year - start.year) // rule.interval * rule.interval
    days = _Patterns(lambda year: _days_of_year(rule, year))
    for year in range(start.year + skipped, min(before.year, LAST_YEAR) + 1, rule.interval):
        yield days.of(year)


def _monthly(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[list[int]]:
    first = start.year * 12 + start.month - 1
    skipped = (after.year * 12 + after.month - 1 - first) // rule.interval * rule.interval
    keep = _limits(rule, "by_year_day", "by_week_no")
    months = [_Patterns(partial(_kept_of_month, rule, keep, month)) for month in range(1, 13)]
    last = min(before.year * 12 + before.month, (LAST_YEAR + 1) * 12)
    for number in range(first + skipped, last, rule.interval):
        year, month = divmod(number, 12)
        yield months[month].of(year)


def _kept_of_month(
    rule: Rule, keep: Callable[[int], bool] | None, month: int, year: int
) -> list[int]:
    if rule.by_month and month not in rule.by_month:
        return []
    days = _days_of_month(rule, year, month)
    return [day for day in days if keep(day)] if keep else days


def _weekly(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[list[int]]:
    step = 7 * rule.interval
    offsets = sorted({(weekday - rule.week_start) % 7 for _, weekday in rule.by_day})
    first = _first_period(_week_of(start.toordinal(), rule.week_start), step, after)
    for week in range(first, min(before.toordinal() + 1, LAST_DAY - 7), step):
        yield [week + offset for offset in offsets]


def _limited_weekly(
    rule: Rule, start: datetime, after: datetime, before: datetime
) -> Iterator[list[int]]:
    step = 7 * rule.interval
    first = _first_period(_week_of(start.toordinal(), rule.week_start), step, after)
    week_start = rule.week_start
    days = (
        day
        for of_year in _limited_days(rule, first, before.toordinal() + 7)
        for day in of_year
        if day >= first and (day - first) % step < 7
    )
    for _, week in groupby(days, key=lambda day: _week_of(day, week_start)):
        yield list(week)


def _daily(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[list[int]]:
    step = rule.interval if rule.freq == Freq.DAILY else 1
    first = _first_period(start.toordinal(), step, after)
    for day in range(first, min(before.toordinal() + 1, LAST_DAY), step):
        yield [day]


def _limited_daily(
    rule: Rule, start: datetime, after: datetime, before: datetime
) -> Iterator[list[int]]:
    step = rule.interval if rule.freq == Freq.DAILY else 1
    first = _first_period(start.toordinal(), step, after)
    if rule.by_day and step % 7 == 0 and not _day_limit(rule, first):
        return
    last = min(before.toordinal() + 1, LAST_DAY)
    for days in _limited_days(rule, first, last):
        for day in days if step == 1 else _in_step(days, first, step):
            if first <= day < last:
                yield [day]


def _first_period(first: int, step: int, after: datetime) -> int:
    """The first day of the period of `after`, of those that begin `step` days apart."""
    return first + (after.toordinal() - first) // step * step


def _in_step(days: list[int], first: int, step: int) -> list[int]:
    """The days that are a whole number of steps from `first`: by days or by steps, as is less."""
    if not days or len(days) * step < days[-1] - days[0]:
        return [day for day in days if (day - first) % step == 0]
    among = set(days)
    stepped = range(days[0] + (first - days[0]) % step, days[-1] + 1, step)
    return [day for day in stepped if day in among]


# --- The calendar repeats: what a year looks like ---


class _Patterns:
    """The days of years, each kind of year worked out once."""

    __slots__ = ("_kinds", "_work_out")

    def __init__(self, work_out: Callable[[int], list[int]]) -> None:
        self._work_out = work_out
        self._kinds: dict[int, list[int]] = {}

    def of(self, year: int) -> list[int]:
        """The days of a year, as `work_out` gives them for one of its kind."""
        kind = _KINDS[year % 400]
        offsets = self._kinds.get(kind)
        if offsets is None:
            first = date(kind, 1, 1).toordinal()
            offsets = self._kinds[kind] = [day - first for day in self._work_out(kind)]
        if not offsets:
            return []
        first = date(year, 1, 1).toordinal()
        return [first + offset for offset in offsets]


def _kind(year: int) -> tuple[int, bool, bool, bool]:
    """What decides the weekdays, months and weeks of a year, those it shares with its neighbours.

    A week counted from the end of the next year depends on how many that year has.
    """
    return date(year, 1, 1).weekday(), isleap(year - 1), isleap(year), isleap(year + 1)


def _kinds() -> tuple[int, ...]:
    """For each year of the 400 after which the calendar repeats, the first of its kind."""
    first: dict[tuple[int, bool, bool, bool], int] = {}
    return tuple(first.setdefault(_kind(year), year) for year in range(2000, 2400))


_KINDS: Final = _kinds()


def _limited_days(rule: Rule, first: int, last: int) -> Iterator[list[int]]:
    """Year by year the days from that of `first` to that of `last` that every BY part lets pass."""
    plain = replace(rule, by_day=tuple(sorted({(0, weekday) for _, weekday in rule.by_day})))
    days = _Patterns(lambda year: _days_of_year(plain, year))
    last_year = date.fromordinal(min(last, LAST_DAY)).year
    for year in range(date.fromordinal(first).year, last_year + 1):
        yield days.of(year)


# --- The days of one month, one year ---


def _days_of_month(rule: Rule, year: int, month: int) -> list[int]:
    """The days of a month by BYMONTHDAY and BYDAY, all of them if there is neither."""
    first = date(year, month, 1).toordinal()
    length = monthrange(year, month)[1]
    if not rule.by_month_day:
        return _weekdays(rule.by_day, first, length)
    offsets = {day - 1 if day > 0 else length + day for day in rule.by_month_day}
    days = sorted(first + offset for offset in offsets if 0 <= offset < length)
    if rule.by_day:
        allowed = set(_weekdays(rule.by_day, first, length))
        days = [day for day in days if day in allowed]
    return days


def _weekdays(by_day: tuple[tuple[int, int], ...], first: int, length: int) -> list[int]:
    """The days of a span (a month or a year) that BYDAY names, all if it names none."""
    if not by_day:
        return list(range(first, first + length))
    days: set[int] = set()
    for ordinal, weekday in by_day:
        all_ = range(first + (weekday - first + 1) % 7, first + length, 7)
        if ordinal == 0:
            days.update(all_)
        elif 0 < ordinal <= len(all_):
            days.add(all_[ordinal - 1])
        elif 0 < -ordinal <= len(all_):
            days.add(all_[ordinal])
    return sorted(days)


def _days_of_year(rule: Rule, year: int) -> list[int]:
    if rule.by_year_day or rule.by_week_no:
        return _by_year_position(rule, year)
    if rule.by_month or (rule.by_month_day and not any(n for n, _ in rule.by_day)):
        months = rule.by_month or range(1, 13)
        return [day for month in months for day in _days_of_month(rule, year, month)]
    first = date(year, 1, 1).toordinal()
    days = _weekdays(rule.by_day, first, _length_of_year(year))
    keep = _limits(rule, "by_month_day")
    return [day for day in days if keep(day)] if keep else days


def _by_year_position(rule: Rule, year: int) -> list[int]:
    """The days of a year by BYYEARDAY and BYWEEKNO, limited by the other parts."""
    first, length = date(year, 1, 1).toordinal(), _length_of_year(year)
    days = set(range(first, first + length))
    if rule.by_year_day:
        offsets = {day - 1 if day > 0 else length + day for day in rule.by_year_day}
        days &= {first + offset for offset in offsets}
    if rule.by_week_no:
        days &= _days_of_weeks(rule, year)
    if rule.by_month:
        days = {day for day in days if date.fromordinal(day).month in rule.by_month}
    if rule.by_month and any(n for n, _ in rule.by_day):
        spans = [(date(year, m, 1).toordinal(), monthrange(year, m)[1]) for m in rule.by_month]
        days &= {day for span in spans for day in _weekdays(rule.by_day, *span)}
    elif rule.by_day:
        days &= set(_weekdays(rule.by_day, first, length))
    keep = _limits(rule, "by_month_day")
    return sorted(day for day in days if keep is None or keep(day))


def _days_of_weeks(rule: Rule, year: int) -> set[int]:
    """The days of the weeks that BYWEEKNO names, of this year and of those beside it."""
    days: set[int] = set()
    firsts = [_first_week(year + beside, rule.week_start) for beside in (-1, 0, 1, 2)]
    for first, next_first in pairwise(firsts):
        total = (next_first - first) // 7
        for number in rule.by_week_no:
            index = number - 1 if number > 0 else total + number
            if 0 <= index < total:
                days.update(range(first + 7 * index, first + 7 * index + 7))
    return days


# --- Limits: BY parts that only let days pass ---


def _limits(rule: Rule, *parts: str) -> Callable[[int], bool] | None:
    """The test that all of these parts which the rule has put on a day (an ordinal)."""
    tests = [_LIMITS[part] for part in parts if getattr(rule, part)]
    if not tests:
        return None
    return lambda day: all(test(rule, day) for test in tests)


def _length_of_year(year: int) -> int:
    return 366 if isleap(year) else 365


def _month_day_limit(rule: Rule, day: int) -> bool:
    value = date.fromordinal(day)
    from_end = value.day - monthrange(value.year, value.month)[1] - 1
    return value.day in rule.by_month_day or from_end in rule.by_month_day


def _year_day_limit(rule: Rule, day: int) -> bool:
    year = date.fromordinal(day).year
    number = day - date(year, 1, 1).toordinal() + 1
    return number in rule.by_year_day or number - _length_of_year(year) - 1 in rule.by_year_day


def _week_no_limit(rule: Rule, day: int) -> bool:
    return _in_weeks(day, rule.by_week_no, rule.week_start)


def _day_limit(rule: Rule, day: int) -> bool:
    return any((day + 6) % 7 == weekday for _, weekday in rule.by_day)


_LIMITS: Final[dict[str, Callable[[Rule, int], bool]]] = {
    "by_month_day": _month_day_limit,
    "by_year_day": _year_day_limit,
    "by_week_no": _week_no_limit,
}


def _week_of(day: int, week_start: int) -> int:
    """The first day of the week that a day is in."""
    return day - (day + 6 - week_start) % 7


def _first_week(year: int, week_start: int) -> int:
    """The first day of week 1: the week with at least four days in the year."""
    return _week_of(date(year, 1, 4).toordinal(), week_start)


def _in_weeks(day: int, weeks: tuple[int, ...], week_start: int) -> bool:
    year = date.fromordinal(_week_of(day, week_start) + 3).year
    number = (day - _first_week(year, week_start)) // 7 + 1
    total = (_first_week(year + 1, week_start) - _first_week(year, week_start)) // 7
    return number in weeks or number - total - 1 in weeks
