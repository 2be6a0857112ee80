"""Which objects of a calendar a filter matches (RFC 4791 §7.8): the index first, then the text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from caldavd.ical import parse
from caldavd.ical.filter import Bounds, bounds, matches
from caldavd.ical.filter_elements import Filter
from caldavd.ical.index import Occurrence, place
from caldavd.model import Collection, Kind, Stored, Window
from caldavd.service import views
from caldavd.service.views import Reader
from caldavd.store import objects, occurrences
from caldavd.store.engine import ReadTx
from caldavd.store.occurrences import FAR, Floating, Range

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


async def query(
    tx: ReadTx, calendar: Collection, reader: Reader, filter: Filter, zone: Zone
) -> Sequence[Stored]:
    """The objects that match as a reader sees them, oldest first.

    What the index decides, it decides alike for all: it knows nothing that is masked.
    """
    within = bounds(filter)
    found = await _candidates(tx, calendar, within, zone)
    matched = list(found.sure)
    if found.unsure:
        matched += await _by_text(tx, found.unsure, reader, filter, await zone())
    return await views.seen(tx, reader, sorted(matched, key=lambda stored: stored.id))


async def matches_one(
    tx: ReadTx, stored: Stored, reader: Reader, filter: Filter, zone: Zone
) -> bool:
    """Whether one object matches as a reader sees it."""
    return bool(await _by_text(tx, [stored], reader, filter, await zone()))


async def _candidates(tx: ReadTx, calendar: Collection, within: Bounds, zone: Zone) -> Candidates:
    if within.component is not None and within.component not in calendar.components:
        return Candidates((), ())
    if calendar.kind == Kind.INBOX.value:
        # Messages are few, and not indexed.
        return Candidates((), await objects.members(tx, calendar.id, within.component))
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
    sure: dict[int, Stored] = {}
    unsure: dict[int, Stored] = {}
    for component in (within.component,) if within.component else calendar.components:
        found = await occurrences.find(tx, calendar.id, component, range_)
        sure |= found.sure
        if found.floating:
            sure |= _placed(found.floating, range_, await zone())
        unsure |= found.undecided
    beyond = _with_uid([one for id_, one in unsure.items() if id_ not in sure], within)
    indexed = _with_uid(list(sure.values()), within)
    if within.decided:
        return Candidates(indexed, beyond)
    return Candidates((), [*indexed, *beyond])


def _with_uid(found: list[Stored], within: Bounds) -> list[Stored]:
    """Those whose UID contains the text that the bounds name, if they name one."""
    if within.uid is None:
        return found
    return [one for one in found if within.uid.text in one.uid]


def _placed(floating: Sequence[Floating], range_: Range, where: tzinfo) -> dict[int, Stored]:
    """The objects of which an instance overlaps the range in a zone."""
    return {one.of.id: one.of for one in floating if _overlaps(one, range_, where)}


def _overlaps(one: Floating, range_: Range, where: tzinfo) -> bool:
    placed = place(Occurrence(one.starts, one.ends, True, one.busy), where)
    return range_.starts < placed.ends and range_.ends > placed.starts


def _range(window: Window) -> Range:
    starts, ends = _epoch(window.start, -FAR), _epoch(window.end, FAR)
    return Range(starts, ends, starts - MARGIN_S, ends + MARGIN_S)


def _epoch(moment: datetime | None, open_: int) -> int:
    return open_ if moment is None else int(moment.timestamp())


async def _by_text(
    tx: ReadTx, unsure: Sequence[Stored], reader: Reader, filter: Filter, where: tzinfo
) -> list[Stored]:
    matched: list[Stored] = []
    for start in range(0, len(unsure), BATCH):
        batch = unsure[start : start + BATCH]
        texts = await views.texts(tx, reader, batch)
        matched += await tx.offload(_matching, batch, texts, filter, where)
    return matched


def _matching(
    batch: Iterable[Stored], texts: Mapping[int, str], filter: Filter, where: tzinfo
) -> list[Stored]:
    return [
        stored
        for stored in batch
        if stored.id in texts and matches(filter, parse.stored(texts[stored.id]), where)
    ]
