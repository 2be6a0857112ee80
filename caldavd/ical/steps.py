"""Rules that do nothing but step by days or weeks: nearly all there are, and the most to index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from caldavd.ical.rule import Freq, Rule


def steps(rule: Rule, start: datetime, after: datetime, before: datetime) -> Iterator[datetime]:
    """What `expansion.expand` gives for a rule that only `is_plain`, in a third of its time."""
    base, days = _period(rule, start)
    length = (7 if rule.freq is Freq.WEEKLY else 1) * rule.interval
    try:
        step = timedelta(days=length)
        first = base + max(0, (after - base) // step) * step
        if rule.count is not None:
            before = min(before, start + (rule.count - 1) * step + timedelta(seconds=1))
    except OverflowError:
        # One step leads out of the calendar, or the last one would.
        return iter((start,) if after <= start < before else ())
    if base is not start:
        return _several(start, first, (step, days), (after, before))
    return _one(first if first >= after else first + step, step, before)


def is_plain(rule: Rule) -> bool:
    """Whether it has the same times of day every so many days, or the same days of every week."""
    if rule.freq is Freq.DAILY:
        by_day = not rule.by_day
    else:
        ordinary = rule.count is None and not any(ordinal for ordinal, _ in rule.by_day)
        by_day = rule.freq is Freq.WEEKLY and (ordinary or not rule.by_day)
    return by_day and not (
        rule.by_second
        or rule.by_minute
        or rule.by_hour
        or rule.by_month_day
        or rule.by_year_day
        or rule.by_week_no
        or rule.by_month
        or rule.by_set_pos
    )


def _period(rule: Rule, start: datetime) -> tuple[datetime, Sequence[timedelta]]:
    """Where the first period begins, and the days in each of them."""
    weekdays = {(weekday - rule.week_start) % 7 for _, weekday in rule.by_day}
    of_start = (start.weekday() - rule.week_start) % 7
    if weekdays <= {of_start}:
        return start, (timedelta(),)
    return start - timedelta(days=of_start), [timedelta(days=day) for day in sorted(weekdays)]


def _one(moment: datetime, step: timedelta, before: datetime) -> Iterator[datetime]:
    try:
        while moment < before:
            yield moment
            moment += step
    except OverflowError:
        return


def _several(
    start: datetime,
    week: datetime,
    within: tuple[timedelta, Sequence[timedelta]],
    window: tuple[datetime, datetime],
) -> Iterator[datetime]:
    """The days of each week from `week` on, after DTSTART, whether it is one of them or not."""
    step, days = within
    after, before = window
    if after <= start < before:
        yield start
    try:
        while week < before:
            for day in days:
                moment = week + day
                if moment > start and moment >= after:
                    yield moment
            week += step
    except OverflowError:
        return
