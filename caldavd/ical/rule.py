"""Recurrence rules as they are written (RFC 5545 §3.3.10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from caldavd.ical.values import Temporal, parse_temporal


class Freq(IntEnum):
    """From the longest period to the shortest."""

    YEARLY = 0
    MONTHLY = 1
    WEEKLY = 2
    DAILY = 3
    HOURLY = 4
    MINUTELY = 5
    SECONDLY = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """A RECUR value. An empty tuple: the part is not there. Weekdays count from Monday = 0."""

    freq: Freq
    interval: int = 1
    count: int | None = None
    until: Temporal | None = None
    by_second: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_hour: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    """(ordinal, weekday); ordinal 0: every one in the period."""
    by_month_day: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_week_no: tuple[int, ...] = ()
    by_month: tuple[int, ...] = ()
    by_set_pos: tuple[int, ...] = ()
    week_start: int = 0


WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY: Final = re.compile(r"([+-]?\d{0,2})(MO|TU|WE|TH|FR|SA|SU)")
_NUMBERS: Final = {
    "BYSECOND": ("by_second", 0, 60, False),
    "BYMINUTE": ("by_minute", 0, 59, False),
    "BYHOUR": ("by_hour", 0, 23, False),
    "BYMONTHDAY": ("by_month_day", 1, 31, True),
    "BYYEARDAY": ("by_year_day", 1, 366, True),
    "BYWEEKNO": ("by_week_no", 1, 53, True),
    "BYMONTH": ("by_month", 1, 12, False),
    "BYSETPOS": ("by_set_pos", 1, 366, True),
}
MAX_DIGITS: Final = 9
"""Numbers in a rule have no more."""
BIG: Final = 10**MAX_DIGITS
"""A COUNT of more digits is read as this: it is more than any limit."""
_IGNORED: Final = frozenset({"SKIP"})


def parse_rule(text: str) -> Rule:
    """The rule in a RECUR value. Raises ValueError, which names the part at fault.

    A rule in another calendar than the Gregorian (RSCALE, RFC 7529) is refused; a SKIP of RFC 7529
    is read as OMIT.
    """
    parts: dict[str, object] = {}
    for part in text.strip().strip(";").upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise ValueError(f"{part[:40]!r} in the rule is not NAME=VALUE")
        key, parsed = _part(name.strip(), value.strip())
        if key in parts:
            raise ValueError(f"the rule has {name[:40]} twice")
        if key:
            parts[key] = parsed
    if "freq" not in parts:
        raise ValueError("the rule has no FREQ")
    return Rule(**parts)  # type: ignore[arg-type]


def _part(name: str, value: str) -> tuple[str, object]:
    """The field of Rule that a part sets, and its value; an empty name: it has no effect."""
    if name in _NUMBERS:
        field, low, high, negative = _NUMBERS[name]
        return field, _numbers(name, value, low, high, negative)
    if name in _OTHERS:
        field, read = _OTHERS[name]
        return field, read(value)
    if name in _IGNORED or name.startswith("X-"):
        return "", None
    raise ValueError(f"{name[:40]} is no part of a rule")


def _numbers(name: str, value: str, low: int, high: int, negative: bool) -> tuple[int, ...]:
    numbers = set()
    for text in value.split(","):
        number = _integer(name, text)
        if not low <= (abs(number) if negative else number) <= high:
            raise ValueError(f"{name}={text[:40]} is out of range")
        # Second 60 reads as 59 where there are no leap seconds (§3.3.12).
        numbers.add(min(number, 59) if name == "BYSECOND" else number)
    return tuple(sorted(numbers))


def _integer(name: str, text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(f"{name}={text[:40]} is not a number")
    if len(text) > MAX_DIGITS:
        raise ValueError(f"{name}={text[:40]} is a number of more than {MAX_DIGITS} digits")
    return int(text)


def _interval(value: str) -> int:
    number = _integer("INTERVAL", value)
    if number < 1:
        raise ValueError(f"INTERVAL={value} must be at least 1")
    return number


def _count(value: str) -> int:
    """Of however many digits: how many instances there may be is said elsewhere."""
    many = len(value) > MAX_DIGITS and value.isascii() and value.isdigit()
    number = BIG if many else _integer("COUNT", value)
    if number < 1:
        raise ValueError(f"COUNT={value} must be at least 1")
    return number


def _freq(value: str) -> Freq:
    if value not in Freq.__members__:
        raise ValueError(f"FREQ={value[:40]} is not defined")
    return Freq[value]


def _days(value: str) -> tuple[tuple[int, int], ...]:
    days = set()
    for text in value.split(","):
        match = _DAY.fullmatch(text)
        if match is None or match[1] in ("+", "-", "0", "+0", "-0", "00"):
            raise ValueError(f"BYDAY={text[:40]} is not a weekday")
        ordinal = int(match[1] or 0)
        if abs(ordinal) > 53:
            raise ValueError(f"BYDAY={text[:40]} is out of range")
        days.add((ordinal, WEEKDAYS.index(match[2])))
    return tuple(sorted(days))


def _weekday(value: str) -> int:
    if value not in WEEKDAYS:
        raise ValueError(f"WKST={value[:40]} is not a weekday")
    return WEEKDAYS.index(value)


def _until(value: str) -> Temporal:
    """The last moment. Year 9999, by which some clients say "never", is one too late to compute."""
    return parse_temporal("9998" + value[4:] if value.startswith("9999") else value)


def _gregorian(value: str) -> None:
    if value not in ("GREGORIAN", "GREGORY", "ISO8601"):
        raise ValueError(f"rules in the calendar {value[:40]} are not supported")


_OTHERS: Final[dict[str, tuple[str, Callable[[str], object]]]] = {
    "FREQ": ("freq", _freq),
    "INTERVAL": ("interval", _interval),
    "COUNT": ("count", _count),
    "UNTIL": ("until", _until),
    "BYDAY": ("by_day", _days),
    "WKST": ("week_start", _weekday),
    "RSCALE": ("", _gregorian),
}
