"""The calendar that is measured: the same objects on every run, and which a time range holds.

A week of the busy time has about ten hits however many objects there are: the first 200 lie in
the busy time, four of them every week of it, all others in years before and after, or in Januaries.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

BUSY_OBJECTS: Final = 200
BUSY_FROM: Final = date(2026, 2, 2)
"""A Monday."""
BUSY_WEEKS: Final = 46
EVERY_WEEK: Final = 4
"""Objects with a weekly rule that does not end; half of them are as old as the calendar."""
OLD: Final = date(2010, 1, 4)
"""A Monday: when the calendar was begun."""
OTHER_YEARS: Final = (*range(2010, 2025), *range(2028, 2033))
OLD_YEARS: Final = range(2010, 2022)
REPEATS: Final = 5
"""Instances of a short weekly rule, those left out among them."""
LONG_REPEATS: Final = 100
"""Instances of a long one."""
OVERRIDDEN: Final = 1
LEFT_OUT: Final = 3
"""Which instance of a series with exceptions is an hour later, and which is not held."""
RARE: Final = "jubilee"
"""A word in the summaries of few objects, all of them among the first."""
_RARE_EVERY: Final = 19
_MONDAYS_A_YEAR: Final = 40
_JANUARY: Final = range(5, 29)
_WEEK: Final = timedelta(days=7)
_LINE_BYTES: Final = 75

BERLIN: Final = """BEGIN:VTIMEZONE
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
_ZONES: Final = (
    ("Europe/Berlin", BERLIN),
    ("Europe/Berlin", BERLIN),
    ("America/New_York", _NEW_YORK),
    ("UTC", ""),
)
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
    EXCEPTIONS = "weekly with exceptions"
    LONG = "weekly for two years"
    YEARLY = "every year, all day"
    ENDLESS = "weekly without end"


_ALL_DAY: Final = frozenset({Kind.ALL_DAY, Kind.YEARLY})
_REPEATS: Final = {
    Kind.SINGLE: 1,
    Kind.ALL_DAY: 1,
    Kind.WEEKLY: REPEATS,
    Kind.EXCEPTIONS: REPEATS,
    Kind.LONG: LONG_REPEATS,
}
_RULES: Final = {
    Kind.WEEKLY: f"FREQ=WEEKLY;COUNT={REPEATS}",
    Kind.EXCEPTIONS: f"FREQ=WEEKLY;COUNT={REPEATS}",
    Kind.LONG: f"FREQ=WEEKLY;COUNT={LONG_REPEATS}",
    Kind.YEARLY: "FREQ=YEARLY",
    Kind.ENDLESS: "FREQ=WEEKLY",
}


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

    @property
    def all_day(self) -> bool:
        """Whether it is free time and has a date instead of a time."""
        return self.kind in _ALL_DAY

    @property
    def rare(self) -> bool:
        """Whether its summary has the rare word."""
        return self.number < BUSY_OBJECTS and self.number % _RARE_EVERY == 1

    def days(self, end: date) -> Iterator[date]:
        """The days of its instances before `end`."""
        if self.kind is Kind.YEARLY:
            for year in range(self.day.year, end.year + 1):
                if (day := self.day.replace(year=year)) < end:
                    yield day
            return
        count = _REPEATS.get(self.kind, (end - self.day).days // 7 + 1)
        for number in range(count):
            day = self.day + number * _WEEK
            if day >= end:
                return
            if self.kind is not Kind.EXCEPTIONS or number != LEFT_OUT:
                yield day

    def is_in(self, start: date, end: date) -> bool:
        """Whether an instance lies in [start, end)."""
        return any(day >= start for day in self.days(end))

    def times(self, start: date, end: date) -> Iterator[tuple[datetime, datetime]]:
        """Its instances on days in [start, end), in UTC; of an all-day one there are none."""
        if self.all_day:
            return
        zone, first, minutes = self._first()
        for day in self.days(end):
            if day >= start:
                at = datetime.combine(day, first, ZoneInfo(zone))
                at += timedelta(hours=self._is_overridden(day))
                begins = at.astimezone(UTC)
                yield begins, begins + timedelta(minutes=minutes)

    def text(self) -> str:
        """The object as a client sends it, 0.8 to 1.5 kB, and twice that with exceptions."""
        zone, _, _ = self._first()
        definition = "" if self.all_day else dict(_ZONES)[zone]
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN"]
        lines += filter(None, definition.split("\n"))
        return folded([*lines, *self.components(), "END:VCALENDAR"])

    def components(self) -> Iterator[str]:
        """Its events as unfolded lines."""
        yield from self._component(self.day, overrides=False)
        if self.kind is Kind.EXCEPTIONS:
            yield from self._component(self.day + OVERRIDDEN * _WEEK, overrides=True)

    def _first(self) -> tuple[str, time, int]:
        """The zone, the time of day and the minutes that it takes."""
        drawn = random.Random(f"first {self.number}")
        zone, _ = drawn.choice(_ZONES)
        at = time(drawn.randint(8, 15), drawn.choice((0, 15, 30, 45)))
        return zone, at, drawn.choice((30, 60, 90))

    def _is_overridden(self, day: date) -> bool:
        return self.kind is Kind.EXCEPTIONS and day == self.day + OVERRIDDEN * _WEEK

    def _component(self, day: date, *, overrides: bool) -> Iterator[str]:
        drawn = random.Random(self.number)
        yield from ("BEGIN:VEVENT", f"UID:{self.uid}", "DTSTAMP:20260101T000000Z")
        yield from ("CREATED:20260101T000000Z", "SEQUENCE:0")
        yield from self._when(day, overrides)
        summary = f"{RARE.title()} " if self.rare else ""
        yield f"SUMMARY:{summary}{_words(drawn, 40)}"
        yield f"LOCATION:{_words(drawn, 25)}"
        yield f"DESCRIPTION:{_words(drawn, drawn.randint(330, 640))}"
        yield from ("BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:soon", "TRIGGER:-PT15M")
        yield from ("END:VALARM", "END:VEVENT")

    def _when(self, day: date, overrides: bool) -> Iterator[str]:
        rule = _RULES.get(self.kind)
        if self.all_day:
            yield f"DTSTART;VALUE=DATE:{day:%Y%m%d}"
            yield f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}"
            yield "TRANSP:TRANSPARENT"
        else:
            zone, first, minutes = self._first()
            at = datetime.combine(day, first)
            begins = at + timedelta(hours=overrides)
            yield _dated("DTSTART", zone, begins)
            yield _dated("DTEND", zone, begins + timedelta(minutes=minutes))
            if overrides:
                yield _dated("RECURRENCE-ID", zone, at)
                return
            if self.kind is Kind.EXCEPTIONS:
                yield _dated("EXDATE", zone, at + LEFT_OUT * _WEEK)
        if rule is not None:
            yield f"RRULE:{rule}"


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


