"""The value types that carry time: DATE, DATE-TIME, DURATION, PERIOD (RFC 5545 §3.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final, NamedTuple, TypeVar

Temporal = date | datetime
"""A value as written: aware (UTC or a zone), naive (floating), or a date (all day)."""

_Moment = TypeVar("_Moment", date, datetime)

EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  wall time, compared with wall times only
_EPOCH_UTC: Final = EPOCH.replace(tzinfo=UTC)
DAY_S: Final = 86_400
MAX_DURATION_DAYS: Final = 366 * 400

_DATE_TIME: Final = re.compile(r"(\d{8}T(?:[01]\d|2[0-3])\d\d)(\d\d)(Z?)", re.ASCII)
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
_DURATION: Final = re.compile(
    r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.I
)


class Duration(NamedTuple):
    """A duration in its two parts: days are nominal (wall time), seconds exact (§3.3.6)."""

    days: int
    seconds: int

    @property
    def delta(self) -> timedelta:
        return timedelta(days=self.days, seconds=self.seconds)


class Period(NamedTuple):
    """A period (§3.3.9): its end, or how long it lasts."""

    start: datetime
    end: datetime | Duration


def parse_date(text: str) -> date:
    """A DATE, `19970714`. Raises ValueError."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a DATE (YYYYMMDD)")
    return _checked(date(int(match[1]), int(match[2]), int(match[3])))


def parse_datetime(text: str, zone: tzinfo | None = None) -> datetime:
    """A DATE-TIME: aware in UTC if it ends in Z, else in `zone`, naive if that is None.

    Second 60 reads as 59 (§3.3.12). Raises ValueError.
    """
    match = _DATE_TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a DATE-TIME (YYYYMMDDTHHMMSS, perhaps with Z)")
    minute, second, utc = match.groups()
    moment = datetime.fromisoformat(minute + ("59" if second == "60" else second))
    return _checked(moment.replace(tzinfo=UTC if utc else zone))


def parse_temporal(text: str, zone: tzinfo | None = None) -> Temporal:
    """A DATE or a DATE-TIME, as the text is: clients forget VALUE=DATE. Raises ValueError."""
    return parse_datetime(text, zone) if "T" in text else parse_date(text)


def parse_nominal(text: str) -> Duration:
    """A DURATION in its nominal days and exact seconds. Raises ValueError."""
    text = text.strip()
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()[1:]) or text[-1] in "Tt":
        raise ValueError(f"{text[:40]!r} is not a DURATION (such as PT1H or P1D)")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    sign = -1 if match[1] == "-" else 1
    duration = Duration(sign * (weeks * 7 + days), sign * (hours * 3600 + minutes * 60 + seconds))
    if abs(duration.days) + abs(duration.seconds) // DAY_S > MAX_DURATION_DAYS:
        raise ValueError(f"the duration {text[:40]!r} is longer than 400 years")
    return duration


def parse_duration(text: str) -> timedelta:
    """A DURATION as one length, days being 24 hours. Raises ValueError."""
    return parse_nominal(text).delta


def parse_period(text: str, zone: tzinfo | None = None) -> Period:
    """A PERIOD, `start/end` or `start/duration`. Raises ValueError."""
    start, slash, end = text.partition("/")
    if not slash:
        raise ValueError(f"{text[:60]!r} is not a PERIOD (start/end or start/duration)")
    read: Callable[[str], datetime | Duration] = (
        parse_nominal if "P" in end.upper() else lambda value: parse_datetime(value, zone)
    )
    return Period(parse_datetime(start, zone), read(end))


def is_date(value: Temporal) -> bool:
    return not isinstance(value, datetime)


def wall(value: Temporal) -> datetime:
    """What the clock on the wall shows at a value, as it is written; midnight for a date."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime(value.year, value.month, value.day)  # noqa: DTZ001


def wall_seconds(moment: datetime) -> int:
    """A wall time counted in seconds as if it were UTC."""
    delta = moment - EPOCH
    return delta.days * DAY_S + delta.seconds


def epoch(value: Temporal, floating: tzinfo) -> int:
    """The instant of a value in epoch seconds; `floating` places what has no zone of its own.

    A wall time in a gap is read with the offset before the gap, one that occurs twice is the
    first (RFC 5545 §3.3.5): what fold=0 means.
    """
    if isinstance(value, datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=floating)
    else:
        value = datetime(value.year, value.month, value.day, tzinfo=floating)
    delta = value - _EPOCH_UTC
    return delta.days * DAY_S + delta.seconds


def _checked(value: _Moment) -> _Moment:
    """The value, if a day more or less of it is still a date."""
    if not 1 < value.year < 9999:
        raise ValueError(f"the year {value.year} is out of range")
    return value
