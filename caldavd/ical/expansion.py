"""The wall times that a recurrence rule generates (RFC 5545 §3.3.10), in order and lazily.

Everything here is wall time: zones, UNTIL and exceptions are the caller's. A rule without COUNT
starts at the period of `after`, so its cost does not grow with the distance from DTSTART. Each
search ends: where nothing was found in a bounded number of steps, the rule has no more instances.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain, islice, takewhile
from typing import Final

from caldavd.ical.rule import Freq, Rule
from caldavd.ical.values import DAY_S

MAX_COUNTED: Final = 200_000
"""Instances counted one by one for a rule with COUNT; what lies after these is not looked for."""
MAX_EXAMINED: Final = 100_000
"""Hours, minutes and seconds examined in a row without a hit."""
_MAX_EMPTY: Final = {
    Freq.YEARLY: 1_000,
    Freq.MONTHLY: 6_000,
    Freq.WEEKLY: 10_000,
}
"""Periods in a row without a hit, several times the longest gap of a rule that does match."""
_MAX_EMPTY_DAYS: Final = 20_000
_LAST_YEAR: Final = 9998
_LAST_DAY: Final = date(_LAST_YEAR, 12, 31).toordinal()
_PER_DAY: Final = {Freq.HOURLY: 24, Freq.MINUTELY: 1_440, Freq.SECONDLY: DAY_S}


def expand(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    """`start` and what the rule adds to it, those before `after` left out.

    `start` is the first instance and counted by COUNT, whether the rule generates it or not.
    UNTIL is not looked at.
    """
    if rule.count is not None:
        last = _last_of_plain(rule, rule.count, start)
        if last is None:
            return _counted(rule, rule.count, start, after)
        return takewhile(lambda moment: moment <= last, _endless(rule, start, after))
    return _endless(rule, start, after)


def generated(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    """What the rule itself generates from `after` on, `start` only if it matches (for EXRULE)."""
    moments = _walls(rule, start, start if rule.count else after)
    counted = islice(
        (m for m in moments if m >= start), rule.count and min(rule.count, MAX_COUNTED)
    )
    return (moment for moment in counted if moment >= after)


def _endless(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    if start >= after:
        yield start
    for moment in _walls(rule, start, after):
        if moment > start and moment >= after:
            yield moment


def _counted(rule: Rule, count: int, start: datetime, after: datetime) -> Iterator[datetime]:
    later = (moment for moment in _walls(rule, start, start) if moment > start)
    for moment in chain((start,), islice(later, min(count, MAX_COUNTED) - 1)):
        if moment >= after:
            yield moment


def _last_of_plain(rule: Rule, count: int, start: datetime) -> datetime | None:
    """The last of `count` instances, where each period has exactly one; else None."""
    if not _plain(rule):
        return None
    periods = min((count - 1) * rule.interval, _LAST_DAY * DAY_S)
    try:
        return start + periods * _UNIT[rule.freq]
    except OverflowError:
        return datetime.combine(date.max, time.max)


_UNIT: Final = {
    Freq.WEEKLY: timedelta(weeks=1),
    Freq.DAILY: timedelta(days=1),
    Freq.HOURLY: timedelta(hours=1),
    Freq.MINUTELY: timedelta(minutes=1),
    Freq.SECONDLY: timedelta(seconds=1),
}


def _plain(rule: Rule) -> bool:
    return rule.freq in _UNIT and not any(
        (
            rule.by_second,
            rule.by_minute,
            rule.by_hour,
            rule.by_day,
            rule.by_month_day,
            rule.by_year_day,
            rule.by_week_no,
            rule.by_month,
            rule.by_set_pos,
        )
    )


def _walls(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    """What the rule generates from the period of `start`, or of `after` if that is later."""
    rule = _explicit(rule, start)
    after = max(start, after)
    if rule.freq >= Freq.HOURLY:
        return _within_days(rule, start, after)
    return _by_day_set(rule, start, after)


def _explicit(rule: Rule, start: datetime) -> Rule:
    """The rule with everything in it that it takes from DTSTART."""
    days: dict[str, tuple[int, ...] | tuple[tuple[int, int], ...]] = {}
    by_date = rule.by_day or rule.by_month_day or rule.by_year_day
    if rule.freq == Freq.YEARLY and not by_date:
        if rule.by_week_no:
            days["by_day"] = ((0, start.weekday()),)
        else:
            days["by_month"] = rule.by_month or (start.month,)
            days["by_month_day"] = (start.day,)
    elif rule.freq == Freq.MONTHLY and not (by_date or rule.by_week_no):
        days["by_month_day"] = (start.day,)
    elif rule.freq == Freq.WEEKLY and not by_date:
        days["by_day"] = ((0, start.weekday()),)
    if rule.freq < Freq.HOURLY:
        days["by_hour"] = rule.by_hour or (start.hour,)
    if rule.freq < Freq.MINUTELY:
        days["by_minute"] = rule.by_minute or (start.minute,)
    if rule.freq < Freq.SECONDLY:
        days["by_second"] = rule.by_second or (start.second,)
    return replace(rule, **days)  # type: ignore[arg-type]


# --- DAILY and longer: a set of days for each period, times of day within it ---


def _by_day_set(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    times = [
        time(hour, minute, second)
        for hour in rule.by_hour
        for minute in rule.by_minute
        for second in rule.by_second
    ]
    for days in _day_sets(rule, start, after):
        if rule.by_set_pos:
            for index in _positions(rule.by_set_pos, len(days) * len(times)):
                day, moment = divmod(index, len(times))
                yield datetime.combine(date.fromordinal(days[day]), times[moment])
        else:
            for ordinal in days:
                day_ = date.fromordinal(ordinal)
                for moment_ in times:
                    yield datetime.combine(day_, moment_)


def _positions(by_set_pos: tuple[int, ...], total: int) -> list[int]:
    """The indexes that BYSETPOS picks of a set of `total`."""
    wanted = {n - 1 if n > 0 else total + n for n in by_set_pos}
    return sorted(index for index in wanted if 0 <= index < total)


def _day_sets(rule: Rule, start: datetime, after: datetime) -> Iterator[list[int]]:
    """The days (ordinals, in order) of each period that has any."""
    match rule.freq:
        case Freq.YEARLY:
            sets = _yearly(rule, start, after)
        case Freq.MONTHLY:
            sets = _monthly(rule, start, after)
        case Freq.WEEKLY:
            sets = _weekly(rule, start, after)
        case _:
            return ([day] for day in _days(rule, start, after))
    return _bounded(sets, _MAX_EMPTY[rule.freq])


def _bounded(sets: Iterator[list[int]], limit: int) -> Iterator[list[int]]:
    empty = 0
    for days in sets:
        if days:
            empty = 0
            yield days
        else:
            empty += 1
            if empty > limit:
                return


def _yearly(rule: Rule, start: datetime, after: datetime) -> Iterator[list[int]]:
    skipped = (after.year - start.year) // rule.interval * rule.interval
    for year in range(start.year + skipped, _LAST_YEAR + 1, rule.interval):
        yield _days_of_year(rule, year)


def _monthly(rule: Rule, start: datetime, after: datetime) -> Iterator[list[int]]:
    first = start.year * 12 + start.month - 1
    skipped = (after.year * 12 + after.month - 1 - first) // rule.interval * rule.interval
    keep = _limits(rule, "by_year_day", "by_week_no")
    for number in range(first + skipped, (_LAST_YEAR + 1) * 12, rule.interval):
        year, month = divmod(number, 12)
        if rule.by_month and month + 1 not in rule.by_month:
            yield []
            continue
        days = _days_of_month(rule, year, month + 1)
        yield [day for day in days if keep(day)] if keep else days


def _weekly(rule: Rule, start: datetime, after: datetime) -> Iterator[list[int]]:
    first = _week_of(start.toordinal(), rule.week_start)
    step = 7 * rule.interval
    first += (after.toordinal() - first) // step * step
    offsets = sorted({(weekday - rule.week_start) % 7 for _, weekday in rule.by_day}) or range(7)
    keep = _limits(rule, "by_month", "by_month_day", "by_year_day", "by_week_no")
    for week in range(first, _LAST_DAY - 7, step):
        days = [week + offset for offset in offsets]
        yield [day for day in days if keep(day)] if keep else days


def _days(rule: Rule, start: datetime, after: datetime) -> Iterator[int]:
    """The days of a DAILY rule, or (every day, its own interval counted later) of a shorter one."""
    step = rule.interval if rule.freq == Freq.DAILY else 1
    first = start.toordinal()
    first += (after.toordinal() - first) // step * step
    keep = _limits(rule, "by_month", "by_month_day", "by_year_day", "by_week_no", "by_day")
    if keep is None:
        yield from range(first, _LAST_DAY, step)
        return
    empty = 0
    for day in range(first, _LAST_DAY, step):
        if keep(day):
            empty = 0
            yield day
        else:
            empty += 1
            if empty > _MAX_EMPTY_DAYS:
                return


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
        days &= {day for day in days if _in_weeks(day, rule.by_week_no, rule.week_start)}
    if rule.by_month:
        days = {day for day in days if date.fromordinal(day).month in rule.by_month}
    if rule.by_month and any(n for n, _ in rule.by_day):
        spans = [(date(year, m, 1).toordinal(), monthrange(year, m)[1]) for m in rule.by_month]
        days &= {day for span in spans for day in _weekdays(rule.by_day, *span)}
    elif rule.by_day:
        days &= set(_weekdays(rule.by_day, first, length))
    keep = _limits(rule, "by_month_day")
    return sorted(day for day in days if keep is None or keep(day))


# --- Limits: BY parts that only let days pass ---


def _limits(rule: Rule, *parts: str) -> Callable[[int], bool] | None:
    """The test that all of these parts which the rule has put on a day (an ordinal)."""
    tests = [_LIMITS[part] for part in parts if getattr(rule, part)]
    if not tests:
        return None
    return lambda day: all(test(rule, day) for test in tests)


def _length_of_year(year: int) -> int:
    return date(year, 12, 31).timetuple().tm_yday


def _month_limit(rule: Rule, day: int) -> bool:
    return date.fromordinal(day).month in rule.by_month


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
    "by_month": _month_limit,
    "by_month_day": _month_day_limit,
    "by_year_day": _year_day_limit,
    "by_week_no": _week_no_limit,
    "by_day": _day_limit,
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


# --- HOURLY and shorter: day by day, only the hours, minutes and seconds that can match ---


def _within_days(rule: Rule, start: datetime, after: datetime) -> Iterator[datetime]:
    per_day = _PER_DAY[rule.freq]
    of_day = start.hour * 3600 + start.minute * 60 + start.second
    origin = start.toordinal() * per_day + of_day * per_day // DAY_S
    misses = 0
    for day in _days(rule, start, after):
        day_ = date.fromordinal(day)
        for seconds in _units(rule, origin - day * per_day):
            if seconds is None:
                misses += 1
                if misses > MAX_EXAMINED:
                    return
            else:
                misses = 0
                yield datetime.combine(day_, time(*_clock(seconds)))


def _clock(seconds: int) -> tuple[int, int, int]:
    return seconds // 3600, seconds // 60 % 60, seconds % 60


def _units(rule: Rule, origin: int) -> Iterator[int | None]:
    """Seconds of the day that match, and a None for each step that found none.

    `origin` is where DTSTART stands, in periods of the rule counted from this midnight.
    """
    yield None
    if origin % rule.interval >= _PER_DAY[rule.freq]:
        return
    per_hour = _PER_DAY[rule.freq] // 24
    for hour in rule.by_hour or range(24):
        yield None
        if (origin - hour * per_hour) % rule.interval >= per_hour:
            continue
        if rule.freq == Freq.HOURLY:
            yield from _picked(rule, hour * 3600, rule.by_minute)
            continue
        for minute in rule.by_minute or range(60):
            yield None
            number = hour * 60 + minute
            if rule.freq == Freq.SECONDLY:
                yield from _seconds(rule, number * 60, origin)
            elif (number - origin) % rule.interval == 0:
                yield from _picked(rule, number * 60, (0,))


def _picked(rule: Rule, base: int, minutes: tuple[int, ...]) -> Iterator[int]:
    """The minutes and seconds of one hour or minute, as BYSETPOS picks of them."""
    count = len(rule.by_second)
    indexes: list[int] | range = range(len(minutes) * count)
    if rule.by_set_pos:
        indexes = _positions(rule.by_set_pos, len(indexes))
    for index in indexes:
        yield base + minutes[index // count] * 60 + rule.by_second[index % count]


def _seconds(rule: Rule, base: int, origin: int) -> Iterator[int | None]:
    if rule.by_set_pos and not {1, -1} & set(rule.by_set_pos):
        return
    for second in range((origin - base) % rule.interval, 60, rule.interval):
        yield base + second if not rule.by_second or second in rule.by_second else None
