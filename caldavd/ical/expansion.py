"""The wall times that a recurrence rule generates (RFC 5545 §3.3.10), in order and lazily.

Everything here is wall time: zones, UNTIL and exceptions are the caller's. A rule without COUNT
starts at the period of `after`, so its cost does not grow with the distance from DTSTART. Each
search ends: where nothing was found in a bounded number of steps, the rule has no more instances.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import chain, dropwhile, islice, takewhile
from typing import Final

from caldavd.ical.dayset import LAST_DAY, day_sets, limited
from caldavd.ical.rule import Freq, Rule
from caldavd.ical.values import DAY_S

MAX_COUNTED: Final = 200_000
"""Instances counted one by one for a rule with COUNT; what lies after these is not looked for."""
MAX_EXAMINED: Final = 60_000
"""Days, hours, minutes and seconds examined in a row without a hit: the rule has no more."""
MAX_WORK: Final = 100_000
"""Those examined without a hit in one search, wherever the hits are: more is too much work."""
_PER_DAY: Final = {Freq.HOURLY: 24, Freq.MINUTELY: 1_440, Freq.SECONDLY: DAY_S}


class TooMany(ValueError):
    """There are more instances than the limit, or it would take too long to find them."""


def expand(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    """`start` and what the rule adds to it, from `after` on, in order.

    The search ends soon after `before`; what lies there may come too. Raises TooMany.

    `start` is the first instance and counted by COUNT, whether the rule generates it or not.
    UNTIL is not looked at.
    """
    if rule.count is not None:
        last = _last_of_plain(rule, rule.count, start)
        if last is None:
            return _counted(rule, rule.count, start, after, before)
        return takewhile(last.__ge__, _endless(rule, start, after, before))
    return _endless(rule, start, after, before)


def generated(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    """What the rule itself generates from `after` on, `start` only if it matches (for EXRULE)."""
    moments = _walls(rule, start, start if rule.count else after, before)
    counted = islice(
        (m for m in moments if m >= start), rule.count and min(rule.count, MAX_COUNTED)
    )
    return (moment for moment in counted if moment >= after)


def _endless(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    if start >= after:
        return chain((start,), dropwhile(start.__ge__, _walls(rule, start, after, before)))
    return dropwhile(after.__gt__, _walls(rule, start, after, before))


def _counted(
    rule: Rule, count: int, start: datetime, after: datetime, before: datetime
) -> Iterator[datetime]:
    later = (moment for moment in _walls(rule, start, start, before) if moment > start)
    for moment in chain((start,), islice(later, min(count, MAX_COUNTED) - 1)):
        if moment >= after:
            yield moment


def _last_of_plain(rule: Rule, count: int, start: datetime) -> datetime | None:
    """The last of `count` instances, where each period has exactly one; else None."""
    if not _plain(rule):
        return None
    periods = min((count - 1) * rule.interval, LAST_DAY * DAY_S)
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


def _walls(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    """What the rule generates from the period of `start`, or of `after` if that is later."""
    rule = _explicit(rule, start)
    after = max(start, after)
    if rule.by_set_pos and min(map(abs, rule.by_set_pos)) > _largest_set(rule):
        return iter(())
    if rule.freq >= Freq.HOURLY:
        return _within_days(rule, start, after, before)
    return _by_day_set(rule, start, after, before)


def _largest_set(rule: Rule) -> int:
    """A bound of the instances in one period of the rule."""
    within = max(len(rule.by_second), 1)
    if rule.freq <= Freq.HOURLY:
        within *= max(len(rule.by_minute), 1)
    if rule.freq <= Freq.DAILY:
        within *= max(len(rule.by_hour), 1)
    return within * _MOST_DAYS.get(rule.freq, 1)


_MOST_DAYS: Final = {Freq.YEARLY: 366, Freq.MONTHLY: 31, Freq.WEEKLY: 7}


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


def _by_day_set(
    rule: Rule, start: datetime, after: datetime, before: datetime
) -> Iterator[datetime]:
    times = [
        time(hour, minute, second)
        for hour in rule.by_hour
        for minute in rule.by_minute
        for second in rule.by_second
    ]
    misses, most = 0, _MAX_EMPTY.get(rule.freq, MAX_EXAMINED)
    for days in day_sets(rule, start, after, before):
        misses += 1
        for moment in _at_times(rule, days, times):
            misses = 0
            yield moment
        if misses > most:
            return


def _at_times(rule: Rule, days: list[int], times: list[time]) -> Iterator[datetime]:
    """The moments of one period: its days at the times of day, as BYSETPOS picks of them."""
    if not rule.by_set_pos:
        return (_combine(date.fromordinal(day), clock) for day in days for clock in times)
    picked = _positions(rule.by_set_pos, len(days) * len(times))
    pairs = (divmod(index, len(times)) for index in picked)
    return (_combine(date.fromordinal(days[day]), times[clock]) for day, clock in pairs)


_combine: Final = datetime.combine
_MAX_EMPTY: Final = {Freq.YEARLY: 400, Freq.MONTHLY: 4_800}
"""Periods in a row without a day after which all that follows is the same again."""


def _positions(by_set_pos: tuple[int, ...], total: int) -> list[int]:
    """The indexes that BYSETPOS picks of a set of `total`."""
    wanted = {n - 1 if n > 0 else total + n for n in by_set_pos}
    return sorted(index for index in wanted if 0 <= index < total)


# --- HOURLY and shorter: day by day, only the hours, minutes and seconds that can match ---


def _within_days(
    rule: Rule, start: datetime, after: datetime, before: datetime
) -> Iterator[datetime]:
    per_day = _PER_DAY[rule.freq]
    origin = start.toordinal() * per_day + _of_day(start) * per_day // DAY_S
    first, since = after.toordinal(), _of_day(after)
    misses = work = 0
    for day in _days_in_step(rule, start, after, before):
        midnight: datetime | None = None
        for seconds in _units(rule, origin - day * per_day, since if day == first else 0):
            if seconds is None:
                misses += 1
                work += 1
                continue
            misses = 0
            if midnight is None:
                midnight = datetime.fromordinal(day)
            yield midnight + timedelta(seconds=seconds)
        if misses > MAX_EXAMINED:
            return
        if work > MAX_WORK:
            raise TooMany("the rule happens too rarely to be followed this far")


def _of_day(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _days_in_step(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[int]:
    """The days to look at: where the interval is longer than a day, those that it comes to."""
    per_day = _PER_DAY[rule.freq]
    if rule.interval <= per_day or limited(rule) or rule.by_day:
        return chain.from_iterable(day_sets(rule, start, after, before))
    origin = start.toordinal() * per_day + _of_day(start) * per_day // DAY_S
    away = (origin - after.toordinal() * per_day) % rule.interval
    last = min(before.toordinal() + 1, LAST_DAY) * per_day
    numbers = range(after.toordinal() * per_day + away, last, rule.interval)
    return (number // per_day for number in numbers)


def _units(rule: Rule, origin: int, since: int) -> Iterator[int | None]:
    """Seconds of the day that match, and a None for each step that found none.

    `origin` is where DTSTART stands, in periods of the rule counted from this midnight. Hours
    that end before second `since` are passed over.
    """
    yield None
    if origin % rule.interval >= _PER_DAY[rule.freq]:
        return
    per_hour = _PER_DAY[rule.freq] // 24
    for hour in rule.by_hour or range(since // 3600, 24):
        away = (origin - hour * per_hour) % rule.interval
        if away >= per_hour or hour < since // 3600:
            yield None
        elif rule.freq == Freq.HOURLY:
            yield from _picked(rule, hour * 3600, rule.by_minute)
        elif rule.freq == Freq.SECONDLY and rule.interval >= 60:
            yield from _rare_seconds(rule, hour * 3600, away)
        else:
            yield from _minutes(rule, hour * 60, origin, since)


def _minutes(rule: Rule, first: int, origin: int, since: int) -> Iterator[int | None]:
    """The seconds that match in the hour that begins with minute `first` of the day."""
    minutely = rule.freq == Freq.MINUTELY
    away = (origin - first) % rule.interval if minutely else 0
    for minute in rule.by_minute or range(away, 60, rule.interval if minutely else 1):
        number = first + minute
        if number < since // 60:
            continue
        yield None
        if not minutely:
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


def _seconds(rule: Rule, base: int, origin: int) -> Iterator[int]:
    """The seconds that match in the minute that begins at second `base` of the day."""
    if _none_picked(rule):
        return
    away = (origin - base) % rule.interval
    for second in rule.by_second or range(away, 60, rule.interval):
        if (second - away) % rule.interval == 0:
            yield base + second


def _rare_seconds(rule: Rule, base: int, away: int) -> Iterator[int | None]:
    """The same in an hour, whose steps are fewer than its minutes."""
    if _none_picked(rule):
        return
    for seconds in range(away, 3600, rule.interval):
        minute, second = divmod(seconds, 60)
        fits = (not rule.by_minute or minute in rule.by_minute) and (
            not rule.by_second or second in rule.by_second
        )
        yield base + seconds if fits else None


def _none_picked(rule: Rule) -> bool:
    """Whether BYSETPOS leaves nothing of a set of one, as that of a second is."""
    return bool(rule.by_set_pos) and not {1, -1} & set(rule.by_set_pos)
