"""What of a series takes place otherwise than the rest, or not at all, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from caldavd.ical.contentline import Component
from caldavd.ical.extent import temporal
from caldavd.ical.values import Temporal
from caldavd.itip.moments import Zones, end_of, hours, in_words, moment_of, when, zone_of_start
from caldavd.itip.plain import text_of
from caldavd.languages.phrases import Language

MAX_TOLD: Final = 10

Otherwise = tuple[date, str]
"""The day on which it would be, and what is said of it."""


def exceptions(
    components: Sequence[Component], zones: Zones, language: Language
) -> list[Otherwise]:
    """The instances that were moved, changed or taken out, in order.

    None where the series itself is not among the components.
    """
    master = next((one for one in components if one.first("RECURRENCE-ID") is None), None)
    start = None if master is None else moment_of(master, "DTSTART", zones)
    if master is None or start is None:
        return []
    found = set(_taken_out(master, start, zones, language))
    for one in components:
        if one is not master:
            found |= set(_changed(master, start, one, zones, language))
    return sorted(found)


def listed_from(today: date, found: Sequence[Otherwise], language: Language) -> tuple[str, ...]:
    """What is said of exceptions, in order; of many those that are still to come, soonest first."""
    past = sum(day < today for day, _ in found)
    first = max(0, min(past, len(found) - MAX_TOLD))
    lines = [words for _, words in found[first : first + MAX_TOLD]]
    more = len(found) - first - len(lines)
    return (*lines, language.rows.more.of(more)) if more else tuple(lines)


def _taken_out(
    master: Component, start: Temporal, zones: Zones, language: Language
) -> Iterator[tuple[date, str]]:
    for line in master.all("EXDATE"):
        for value in line.value.split(","):
            try:
                day = _day(temporal(line._replace(value=value), zones), start)
            except ValueError:
                continue
            yield day, language.rows.not_on.format(day=in_words(day, language))


def _changed(
    master: Component, start: Temporal, one: Component, zones: Zones, language: Language
) -> Iterator[tuple[date, str]]:
    """An override, unless what people read of it is as in the series."""
    at = moment_of(one, "RECURRENCE-ID", zones)
    if at is None:
        return
    day, status = _day(at, start), one.first("STATUS")
    if status is not None and status.value.strip().upper() == "CANCELLED":
        yield day, language.rows.not_on.format(day=in_words(day, language))
        return
    begins = moment_of(one, "DTSTART", zones)
    said = []
    if begins is not None and (begins != at or _length(one, zones) != _length(master, zones)):
        said.append(_when((master, one), day, zones, language))
    for name, quoted in (("SUMMARY", language.rows.quoted), ("LOCATION", "{text}")):
        value = text_of(one, name)
        if value and value != text_of(master, name):
            said.append(quoted.format(text=value))
    if said:
        what = ", ".join(said)
        yield day, language.rows.except_on.format(day=in_words(day, language), what=what)


def _when(pair: tuple[Component, Component], day: date, zones: Zones, language: Language) -> str:
    """When an override is: its times alone, if the day and the zone are those of the series.

    `pair` is the series and the override.
    """
    master, one = pair
    start, end = moment_of(one, "DTSTART", zones), end_of(one, zones)
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return when(one, zones, language)
    zone, usual = (zone_of_start(part, start, language) for part in (one, master))
    if zone != usual or {start.date(), end.date()} != {day} or start.tzinfo != end.tzinfo:
        return when(one, zones, language)
    return hours(start, end, language)


def _length(of: Component, zones: Zones) -> object:
    start, end = moment_of(of, "DTSTART", zones), end_of(of, zones)
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end - start if (start.tzinfo is None) == (end.tzinfo is None) else None
    return None if start is None or end is None else end - start


def _day(at: Temporal, start: Temporal) -> date:
    """The day of an instance, as who organizes the series counts days."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is not None and isinstance(start, datetime) and start.tzinfo is not None:
        at = at.astimezone(start.tzinfo)
    return at.date()