def busy(among: Sequence[Item], start: date, end: date) -> list[tuple[datetime, datetime]]:
    """When the objects keep one busy on days in [start, end): the fewest periods, in order."""
    merged: list[tuple[datetime, datetime]] = []
    for begins, ends in sorted(one for item in among for one in item.times(start, end)):
        if merged and begins <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(ends, merged[-1][1])
        else:
            merged.append((begins, ends))
    return merged


def as_one_calendar(among: Sequence[Item]) -> str:
    """All objects in one iCalendar file, as programs export a calendar."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//example.org//benchmark//EN"]
    for definition in (BERLIN, _NEW_YORK):
        lines += definition.split("\n")
    for item in among:
        lines += item.components()
    return folded([*lines, "END:VCALENDAR"])


def folded(lines: Sequence[str]) -> str:
    """Content lines as they are sent (RFC 5545 §3.1)."""
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _item(number: int) -> Item:
    drawn = random.Random(f"item {number}")
    if number < EVERY_WEEK:
        begun = OLD if number % 2 else BUSY_FROM
        return Item(number, Kind.ENDLESS, begun + timedelta(days=number))
    kind = _KINDS[number % len(_KINDS)]
    if kind is Kind.YEARLY:
        return Item(number, kind, date(drawn.choice(OLD_YEARS), 1, drawn.choice(_JANUARY)))
    if kind is Kind.LONG:
        monday = _monday(drawn, drawn.choice(OLD_YEARS))
    elif number < BUSY_OBJECTS:
        monday = BUSY_FROM + (number * 29 % BUSY_WEEKS) * _WEEK
    else:
        monday = _monday(drawn, drawn.choice(OTHER_YEARS))
    weekday = drawn.randint(1, 3) if kind is Kind.ALL_DAY else drawn.randint(0, 4)
    return Item(number, kind, monday + timedelta(days=weekday))


def _monday(drawn: random.Random, year: int) -> date:
    first = date(year, 1, 8)
    return first - timedelta(days=first.weekday()) + drawn.randrange(_MONDAYS_A_YEAR) * _WEEK


_KINDS: Final = (
    *[Kind.SINGLE] * 4,
    Kind.ALL_DAY,
    *[Kind.SINGLE] * 3,
    Kind.EXCEPTIONS,
    Kind.WEEKLY,
    *[Kind.SINGLE] * 4,
    Kind.YEARLY,
    *[Kind.SINGLE] * 2,
    Kind.LONG,
    Kind.ALL_DAY,
    Kind.WEEKLY,
)
"""Of twenty: thirteen single, two all-day, four weekly ones, and one every year."""


def _dated(name: str, zone: str, at: datetime) -> str:
    form = f"{at:%Y%m%dT%H%M%S}"
    return f"{name}:{form}Z" if zone == "UTC" else f"{name};TZID={zone}:{form}"


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
