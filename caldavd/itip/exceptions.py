"""What of a series takes place otherwise than the rest, or not at all, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, parameter
from caldavd.ical.extent import temporal
from caldavd.ical.values import Temporal
from caldavd.itip.join import in_one_line, links_of
from caldavd.itip.moments import Zones, end_of, hours, in_words, moment_of, when, zone_of_start
from caldavd.itip.plain import text_of
from caldavd.languages.phrases import Language

MAX_TOLD: Final = 10


class Otherwise(NamedTuple):
    """The day on which it would be, what is said of it, and whether that holds from then on."""

    day: date
    words: str
    goes_on: bool = False


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
    over = [one for one in found if one.day < today and not one.goes_on]
    left_out = frozenset(over[: max(0, len(found) - MAX_TOLD)])
    kept = [one.words for one in found if one not in left_out]
    more = len(kept) - MAX_TOLD
    return (*kept[:MAX_TOLD], language.rows.more.of(more)) if more > 0 else tuple(kept)


def date_of(one: Component, zones: Zones) -> tuple[date, bool] | None:
    """The day that an override is about, and whether it is about all after that, too."""
    at, start = moment_of(one, "RECURRENCE-ID", zones), moment_of(one, "DTSTART", zones)
    if at is None:
        return None
    return _day(at, at if start is None else start), _goes_on(one)


def _taken_out(
    master: Component, start: Temporal, zones: Zones, language: Language
) -> Iterator[Otherwise]:
    for line in master.all("EXDATE"):
        for value in line.value.split(","):
            try:
                day = _day(temporal(line._replace(value=value), zones), start)
            except ValueError:
                continue
            yield Otherwise(day, language.rows.not_on.format(day=in_words(day, language)))


def _changed(
    master: Component, start: Temporal, one: Component, zones: Zones, language: Language
) -> Iterator[Otherwise]:
    """An override, unless what people read of it is as in the series."""
    at = moment_of(one, "RECURRENCE-ID", zones)
    if at is None:
        return
    rows, goes_on = language.rows, _goes_on(one)
    day, status = _day(at, start), one.first("STATUS")
    if status is not None and status.value.strip().upper() == "CANCELLED":
        pattern = rows.not_from if goes_on else rows.not_on
        yield Otherwise(day, pattern.format(day=in_words(day, language)), goes_on)
        return
    begins = moment_of(one, "DTSTART", zones)
    said = []
    if begins is not None and (begins != at or _length(one, zones) != _length(master, zones)):
        said.append(_when((master, one), day, zones, language))
    for name, quoted in (("SUMMARY", rows.quoted), ("LOCATION", "{text}")):
        value = text_of(one, name)
        if value and value != text_of(master, name):
            said.append(quoted.format(text=value))
    links = in_one_line(links_of(one), language)
    if links and links != in_one_line(links_of(master), language):
        said.append(links)
    if said:
        pattern = rows.from_on if goes_on else rows.except_on
        words = pattern.format(day=in_words(day, language), what=", ".join(said))
        yield Otherwise(day, words, goes_on)


def _goes_on(one: Component) -> bool:
    """Whether an override is about all that comes after it, too (RFC 5545 §3.2.13)."""
    line = one.first("RECURRENCE-ID")
    return line is not None and (parameter(line, "RANGE") or "").upper() == "THISANDFUTURE"


def _when(pair: tuple[Component, Component], day: date, zones: Zones, language: Language) -> str:
    """When an override is: its times alone, if the day and the zone are those of the series.

    `pair` is the series and the override.
    """
    master, one = pair
    start, end = moment_of(one, "DTSTART", zones), end_of(one, zones)
    if not isinstance(start, datetime) or not isinstance(end, datetime) or one.name == "VTODO":
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
