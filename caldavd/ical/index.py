"""What the store indexes of a Document: when its instances are, up to a horizon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import islice
from typing import Final, NamedTuple

from caldavd.ical.expansion import TooMany
from caldavd.ical.extent import BEGINNING, FOREVER, Interval
from caldavd.ical.parse import Document
from caldavd.ical.periods import Busy, busy_of, published, stated
from caldavd.ical.recurrence import named
from caldavd.ical.recurrence_set import Place, Row, places, reach, row
from caldavd.ical.rule import Freq, Rule
from caldavd.ical.series import Series
from caldavd.ical.values import DAY_S, Temporal, epoch, wall_seconds

RULES: Final = 1
"""Raised whenever the same text is to have other rows: all objects are indexed anew then."""
HORIZON_S: Final = 731 * DAY_S
"""How far after `today` endless series are indexed."""
MAX_ROWS: Final = 1_500
"""Instances of one object by rule that are indexed; dates written in the text come on top."""
RECENT_S: Final = 31 * DAY_S
"""What lies less far before `today` is indexed before what lies farther."""
SOON_S: Final = 8 * DAY_S
"""Where there are too many for that, the days to come are indexed before those that are past."""
MAX_WALKED: Final = 20_000
"""Instances of a series that are looked at in order to index the last of them."""
_SLACK_S: Final = 2 * DAY_S
"""Zones differ by less than a day, and so does the order of a series from that of its instants."""

_Entry = tuple[int, int, bool, int]


class Occurrence(NamedTuple):
    """One row of the index; its interval is that of RFC 4791 §9.9 (`extent.Interval`)."""

    starts: int
    ends: int
    floating: bool
    """`starts` and `ends` are seconds of a wall clock as if it were UTC's: see `place`."""
    busy: int
    """A `periods.Busy`: what the instance means for free/busy."""


@dataclass(frozen=True, slots=True)
class Index:
    """The rows of a Document. Every instance that overlaps [indexed_from, indexed_until) has one.

    None: nothing lies before, or after. It holds in every zone that a floating time may be read in.
    """

    occurrences: tuple[Occurrence, ...]
    indexed_from: int | None
    indexed_until: int | None


def index(
    document: Document, today: int, horizon_s: int = HORIZON_S, max_rows: int = MAX_ROWS
) -> Index:
    """The index of a document, `today` being now in epoch seconds.

    Raises ValueError where a value is not what RFC 5545 allows.
    """
    if document.component == "VFREEBUSY":
        return _index(_published(document), [])
    rows, found = named(document)
    entries = set(_entries(rows))
    spans: list[_Span] = []
    for of in found:
        if of.rules:
            span = _span(of, today, horizon_s, max_rows)
            entries.update(_recurring_entries(of, span.places))
            spans.append(span)
    return _index(entries, spans)


def place(occurrence: Occurrence, floating: tzinfo) -> Interval:
    """The interval of a row for an asker whose zone is `floating`."""
    if not occurrence.floating:
        return Interval(occurrence.starts, occurrence.ends)
    # A task that is due matches from the second before (`extent._vtodo`): the due time is placed,
    # as the clock may have changed in that second.
    early = int(occurrence.starts % 60 == 59)
    starts = _local(occurrence.starts + early, floating) - early
    ends = _local(occurrence.ends, floating)
    return Interval(starts, max(ends, starts + 1))


def _local(seconds: int, zone: tzinfo) -> int:
    if not _EARLIEST < seconds < _LATEST:
        return seconds
    return epoch(datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None), zone)


_EARLIEST: Final = wall_seconds(datetime(2, 1, 1))  # noqa: DTZ001
_LATEST: Final = wall_seconds(datetime(9998, 12, 31))  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class _Span:
    """The part of a series that is indexed."""

    places: list[Place]
    from_: int | None
    until: int | None


def _index(entries: Iterable[_Entry], spans: list[_Span]) -> Index:
    return Index(
        tuple(map(Occurrence._make, sorted(set(entries)))),
        max((span.from_ for span in spans if span.from_ is not None), default=None),
        min((span.until for span in spans if span.until is not None), default=None),
    )


