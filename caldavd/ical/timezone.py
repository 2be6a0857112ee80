"""Time zones: TZIDs, enclosed VTIMEZONEs, names (RFC 5545 §3.6.5, RFC 7809).

An enclosed VTIMEZONE is read once for each text it has. Where it says the same as the zone
database does under its name, the database's zone is used: it is faster and knows more years.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from heapq import merge
from itertools import islice, takewhile
from operator import attrgetter
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from caldavd.ical import tzif, tznames, vtimezone
from caldavd.ical.contentline import Component, Line, known_zone, read
from caldavd.ical.expansion import expand
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.tznames import UTC_KEY, key_of
from caldavd.ical.values import EPOCH, parse_datetime, wall

MAX_ONSETS: Final = 3_000
"""Onsets of one observance that are looked at."""
MAX_ALL_ONSETS: Final = 6_000
"""Onsets of a zone; one that lists every change since 1900 twice a year has some 600."""
MAX_OBSERVANCES: Final = 400
_LAST_ONSET: Final = datetime(2200, 1, 1)  # noqa: DTZ001
_COMPARED_UNTIL: Final = datetime(2038, 1, 1)  # noqa: DTZ001
_COMPARED_FROM: Final = datetime(1970, 1, 1)  # noqa: DTZ001
_ZERO: Final = timedelta()


def resolve(tzid: str, zones: Mapping[str, Component]) -> tzinfo | None:
    """The zone that a TZID names in an object with these VTIMEZONEs; None: read it as floating.

    A VTIMEZONE that cannot be read counts as absent.
    """
    enclosed = zones.get(tzid)
    if enclosed is None:
        return zone_from_id(tzid)
    try:
        return zone_from_component(tzid, enclosed)
    except ValueError:
        return zone_from_id(tzid)


@lru_cache(maxsize=1024)
def zone_from_id(tzid: str) -> tzinfo | None:
    """The zone of the database that a name means (`tznames`), or None."""
    key = key_of(tzid)
    if key is None:
        return None
    return UTC if key == UTC_KEY else ZoneInfo(key)


def forget() -> None:
    """Drops what was read from the zone database, so that it is read anew."""
    for cached in (
        zone_from_id,
        _known,
        _described,
        tznames.key_of,
        tzif.history,
        vtimezone.calendar_text,
        vtimezone.timezone_text,
    ):
        cached.cache_clear()
    ZoneInfo.clear_cache()


def zone_from_component(tzid: str, timezone: Component) -> tzinfo:
    """The zone that a VTIMEZONE describes. Raises ValueError where it cannot be read."""
    if timezone.source:
        return _known(tzid, timezone.source)
    return _described(tzid, _observances(timezone))


@lru_cache(maxsize=256)
def _known(tzid: str, source: str) -> tzinfo:
    return _described(tzid, _observances(known_zone(source)))


def _observances(timezone: Component) -> tuple[tuple[str | Line, ...], ...]:
    return tuple(
        (inner.name, *inner.lines)
        for inner in timezone.components
        if inner.name in ("STANDARD", "DAYLIGHT")
    )


def zone_from_calendar(text: str) -> tuple[str, tzinfo]:
    """TZID and zone of a VCALENDAR with one VTIMEZONE (CALDAV:calendar-timezone, RFC 4791 §5.2.2).

    Raises ValueError.
    """
    calendars = read(text)
    zones = [inner for calendar in calendars for inner in calendar.components]
    if [calendar.name for calendar in calendars] != ["VCALENDAR"] or len(zones) != 1:
        raise ValueError("a time zone is one VCALENDAR with one VTIMEZONE")
    tzid = zones[0].first("TZID")
    if zones[0].name != "VTIMEZONE" or tzid is None:
        raise ValueError("a time zone is one VCALENDAR with one VTIMEZONE that has a TZID")
    return tzid.value, zone_from_component(tzid.value, zones[0])


# --- Enclosed VTIMEZONEs ---


class _Onset(NamedTuple):
    """The moment from which an observance holds."""

    utc: datetime
    before: timedelta
    after: timedelta
    name: str
    daylight: bool


class DescribedZone(tzinfo):
    """A zone as a VTIMEZONE describes it; before its first onset, that one's TZOFFSETFROM holds."""

    def __init__(self, tzid: str, onsets: list[_Onset]) -> None:
        self.tzid = tzid
        self._onsets = onsets
        self._utc = [onset.utc for onset in onsets]
        # A wall time in a gap has the offset before it; one that occurs twice, by its fold.
        self._walls = (
            [onset.utc + max(onset.before, onset.after) for onset in onsets],
            [onset.utc + min(onset.before, onset.after) for onset in onsets],
        )

    def __repr__(self) -> str:
        return f"DescribedZone({self.tzid!r})"

    def __reduce__(self) -> tuple[type[DescribedZone], tuple[str, list[_Onset]]]:
        return DescribedZone, (self.tzid, self._onsets)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return self._onsets[-1].after
        walls = self._walls[moment.fold]
        if moment.tzinfo is not None or moment.fold:
            moment = moment.replace(tzinfo=None, fold=0)
        index = bisect_right(walls, moment)
        return self._onsets[index - 1].after if index else self._onsets[0].before

    def dst(self, moment: datetime | None) -> timedelta:
        onset = self._at(moment)
        return onset.after - onset.before if onset and onset.daylight else _ZERO

    def tzname(self, moment: datetime | None) -> str:
        onset = self._at(moment)
        return onset.name if onset else self.tzid

    def fromutc(self, moment: datetime) -> datetime:
        utc = moment.replace(tzinfo=None)
        index = bisect_right(self._utc, utc)
        if not index:
            return (utc + self._onsets[0].before).replace(tzinfo=self)
        onset = self._onsets[index - 1]
        repeated = utc - onset.utc < onset.before - onset.after
        return (utc + onset.after).replace(tzinfo=self, fold=int(repeated))

    def _at(self, moment: datetime | None) -> _Onset | None:
        if moment is None:
            return None
        index = bisect_right(self._walls[moment.fold], moment.replace(tzinfo=None, fold=0))
        return self._onsets[index - 1] if index else None


