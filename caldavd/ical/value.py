"""Value types as they are written: DATE, DATE-TIME, DURATION, PERIOD, RECUR (RFC 5545 §3.3).

Every function raises Malformed, with a message that completes "DTSTART ...".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Malformed

MAX_RULE: Final = 4_000
"""Rules of more characters repeat themselves: 366 year days take 1,800."""

_DATE: Final = re.compile(r"[0-9]{8}")
_DATE_TIME: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z?")
_DURATION: Final = re.compile(
    r"([+-]?)P(?=T?[0-9])(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?"
)
_LONGEST: Final = timedelta(days=3_652_059)
"""From year 1 to year 9999."""

_COUNT: Final = re.compile(r"[0-9]{1,9}")
_SIGNED: Final = re.compile(r"[+-]?[0-9]{1,3}")
_WEEKDAY: Final = re.compile(r"([+-]?[0-9]{1,2})?(?:MO|TU|WE|TH|FR|SA|SU)")
_FREQUENCIES: Final = frozenset(
    ("SECONDLY", "MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
)
_RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "BYSECOND": (0, 60),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTH": (1, 12),
    "BYMONTHDAY": (-31, 31),
    "BYYEARDAY": (-366, 366),
    "BYWEEKNO": (-53, 53),
    "BYSETPOS": (-366, 366),
}


def moment(value: str) -> date | datetime:
    """A DATE, or a DATE-TIME: aware if it ends in Z, else naive. A leap second is second 59."""
    if _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(_without_leap_second(value))
        except ValueError:
            raise Malformed(f"{_shown(value)} is no date and time of the calendar") from None
    if _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise Malformed(f"{_shown(value)} is no date of the calendar") from None
    raise Malformed(f"{_shown(value)} is neither a DATE (20260131) nor a DATE-TIME")


def duration(value: str) -> timedelta:
    """A DURATION, signed. Weeks beside days, and a T with nothing after it, are tolerated."""
    match = _DURATION.fullmatch(value)
    if match is None:
        raise Malformed(f"{_shown(value)} is no DURATION (PT1H30M, P1D, -PT15M)")
    sign, *numbers = match.groups()
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in numbers)
    length = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if length > _LONGEST:
        raise Malformed(f"{_shown(value)} is longer than the calendar")
    return -length if sign == "-" else length


def period(value: str) -> tuple[date | datetime, date | datetime | timedelta]:
    """A PERIOD: its start, and its end or its duration."""
    start, slash, end = value.partition("/")
    if not slash:
        raise Malformed(f"{_shown(value)} is no PERIOD (start/end or start/duration)")
    return moment(start), duration(end) if "P" in end else moment(end)


def rule(value: str) -> dict[str, str]:
    """The parts of a RECUR, names and values in upper case, each checked on its own.

    Parts of RFC 7529 and X- parts are let through; under a foreign RSCALE no range is checked.
    """
    if len(value) > MAX_RULE:
        raise Malformed(f"is a rule of more than {MAX_RULE} characters")
    parts: dict[str, str] = {}
    for text in value.upper().split(";"):
        if not text:
            continue
        name, equals, part = text.partition("=")
        if not equals or not part:
            raise Malformed(f"has the rule part {_shown(text)}, which is no NAME=VALUE")
        if name in parts:
            raise Malformed(f"has the rule part {_shown(name)} twice")
        parts[name] = part
    _check_whole(parts)
    gregorian = parts.get("RSCALE", "GREGORIAN") == "GREGORIAN"
    for name, part in parts.items():
        if not _valid(name, part, gregorian):
            raise Malformed(f"has the rule part {_shown(f'{name}={part}')}, which is not valid")
    return parts


def _check_whole(parts: Mapping[str, str]) -> None:
    if parts.get("FREQ") not in _FREQUENCIES:
        raise Malformed("has a rule without a FREQ such as DAILY or WEEKLY")
    if "COUNT" in parts and "UNTIL" in parts:
        raise Malformed("has a rule with both COUNT and UNTIL; only one may be given")


def _valid(name: str, part: str, gregorian: bool) -> bool:
    if name in _RANGES:
        low, high = _RANGES[name]
        return not gregorian or all(_in_range(text, low, high) for text in part.split(","))
    check = _OTHER_PARTS.get(name)
    return name.startswith("X-") if check is None else check(part)


def _in_range(text: str, low: int, high: int) -> bool:
    """Whether a number lies in the range; 0 is refused where the range is signed."""
    if _SIGNED.fullmatch(text) is None or (low >= 0 and not text.isdigit()):
        return False
    number = int(text)
    return low <= number <= high and (number != 0 or low == 0)


def _positive(part: str) -> bool:
    return _COUNT.fullmatch(part) is not None and int(part) > 0


def _weekdays(part: str) -> bool:
    matches = (_WEEKDAY.fullmatch(text) for text in part.split(","))
    return all(
        match is not None and (match[1] is None or 1 <= abs(int(match[1])) <= 53)
        for match in matches
    )


def _weekday(part: str) -> bool:
    match = _WEEKDAY.fullmatch(part)
    return match is not None and match[1] is None


def _moment(part: str) -> bool:
    moment(part)
    return True


def _any(_: str) -> bool:
    return True


_OTHER_PARTS: Final[Mapping[str, Callable[[str], bool]]] = {
    "FREQ": _any,
    "COUNT": _positive,
    "INTERVAL": _positive,
    "UNTIL": _moment,
    "BYDAY": _weekdays,
    "WKST": _weekday,
    "RSCALE": _any,
    "SKIP": _any,
}


def _without_leap_second(value: str) -> str:
    return value[:13] + "59" + value[15:] if value[13:15] == "60" else value


def _shown(value: str) -> str:
    """A value in a message: quoted, printable and short."""
    return ascii(value if len(value) <= 40 else value[:40] + "...")
