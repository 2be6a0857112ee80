"""What of a series takes place otherwise than the rest, or not at all, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from caldavd.ical.contentline import Component
from caldavd.ical.extent import temporal
from caldavd.ical.values import Temporal
from caldavd.itip.words import clock_time, end_of, in_words, text_of, when, zone_of_start

MAX_TOLD: Final = 10

_Zones = Mapping[str, Component]


def exceptions(components: Sequence[Component], zones: _Zones) -> tuple[str, ...]:
    """The instances that were moved, changed or taken out, in order; of many the first ones.

    None where the series itself is not among the components.
    """
    master = next((one for one in components if one.first("RECURRENCE-ID") is None), None)
    start = None if master is None else _time_of(master, "DTSTART", zones)
    if master is None or start is None:
        return ()
    found = set(_taken_out(master, start, zones))
    for one in components:
        if one is not master:
            found |= set(_changed(master, start, one, zones))
    lines = [words for _, words in sorted(found)]
    more = len(lines) - MAX_TOLD
    return tuple(lines) if more <= 0 else (*lines[:MAX_TOLD], f"and {more} more")


def _taken_out(master: Component, start: Temporal, zones: _Zones) -> Iterator[tuple[date, str]]:
    for line in master.all("EXDATE"):
        for value in line.value.split(","):
            try:
                day = _day(temporal(line._replace(value=value), zones), start)
            except ValueError:
                continue
            yield day, f"Not on {in_words(day)}"


def _changed(
    master: Component, start: Temporal, one: Component, zones: _Zones
) -> Iterator[tuple[date, str]]:
    """An override, unless what people read of it is as in the series."""
    at = _time_of(one, "RECURRENCE-ID", zones)
    if at is None:
        return
    day, status = _day(at, start), one.first("STATUS")
    if status is not None and status.value.strip().upper() == "CANCELLED":
        yield day, f"Not on {in_words(day)}"
        return
    begins = _time_of(one, "DTSTART", zones)
    said = []
    if begins is not None and (begins != at or _length(one, zones) != _length(master, zones)):
        said.append(_when(master, one, day, zones))
    for name, quoted in (("SUMMARY", "“{}”"), ("LOCATION", "{}")):
        value = text_of(one, name)
        if value and value != text_of(master, name):
            said.append(quoted.format(value))
    if said:
        yield day, f"Except {in_words(day)}: {', '.join(said)}"


def _when(master: Component, one: Component, day: date, zones: _Zones) -> str:
    """When an override is: its times alone, if the day and the zone are those of the series."""
    start, end = _time_of(one, "DTSTART", zones), end_of(one, zones)
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return when(one, zones)
    elsewhere = zone_of_start(one, start) != zone_of_start(master, start)
    if elsewhere or {start.date(), end.date()} != {day} or start.tzinfo != end.tzinfo:
        return when(one, zones)
    return f"{clock_time(start)} to {clock_time(end)}"


def _length(of: Component, zones: _Zones) -> object:
    start, end = _time_of(of, "DTSTART", zones), end_of(of, zones)
    if isinstance(start, datetime) and isinstance(end, datetime):
        return end - start if (start.tzinfo is None) == (end.tzinfo is None) else None
    return None if start is None or end is None else end - start


def _time_of(of: Component, name: str, zones: _Zones) -> Temporal | None:
    line = of.first(name)
    try:
        return None if line is None else temporal(line, zones)
    except ValueError:
        return None


def _day(at: Temporal, start: Temporal) -> date:
    """The day of an instance, as who organizes the series counts days."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is not None and isinstance(start, datetime) and start.tzinfo is not None:
        at = at.astimezone(start.tzinfo)
    return at.date()
