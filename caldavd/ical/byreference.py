"""Objects without the VTIMEZONEs that everybody knows, or with all they refer to (RFC 7809 §3.1.3).

What is left of a text, and what it is given, is not touched beyond that: the rest stays as it is,
folds, case and order included.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

from caldavd.ical.contentline import Component, Line, Malformed, parameter, read, read_lines, unfold
from caldavd.ical.timezone import DescribedZone, agrees_since, zone_from_component
from caldavd.ical.tznames import key_of, names
from caldavd.ical.vtimezone import timezone_text

MAX_ADDED: Final = 100
"""Time zones that one object is given at most."""
MAX_COMPARED: Final = 20_000
"""Characters of a VTIMEZONE that is compared with the database; a longer one is somebody's own."""
_TIMEZONE: Final = "VTIMEZONE"
_EDGE: Final = re.compile(
    r"^(BEGIN|END):[ \t]*([\w.-]+)[ \t]*\r*$(?!\n[ \t])\n?", re.MULTILINE | re.IGNORECASE
)
_LOCAL: Final = re.compile(r"[:,](\d{4})\d{4}T\d{6}(?![\dZ])")
"""A time that a TZID may be about."""


class Zones(Enum):
    """Which VTIMEZONEs an answer holds."""

    AS_STORED = "as stored"
    UNKNOWN = "F"
    """Only those that a time zone service does not have."""
    ALL = "T"
    """All that are referred to."""


class _Part(NamedTuple):
    """Where a component of the calendar stands in the text, line ends included."""

    name: str
    start: int
    end: int


def shown(text: str, zones: Zones) -> str:
    """The text of a calendar with the VTIMEZONEs that are wanted."""
    match zones:
        case Zones.UNKNOWN:
            return without_known(text)
        case Zones.ALL:
            return with_referenced(text)
    return text


def without_known(text: str) -> str:
    """The text without VTIMEZONEs of the zone database.

    Those that say something else than the database in the years of the object stay, whatever
    their name: its times are computed with them.
    """
    if _TIMEZONE not in text and _TIMEZONE not in text.upper():
        return text
    zones = [part for part in _parts(text) if part.name == _TIMEZONE]
    kept = 0
    pieces: list[str] = []
    for part in zones:
        if _is_known(text, text[part.start : part.end]):
            pieces.append(text[kept : part.start])
            kept = part.end
    return "".join((*pieces, text[kept:])) if pieces else text


def with_referenced(text: str) -> str:
    """The text with a VTIMEZONE for each TZID in it that has none and that the database knows."""
    missing = _missing(text)
    parts = _parts(text) if missing else []
    if not parts:
        return text
    added = "".join(timezone_text(tzid) for tzid in missing)
    if "\r\n" not in text:
        added = added.replace("\r\n", "\n")
    place = parts[0].start
    return text[:place] + added + text[place:]


def _parts(text: str) -> list[_Part]:
    """The components right inside the one VCALENDAR; none where the text is folded strangely."""
    parts: list[_Part] = []
    open_: list[tuple[str, int]] = []
    for edge in _EDGE.finditer(text):
        name = edge[2].upper()
        if edge[1].upper() == "BEGIN":
            open_.append((name, edge.start()))
            continue
        if not open_ or open_[-1][0] != name:
            return []
        _, start = open_.pop()
        if len(open_) == 1:
            parts.append(_Part(name, start, edge.end()))
    return [] if open_ else parts


def _missing(text: str) -> Sequence[str]:
    """The TZIDs that are referred to, known, and not described, in the order of the text."""
    if ";TZID=" not in text and "TZ" not in text.upper():
        return ()
    found: dict[str, None] = {}
    described: set[str] = set()
    inside = False
    for raw_name, parameters, value in read_lines(text):
        name = raw_name.upper()
        if name in ("BEGIN", "END") and value.strip().upper() == _TIMEZONE:
            inside = name == "BEGIN"
        elif inside and name == "TZID":
            described.add(value)
        elif parameters and not inside:
            tzid = parameter(Line(name, parameters, value), "TZID")
            if tzid is not None:
                found[tzid] = None
    known = (tzid for tzid in found if tzid not in described and key_of(tzid) is not None)
    return list(islice(known, MAX_ADDED))


def _is_known(text: str, timezone: str) -> bool:
    """Whether a VTIMEZONE in a text says nothing that its name does not say."""
    if len(timezone) > MAX_COMPARED:
        return False
    known = _is_of_database(timezone)
    if known is not None:
        return known
    years = [int(year) for year in _LOCAL.findall(_without_zones(text))]
    return not years or _agrees(timezone, min(years))


def _without_zones(text: str) -> str:
    """The lines of a text, its time zones left out."""
    rest = text
    for part in reversed(_parts(text)):
        if part.name == _TIMEZONE:
            rest = rest[: part.start] + rest[part.end :]
    return unfold(rest)


@lru_cache(maxsize=256)
def _is_of_database(timezone: str) -> bool | None:
    """Whether the text of a VTIMEZONE is that of the database; None: it depends on the years."""
    tzid, component = _read(timezone)
    if tzid not in names() or component is None:
        return False
    try:
        zone = zone_from_component(tzid, component)
    except ValueError:
        # It is computed with the database then.
        return True
    return None if isinstance(zone, DescribedZone) else True


@lru_cache(maxsize=256)
def _agrees(timezone: str, year: int) -> bool:
    """Whether the text of a VTIMEZONE says what the database does from a year on."""
    tzid, component = _read(timezone)
    if component is None:
        return False
    zone = zone_from_component(tzid, component)
    since = datetime(max(year, 2) - 1, 12, 31)  # noqa: DTZ001
    return isinstance(zone, DescribedZone) and agrees_since(zone, since)


def _read(timezone: str) -> tuple[str, Component | None]:
    try:
        component = read(timezone)[0]
    except Malformed:
        return "", None
    line = component.first("TZID")
    return ("", None) if line is None else (line.value, component)


def forget() -> None:
    """Drops what was found by the zone database, so that it is looked at anew."""
    _is_of_database.cache_clear()
    _agrees.cache_clear()
