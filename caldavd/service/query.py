"""Which objects of a calendar a filter matches (RFC 4791 §7.8): the index first, then the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from caldavd.ical import parse
from caldavd.ical.filter import Bounds, bounds, matches
from caldavd.ical.filter_elements import Filter
from caldavd.ical.index import Occurrence, place
from caldavd.model import Collection, Stored, Window
from caldavd.store import objects, occurrences
from caldavd.store.engine import ReadTx
from caldavd.store.occurrences import FAR, Range, Row

MARGIN_S: Final = 26 * 3_600
"""Wall clocks differ from UTC by less than this."""
BATCH: Final = 100
"""Texts that are read at a time."""

Zone = Callable[[], Awaitable[tzinfo]]
"""Where floating times lie; asked only when one has to be placed."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Objects that match for sure, and those whose text must be read."""

    sure: Sequence[Stored]
    unsure: Sequence[Stored]


async def query(tx: ReadTx, calendar: Collection, filter: Filter, zone: Zone) -> list[Stored]:
    """The objects that match, oldest first."""
    within = bounds(filter)
    found = await _candidates(tx, calendar, within, zone)
    matched = list(found.sure)
    if found.unsure:
        matched += await _by_text(tx, found.unsure, filter, await zone())
    return sorted(matched, key=lambda stored: stored.id)


async def matches_one(tx: ReadTx, stored: Stored, filter: Filter, zone: Zone) -> bool:
    """Whether one object matches."""
    return bool(await _by_text(tx, [stored], filter, await zone()))


async def _candidates(tx: ReadTx, calendar: Collection, within: Bounds, zone: Zone) -> Candidates:
    if within.component is not None and within.component not in calendar.components:
        return Candidates((), ())
    if within.window is not None:
        return await _by_time(tx, calendar, within, within.window, zone)
    if within.uid is not None:
        alike = await objects.with_uid_containing(tx, calendar.id, within.uid.text)
        found = [one for one in alike if within.component in (None, one.component)]
    else:
        found = await objects.members(tx, calendar.id, within.component)
    found = _with_uid(found, within)
    return Candidates(found, ()) if within.decided else Candidates((), found)


async def _by_time(
    tx: ReadTx, calendar: Collection, within: Bounds, window: Window, zone: Zone
) -> Candidates:
    range_ = _range(window)
    components = (within.component,) if within.component else calendar.components
    rows = [
        row
        for component in components
        for row in await occurrences.overlapping(tx, calendar.id, component, range_)
    ]
    ids = await _overlapping(rows, range_, zone)
    beyond = [
        stored
        for stored in await occurrences.undecided(tx, calendar.id, range_.starts, range_.ends)
        if stored.component in components and stored.id not in ids
    ]
    beyond = _with_uid(beyond, within)
    indexed = _with_uid(await objects.by_ids(tx, list(ids)) if ids else [], within)
    if within.decided:
        return Candidates(indexed, beyond)
    return Candidates((), [*indexed, *beyond])


def _with_uid(found: list[Stored], within: Bounds) -> list[Stored]:
    """Those whose UID contains the text that the bounds name, if they name one."""
    if within.uid is None:
        return found
    return [one for one in found if within.uid.text in one.uid]


async def _overlapping(rows: Sequence[Row], range_: Range, zone: Zone) -> set[int]:
    """The objects that have an instance in the range; floating ones are placed first."""
    ids = {row.object_id for row in rows if not row.floating}
    floating = [row for row in rows if row.floating and row.object_id not in ids]
    if floating:
        where = await zone()
        ids.update(row.object_id for row in floating if _overlaps(row, range_, where))
    return ids


def _overlaps(row: Row, range_: Range, where: tzinfo) -> bool:
    placed = place(Occurrence(row.starts, row.ends, row.floating, row.busy), where)
    return range_.starts < placed.ends and range_.ends > placed.starts


def _range(window: Window) -> Range:
    starts, ends = _epoch(window.start, -FAR), _epoch(window.end, FAR)
    return Range(starts, ends, starts - MARGIN_S, ends + MARGIN_S)


def _epoch(moment: datetime | None, open_: int) -> int:
    return open_ if moment is None else int(moment.timestamp())


async def _by_text(
    tx: ReadTx, unsure: Sequence[Stored], filter: Filter, where: tzinfo
) -> list[Stored]:
    matched: list[Stored] = []
    for start in range(0, len(unsure), BATCH):
        batch = unsure[start : start + BATCH]
        texts = await objects.contents(tx, [stored.id for stored in batch])
        matched += await tx.offload(_matching, batch, texts, filter, where)
    return matched


def _matching(
    batch: Iterable[Stored], texts: dict[int, str], filter: Filter, where: tzinfo
) -> list[Stored]:
    return [
        stored
        for stored in batch
        if stored.id in texts and matches(filter, parse.stored(texts[stored.id]), where)
    ]
