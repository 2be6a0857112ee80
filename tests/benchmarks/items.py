"""The calendar that is measured: the same objects on every run, and which a time range holds.

A week of the busy time has about ten hits however many objects there are: the first 200 lie in
the busy time, four of them every week of it, all others in years before and after.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Final

BUSY_OBJECTS: Final = 200
BUSY_FROM: Final = date(2026, 2, 2)
"""A Monday."""
BUSY_WEEKS: Final = 46
EVERY_WEEK: Final = 4
"""Objects with a weekly rule that does not end."""
OTHER_YEARS: Final = (*range(2010, 2025), *range(2028, 2033))
REPEATS: Final = 5
"""Instances of a weekly rule that ends."""
_MONDAYS_A_YEAR: Final = 40
_WEEK: Final = timedelta(days=7)
_LINE_BYTES: Final = 75

_BERLIN: Final = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZNAME:CEST
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:CET
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE"""
_NEW_YORK: Final = """BEGIN:VTIMEZONE
TZID:America/New_York
BEGIN:DAYLIGHT
TZNAME:EDT
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
END:DAYLIGHT
BEGIN:STANDARD
TZNAME:EST
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
END:STANDARD
END:VTIMEZONE"""
_ZONES: Final = (("Europe/Berlin", _BERLIN), ("America/New_York", _NEW_YORK))
_TEXT: Final = (
    "agenda budget release customer travel contract design review figures team Köln schedule "
    "draft planning Zürich decision report training visit support hiring office minutes offer"
)
_WORDS: Final = tuple(_TEXT.split())


class Kind(Enum):
    """What an object is."""

    SINGLE = "single"
    ALL_DAY = "all-day"
    WEEKLY = "weekly"
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True)
class Item:
    """One calendar object, and the day of its first instance.

    Its instances lie within their day in UTC too; none is on the days around a week's border
    where an all-day event would fall into either week, depending on the zone.
    """

    number: int
    kind: Kind
    day: date

    @property
    def uid(self) -> str:
        return f"benchmark-{self.number:06d}@example.org"

    @property
    def name(self) -> str:
        return f"{self.number:06d}.ics"

    def is_in(self, start: date, end: date) -> bool:
        """Whether an instance lies in [start, end)."""
        if self.kind is Kind.ENDLESS:
            return end > self.day
        count = REPEATS if self.kind is Kind.WEEKLY else 1
        return any(start <= self.day + n * _WEEK < end for n in range(count))

    def text(self) -> str:
        """The object as a client sends it, 0.8 to 1.5 kB."""
        drawn = random.Random(self.number)
        zone, definition = drawn.choice(_ZONES)
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN"]
        if self.kind is not Kind.ALL_DAY:
            lines += definition.split("\n")
        lines += ["BEGIN:VEVENT", f"UID:{self.uid}", "DTSTAMP:20260101T000000Z"]
        lines += ["CREATED:20260101T000000Z", "SEQUENCE:0"]
        lines += self._when(drawn, zone)
        lines += [f"SUMMARY:{_words(drawn, 40)}", f"LOCATION:{_words(drawn, 25)}"]
        lines += [f"DESCRIPTION:{_words(drawn, drawn.randint(330, 640))}"]
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:soon", "TRIGGER:-PT15M"]
        lines += ["END:VALARM", "END:VEVENT", "END:VCALENDAR"]
        return "".join(f"{_folded(line)}\r\n" for line in lines)

    def _when(self, drawn: random.Random, zone: str) -> Iterator[str]:
        if self.kind is Kind.ALL_DAY:
            yield f"DTSTART;VALUE=DATE:{self.day:%Y%m%d}"
            yield f"DTEND;VALUE=DATE:{self.day + timedelta(days=1):%Y%m%d}"
            return
        at = time(drawn.randint(8, 15), drawn.choice((0, 15, 30, 45)))
        start = datetime.combine(self.day, at)
        end = start + timedelta(minutes=drawn.choice((30, 60, 90)))
        yield f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}"
        yield f"DTEND;TZID={zone}:{end:%Y%m%dT%H%M%S}"
        if self.kind is Kind.ENDLESS:
            yield "RRULE:FREQ=WEEKLY"
        elif self.kind is Kind.WEEKLY:
            yield f"RRULE:FREQ=WEEKLY;COUNT={REPEATS}"


def make(count: int) -> list[Item]:
    """The first `count` objects; more objects are the same ones and others."""
    return [_item(number) for number in range(count)]


def hits(among: Sequence[Item], start: date, end: date) -> set[str]:
    """The names of the objects with an instance in [start, end)."""
    return {item.name for item in among if item.is_in(start, end)}


def ranges(weeks: int) -> list[tuple[date, date]]:
    """Ranges of that many whole weeks in the busy time, each beginning on a Monday."""
    first = REPEATS  # from where on every week has its share of the repeating ones
    mondays = range(first, BUSY_WEEKS - weeks - first, 2)
    return [(BUSY_FROM + n * _WEEK, BUSY_FROM + (n + weeks) * _WEEK) for n in mondays]


def revised(text: str, revision: int) -> str:
    """An object as a client changes it; its times stay."""
    return text.replace("SEQUENCE:0", f"SEQUENCE:{revision}", 1)


def _item(number: int) -> Item:
    drawn = random.Random(f"item {number}")
    if number < EVERY_WEEK:
        return Item(number, Kind.ENDLESS, BUSY_FROM + timedelta(days=number))
    kind = _KINDS[number % len(_KINDS)]
    if number < BUSY_OBJECTS:
        monday = BUSY_FROM + (number * 29 % BUSY_WEEKS) * _WEEK
    else:
        year = OTHER_YEARS[number % len(OTHER_YEARS)]
        first = date(year, 1, 8)
        monday = first - timedelta(days=first.weekday()) + drawn.randrange(_MONDAYS_A_YEAR) * _WEEK
    weekday = drawn.randint(1, 3) if kind is Kind.ALL_DAY else drawn.randint(0, 4)
    return Item(number, kind, monday + timedelta(days=weekday))


_KINDS: Final = (
    *[Kind.SINGLE] * 4,
    Kind.ALL_DAY,
    *[Kind.SINGLE] * 4,
    Kind.WEEKLY,
)


def _words(drawn: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += f"{drawn.choice(_WORDS)} "
    return text.strip()


def _folded(line: str) -> str:
    """RFC 5545 §3.1, between characters."""
    if len(line.encode()) <= _LINE_BYTES:
        return line
    parts, current, size = [], "", 0
    for character in line:
        size += len(character.encode())
        if size > _LINE_BYTES:
            parts.append(current)
            current, size = "", 1 + len(character.encode())
        current += character
    return "\r\n ".join([*parts, current])
