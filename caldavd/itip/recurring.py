"""Recurrence rules in words: those that people have, and that they could say themselves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.values import Temporal
from caldavd.itip.moments import in_words, listed
from caldavd.languages.phrases import Language

_WORKDAYS: Final = tuple((0, day) for day in range(5))


def repeats(component: Component, start: Temporal | None, language: Language) -> str:
    """How a component repeats; empty where it does not."""
    phrases, line = language.recurrence, component.first("RRULE")
    if line is None:
        return phrases.on_other_dates if component.first("RDATE") is not None else ""
    try:
        rule = parse_rule(line.value)
    except ValueError:
        return phrases.otherwise
    return _ended(_pattern(rule, language) or phrases.otherwise, rule, start, language)


def _pattern(rule: Rule, language: Language) -> str:
    """Without its end; empty where that takes too many words."""
    phrases = language.recurrence
    unusual = (
        *(rule.by_second, rule.by_minute, rule.by_hour),
        *(rule.by_year_day, rule.by_week_no, rule.by_set_pos, rule.by_month),
    )
    every = phrases.every.get(rule.freq.name, "")
    if not every or any(unusual):
        return ""
    if rule.interval != 1:
        every = phrases.every_n[rule.freq.name].format(n=rule.interval)
    if not rule.by_day and not rule.by_month_day:
        return every
    if rule.freq is Freq.WEEKLY and not rule.by_month_day:
        return _weekly(rule, every, language)
    return _monthly(rule, every, language) if rule.freq is Freq.MONTHLY else ""


def _weekly(rule: Rule, every: str, language: Language) -> str:
    phrases = language.recurrence
    if tuple(sorted(rule.by_day)) == _WORKDAYS and rule.interval == 1:
        return phrases.workdays
    if any(ordinal for ordinal, _ in rule.by_day):
        return ""
    days = [phrases.on_weekdays[day] for _, day in sorted(rule.by_day)]
    return phrases.weekly.format(every=every, days=listed(days, language))


def _monthly(rule: Rule, every: str, language: Language) -> str:
    phrases = language.recurrence
    if rule.by_month_day == (-1,) and not rule.by_day:
        return phrases.on_last_day.format(every=every)
    if rule.by_month_day and not rule.by_day and min(rule.by_month_day) > 0:
        days = [_number(day, language) for day in rule.by_month_day]
        pattern = phrases.on_month_day if len(days) == 1 else phrases.on_month_days
        return pattern.format(every=every, days=listed(days, language))
    if len(rule.by_day) == 1 and not rule.by_month_day and rule.by_day[0][0] in phrases.nth:
        ordinal, day = rule.by_day[0]
        forms = phrases.nth_feminine if day in phrases.feminine else phrases.nth
        said = forms[ordinal].format(day=language.times.weekdays[day])
        return phrases.on_nth_weekday.format(every=every, day=said)
    return ""


def _number(day: int, language: Language) -> str:
    shown = language.times.first_day if day == 1 else day
    return language.recurrence.month_day.format(day=shown)


def _ended(pattern: str, rule: Rule, start: Temporal | None, language: Language) -> str:
    phrases, until = language.recurrence, rule.until
    if rule.count is not None:
        return phrases.counted.of(rule.count, pattern=pattern)
    if until is None:
        return pattern
    if isinstance(until, datetime) and until.tzinfo and isinstance(start, datetime):
        until = until.astimezone(start.tzinfo) if start.tzinfo else until
        if until.time() < start.time():  # such as the end of a day in UTC: the last was before
            until -= timedelta(days=1)
    return phrases.until.format(pattern=pattern, day=in_words(until, language))