def _span(of: Series, today: int, horizon_s: int, max_rows: int) -> _Span:
    """The instances from some time ago to the horizon, as many as there may be."""
    horizon = today + horizon_s
    found = _whole(of, horizon, max_rows)
    if found is None:
        found = _part(of, today - RECENT_S, horizon, max_rows)
    if found.until is not None and found.until < today + SOON_S:
        return _part(of, today - SOON_S // 4, horizon, max_rows)
    return found


def _part(of: Series, recent: int, horizon: int, max_rows: int) -> _Span:
    """The instances from `recent` on, and those before it if there is room."""
    try:
        ahead = list(islice(_between(of, recent, horizon), max_rows + 1))
    except TooMany:
        return _Span([], recent, recent)
    until = _end_of(of, ahead, horizon, max_rows)
    if until is not None and until <= recent:
        return _Span([], recent, recent)
    behind, from_ = _behind(of, ahead, recent, horizon, max_rows)
    return _Span([*behind, *ahead], from_, until)


def _whole(of: Series, horizon: int, max_rows: int) -> _Span | None:
    """Every instance in one go, where there are likely to be few enough; of an endless series,
    every one up to the horizon.
    """
    endless = any(rule.count is None and rule.until is None for rule in of.rules)
    if sum(_expected(rule, of, horizon) for rule in of.rules) > max_rows:
        return None
    try:
        found = list(islice(_between(of, BEGINNING, horizon if endless else FOREVER), max_rows + 1))
    except TooMany:
        return None
    return None if len(found) > max_rows else _Span(found, None, horizon if endless else None)


def _expected(rule: Rule, of: Series, horizon: int) -> float:
    """How many instances there are, near enough to choose a way by."""
    if rule.count is not None:
        return rule.count
    until = horizon if rule.until is None else epoch(rule.until, UTC)
    per_day = max(1, len(rule.by_day)) / (_PERIOD_DAYS.get(rule.freq, 0.01) * rule.interval)
    return per_day * (until - epoch(of.start, UTC)) / DAY_S


_PERIOD_DAYS: Final = {Freq.YEARLY: 366, Freq.MONTHLY: 30, Freq.WEEKLY: 7, Freq.DAILY: 1}


def _between(of: Series, low: int, high: int) -> Iterator[Place]:
    """The places that may overlap, whichever zone floating ones are read in."""
    low = low if low == BEGINNING else low - DAY_S
    high = high if high == FOREVER else high + DAY_S
    return places(of, low, high, UTC)


def _end_of(of: Series, ahead: list[Place], horizon: int, max_rows: int) -> int | None:
    """Where the index ends: at the horizon, or earlier if there are too many; None: it is whole."""
    if len(ahead) > max_rows:
        back, _ = reach(of)
        return ahead[-1][0] - back - _SLACK_S
    if all(rule.count is None and rule.until is None for rule in of.rules):
        return horizon
    later = islice(_between(of, horizon, FOREVER), MAX_WALKED)
    try:
        return horizon if any(key >= horizon - _SLACK_S for key, _ in later) else None
    except TooMany:
        return horizon


def _behind(
    of: Series, ahead: list[Place], recent: int, horizon: int, max_rows: int
) -> tuple[Iterable[Place], int | None]:
    """The places before `recent`, the latest if there are too many, and where they begin."""
    room = max(max_rows - len(ahead), 0)
    low = BEGINNING
    if ahead:
        low = recent - int(0.9 * room * (horizon - recent) / len(ahead))
    _, forward = reach(of)
    if low <= epoch(of.start, UTC) + forward + _SLACK_S:
        low = BEGINNING
    kept: deque[Place] = deque(maxlen=room)
    walked = 0
    try:
        for place in islice(_between(of, low, recent), MAX_WALKED + 1):
            walked += 1
            kept.append(place)
    except TooMany:
        return (), recent
    if walked > MAX_WALKED:
        return (), recent
    if walked > room:
        return kept, kept[0][0] + forward + _SLACK_S if kept else recent
    return kept, None if low == BEGINNING else low


def _recurring_entries(of: Series, found: Iterable[Place]) -> Iterator[_Entry]:
    """The entries of a series at these places."""
    rigid = of.master.rigid()
    if rigid is None or of.futures:
        yield from _entries(row(of, place) for place in found)
        return
    before, after = rigid
    floating = of.zone is None
    busy = busy_of(of.master.component, Interval(-before, after))
    for key, _ in found:
        yield key - before, key + after, floating, busy


def _entries(rows: Iterable[Row]) -> Iterator[_Entry]:
    """Rows placed in time; floating ones by the clock on the wall."""
    for row_ in rows:
        interval = row_.extent.interval(row_.start, UTC)
        if interval is not None:
            busy = busy_of(row_.extent.component, interval)
            yield *interval, _floating(row_.start), busy


def _published(document: Document) -> Iterator[_Entry]:
    """A VFREEBUSY by the interval that a time range tests, and its periods by what they say."""
    for component in document.components:
        for start, _, interval in published(component, document.zones, UTC):
            yield *interval, _floating(start), Busy.FREE
        for start, interval, busy in stated(component, document.zones, UTC):
            yield *interval, _floating(start), busy


def _floating(value: Temporal | None) -> bool:
    return value is not None and not (isinstance(value, datetime) and value.tzinfo)
