"""Working hours as a VAVAILABILITY, written and told (RFC 7953 §3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final

from caldavd.ical.availability import zones_of
from caldavd.ical.contentline import Component, Line, parameter, read
from caldavd.ical.extent import extent
from caldavd.ical.rule import WEEKDAYS
from caldavd.ical.write import parameter_text, time_line, write

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a day on the wall; one that ends no later than it starts ends the next day."""

    starts: time
    ends: time


@dataclass(frozen=True, slots=True)
class Hours:
    """When somebody can be had, as people read it."""

    days: str
    """`mon-fri`; the rule itself where it says more than days of the week."""
    starts: str
    ends: str
    zone: str


def parse_days(text: str) -> tuple[int, ...]:
    """The days of the week in `mon-thu,sat`, Monday being 0. Raises ValueError."""
    found: set[int] = set()
    for part in text.strip().lower().split(","):
        first, dash, last = (one.strip() for one in part.partition("-"))
        low, high = _day(first), _day(last if dash else first)
        found.update((low + away) % 7 for away in range((high - low) % 7 + 1))
    return tuple(sorted(found))


def weekly(
    days: Sequence[int], spans: Sequence[Span], zone: str, since: date, stamp: tuple[str, datetime]
) -> str:
    """A VCALENDAR: on these days one can be had in these spans, and not otherwise.

    It says so from the Monday of the week of `since` on. `stamp` is UID and DTSTAMP; the zone goes
    by its name alone (RFC 7809).
    """
    uid, at = stamp
    monday = since - since.weekday() * _DAY
    rule = Line("RRULE", "", "FREQ=WEEKLY;BYDAY=" + ",".join(WEEKDAYS[day] for day in days))
    parts = []
    for number, span in enumerate(spans):
        first = monday + days[0] * _DAY
        last = first if span.ends > span.starts else first + _DAY
        lines = [
            Line("UID", "", f"{uid}-{number}"),
            time_line("DTSTAMP", at),
            _local("DTSTART", datetime.combine(first, span.starts), zone),
            _local("DTEND", datetime.combine(last, span.ends), zone),
            rule,
        ]
        parts.append(Component("AVAILABLE", lines))
    midnight = _local("DTSTART", datetime.combine(monday, time()), zone)
    head = [Line("UID", "", uid), time_line("DTSTAMP", at), midnight]
    whole = Component("VCALENDAR", [Line("VERSION", "", "2.0"), _PRODUCT])
    whole.components.append(Component("VAVAILABILITY", head, parts))
    return write([whole])


def told(text: str) -> list[Hours]:
    """What a calendar-availability that was checked says, one row an AVAILABLE."""
    calendar = read(text)[0]
    zones = zones_of(calendar)
    found = []
    for availability in calendar.components:
        for one in availability.components if availability.name == "VAVAILABILITY" else ():
            dates = extent(Component("VEVENT", one.lines), zones)
            assert isinstance(dates.start, datetime)
            end = dates.end_of(dates.start)
            line = one.first("DTSTART")
            zone = parameter(line, "TZID") if line is not None else None
            found.append(
                Hours(
                    _when(one, dates.start),
                    f"{dates.start:%H:%M}",
                    f"{end:%H:%M}" if isinstance(end, datetime) else "-",
                    zone or str(UTC),
                )
            )
    return found


def _when(available: Component, start: datetime) -> str:
    """`mon-fri`, a rule, or the one day that it is about."""
    line = available.first("RRULE")
    if line is None or available.first("RECURRENCE-ID") is not None:
        return f"{start:%Y-%m-%d}"
    parts = dict(part.partition("=")[::2] for part in line.value.upper().split(";"))
    named = parts.get("BYDAY", WEEKDAYS[start.weekday()]).split(",")
    plain = parts.keys() <= {"FREQ", "BYDAY", "WKST"} and set(named) <= set(WEEKDAYS)
    if plain and parts["FREQ"] == "DAILY" and "BYDAY" not in parts:
        named = list(WEEKDAYS)
    elif not plain or parts["FREQ"] not in ("WEEKLY", "DAILY"):
        return line.value
    return days_text(sorted(WEEKDAYS.index(day) for day in named))


def days_text(days: Sequence[int]) -> str:
    """Days of the week as `parse_days` reads them: `mon-thu,sat`."""
    parts = []
    for _, run in groupby(enumerate(days), key=lambda one: one[1] - one[0]):
        numbers = [day for _, day in run]
        ends = (numbers[0], numbers[-1]) if len(numbers) > 2 else ()
        parts += ["-".join(DAYS[day] for day in ends)] if ends else [DAYS[day] for day in numbers]
    return ",".join(parts)


def _local(name: str, moment: datetime, zone: str) -> Line:
    return time_line(name, moment, parameter_text("TZID", zone))


_PRODUCT: Final = Line("PRODID", "", "-//caldavd//EN")


def _day(text: str) -> int:
    """The number of a day by its name, or by how that begins: three letters at least."""
    for number, name in enumerate(_NAMES):
        if len(text) >= len(DAYS[number]) and name.startswith(text):
            return number
    raise ValueError(f"{text!r} is no day of the week: write mon, tue, ..., or mon-fri")
