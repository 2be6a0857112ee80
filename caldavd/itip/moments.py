"""Dates and times in words.

Times are told as the organizer wrote them, with their zone spelled out: whoever reads them far
away must not take them for their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from caldavd.ical.contentline import Component, parameter
from caldavd.ical.extent import temporal
from caldavd.ical.tznames import key_of
from caldavd.ical.values import Temporal, parse_nominal
from caldavd.itip.plain import plain
from caldavd.languages.phrases import Language

Zones = Mapping[str, Component]


def when(component: Component, zones: Zones, language: Language) -> str:
    """From when to when, each time with its zone; empty where neither can be read."""
    start, end = moment_of(component, "DTSTART", zones), end_of(component, zones)
    times = language.times
    if component.name == "VTODO" and end is not None:
        return _due(component, start, end, language)
    if start is None:
        return ""
    if end is None:
        return _single(component, "DTSTART", start, language)
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return _dates(start, end, language)
    from_ = _zone(component, "DTSTART", start, language)
    to = _zone(component, _end_name(component), end, language)
    pattern = times.same_zone if from_ == to else times.two_zones
    if from_ == to and start.date() == end.date():
        pattern = times.same_day
    first, last = in_words(start, language), in_words(end, language)
    said = {"start": clock_time(start), "end": clock_time(end), "zone": from_, "other": to}
    return pattern.format(day=first, first=first, last=last, **said)


def moment_of(component: Component, name: str, zones: Zones) -> Temporal | None:
    """What a property says; None where it is not there, or cannot be read."""
    line = component.first(name)
    try:
        return None if line is None else temporal(line, zones)
    except ValueError:
        return None


def end_of(component: Component, zones: Zones) -> Temporal | None:
    """When it ends, or is due; None where that is not said, or cannot be read."""
    name = _end_name(component)
    if name != "DTSTART":
        return moment_of(component, name, zones)
    start, line = moment_of(component, "DTSTART", zones), component.first("DURATION")
    if start is None or line is None:
        return None
    try:
        length = parse_nominal(line.value.strip())
        end = start + timedelta(days=length.days)
        if not isinstance(end, datetime) or end.tzinfo is None:
            return end + timedelta(seconds=length.seconds)
        exact = end.astimezone(UTC) + timedelta(seconds=length.seconds)
        return exact.astimezone(end.tzinfo)
    except (ValueError, OverflowError):
        return None


def in_words(day: date, language: Language) -> str:
    """A day, with that of the week."""
    times = language.times
    return times.date.format(
        weekday=times.weekdays[day.weekday()],
        day=times.first_day if day.day == 1 else day.day,
        month=times.months[day.month - 1],
        year=day.year,
    )


def clock_time(moment: datetime) -> str:
    """What clocks show."""
    return f"{moment.hour:02}:{moment.minute:02}"


def hours(start: datetime, end: datetime, language: Language) -> str:
    """From when to when, on a day that is known."""
    return language.times.hours.format(start=clock_time(start), end=clock_time(end))


def zone_of_start(component: Component, start: datetime, language: Language) -> str:
    """The zone in which a component begins, in words."""
    return _zone(component, "DTSTART", start, language)


def listed(words: Sequence[str], language: Language) -> str:
    """Some words, one after the other."""
    if len(words) == 1:
        return words[0]
    return language.and_.format(words=", ".join(words[:-1]), last=words[-1])


def _end_name(component: Component) -> str:
    name = "DUE" if component.name == "VTODO" else "DTEND"
    return name if component.first(name) is not None else "DTSTART"


def _due(component: Component, start: Temporal | None, end: Temporal, language: Language) -> str:
    """From when a task can be done, if that is said, and when it is due."""
    due = _of_task(component, _end_name(component), end, language)
    if start is None:
        return language.times.due.format(when=due)
    begins = _of_task(component, "DTSTART", start, language)
    return language.times.task_span.format(start=begins, due=due)


def _of_task(component: Component, name: str, at: Temporal, language: Language) -> str:
    """A time, or a date as such: nothing is done all day."""
    is_time = isinstance(at, datetime)
    return _single(component, name, at, language) if is_time else in_words(at, language)


def _single(component: Component, name: str, at: Temporal, language: Language) -> str:
    times, day = language.times, in_words(at, language)
    if not isinstance(at, datetime):
        return times.all_day.format(day=day)
    zone = _zone(component, name, at, language)
    return times.at.format(day=day, time=clock_time(at), zone=zone)


def _dates(start: Temporal, end: Temporal, language: Language) -> str:
    """A range of days; that of an event ends before its DTEND."""
    first = start.date() if isinstance(start, datetime) else start
    last = end.date() if isinstance(end, datetime) else end - timedelta(days=1)
    if last <= first:
        return language.times.all_day.format(day=in_words(first, language))
    return language.times.days.format(
        first=in_words(first, language), last=in_words(last, language)
    )


def _zone(component: Component, name: str, moment: datetime, language: Language) -> str:
    """The name of a zone, and how far its clocks are from UTC then."""
    offset, times = moment.utcoffset(), language.times
    if offset is None:
        return times.floating
    line = component.first(name)
    tzid = parameter(line, "TZID") if line is not None else None
    if tzid is None:
        return times.utc
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    shown = plain((key_of(tzid) or tzid).replace("_", " "))
    return times.zone.format(name=shown, offset=f"{sign}{minutes // 60:02}:{minutes % 60:02}")