@lru_cache(maxsize=256)
def _described(tzid: str, observances: tuple[tuple[str | Line, ...], ...]) -> tzinfo:
    if not observances:
        raise ValueError(f"the VTIMEZONE {tzid[:60]} has no STANDARD and no DAYLIGHT")
    if len(observances) > MAX_OBSERVANCES:
        raise ValueError(f"a VTIMEZONE of more than {MAX_OBSERVANCES} observances")
    onsets: list[list[_Onset]] = []
    for observance in observances:
        onsets.append(_onsets(observance))
        if sum(map(len, onsets)) > MAX_ALL_ONSETS:
            raise ValueError(f"a VTIMEZONE of more than {MAX_ALL_ONSETS} onsets")
    ordered = list(merge(*onsets, key=attrgetter("utc")))
    zone = DescribedZone(tzid, ordered)
    known = zone_from_id(tzid)
    return known if known is not None and _agrees(zone, known) else zone


def _onsets(observance: tuple[str | Line, ...]) -> list[_Onset]:
    lines: dict[str, list[Line]] = {}
    for line in observance[1:]:
        assert isinstance(line, Line)
        lines.setdefault(line.name, []).append(line)
    for name in ("DTSTART", "TZOFFSETFROM", "TZOFFSETTO"):
        if name not in lines:
            raise ValueError(f"a {observance[0]} of a VTIMEZONE has no {name}")
    before, after = _offset(lines["TZOFFSETFROM"][0]), _offset(lines["TZOFFSETTO"][0])
    name = lines["TZNAME"][0].value if "TZNAME" in lines else ""
    daylight = observance[0] == "DAYLIGHT"
    return [
        _Onset(moment - before, before, after, name, daylight)
        for moment in sorted(set(_walls(lines, before)))
    ]


def _walls(lines: dict[str, list[Line]], before: timedelta) -> Iterator[datetime]:
    """The onsets of an observance by the clock that was in force before them."""
    start = wall(parse_datetime(lines["DTSTART"][0].value))
    rules = [parse_rule(line.value) for line in lines.get("RRULE", ())]
    if not rules:
        yield start
    for rule in rules:
        if rule.freq > Freq.DAILY:
            raise ValueError("a VTIMEZONE whose offset changes more often than daily")
        last = _last(rule, before)
        moments = takewhile(last.__ge__, expand(rule, start, start, last))
        yield from islice(moments, MAX_ONSETS)
    for line in lines.get("RDATE", ()):
        for text in line.value.split(","):
            yield _rdate(text.partition("/")[0], before)


def _last(rule: Rule, before: timedelta) -> datetime:
    """The wall time of the last onset of a rule: UNTIL is in UTC (§3.6.5), though not always."""
    if rule.until is None:
        return _LAST_ONSET
    aware = isinstance(rule.until, datetime) and rule.until.tzinfo is not None
    return wall(rule.until) + (before if aware else _ZERO)


def _rdate(text: str, before: timedelta) -> datetime:
    moment = parse_datetime(text)
    return wall(moment) + (before if moment.tzinfo is not None else _ZERO)


def _offset(line: Line) -> timedelta:
    text = line.value.strip()
    sign, digits = text[:1], text[1:]
    if sign not in ("+", "-") or not digits.isascii() or not digits.isdigit():
        raise ValueError(f"{text[:20]!r} is not a UTC-OFFSET (such as +0100)")
    if len(digits) not in (4, 6):
        raise ValueError(f"{text[:20]!r} is not a UTC-OFFSET (such as +0100)")
    offset = timedelta(
        hours=int(digits[:2]), minutes=int(digits[2:4]), seconds=int(digits[4:] or 0)
    )
    if offset >= timedelta(days=1):
        raise ValueError(f"the UTC offset {text[:20]} is a day or more")
    return -offset if sign == "-" else offset


def agrees_since(zone: DescribedZone, since: datetime) -> bool:
    """Whether a zone has the same offsets as the one of its name from a moment on, to 2037."""
    known = zone_from_id(zone.tzid)
    return known is not None and _same(zone, known, since, _COMPARED_UNTIL)


def _agrees(zone: DescribedZone, known: tzinfo) -> bool:
    """Whether the two have the same offsets from the first onset on.

    To 2037, or to the last onset where the text simply lists the changes of some years.
    """
    onsets = zone._onsets
    first = max(onsets[0].utc, _COMPARED_FROM)
    changes = {onset.utc for onset in onsets}
    last = _COMPARED_UNTIL if len(changes) < 2 else min(onsets[-1].utc, _COMPARED_UNTIL)
    return _same(zone, known, first, last)


def _same(zone: DescribedZone, known: tzinfo, first: datetime, last: datetime) -> bool:
    """Whether two zones have the same offsets every fortnight of a range and around each onset."""
    onsets = zone._onsets
    moments = [onset.utc for onset in onsets] + [
        onset.utc - timedelta(seconds=1) for onset in onsets
    ]
    days = (last - EPOCH).days - (first - EPOCH).days
    moments += [first + timedelta(days=number) for number in range(0, days, 14)]
    return all(
        zone.fromutc(moment).utcoffset() == known.fromutc(moment.replace(tzinfo=known)).utcoffset()
        for moment in moments
        if first <= moment <= last
    )
