"""When people are busy (RFC 4791 §7.10): from the index, for many of them at once.

The number of statements does not grow with that of users or calendars. Floating and all-day times
lie where the calendar's owner lives, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import islice
from typing import Final
from xml.etree import ElementTree

from caldavd.errors import NUMBER_OF_MATCHES, Refused
from caldavd.ical import parse
from caldavd.ical.freebusy import BusyPeriod, bounds, busy, of_document
from caldavd.ical.index import Occurrence, place
from caldavd.ical.recurrence import TooMany
from caldavd.model import Collection, Window
from caldavd.names import CALDAV
from caldavd.service import zone
from caldavd.service.query import BATCH, MARGIN_S
from caldavd.store import busy as store
from caldavd.store import objects
from caldavd.store.busy import BusyRow, Undecided
from caldavd.store.engine import ReadTx
from caldavd.store.occurrences import Band, Range

TRANSP: Final = CALDAV + "schedule-calendar-transp"
OFFLOAD: Final = 500
"""From this many instances on, merging them leaves the event loop."""

MAX_BY_TEXT: Final = 10_000
"""Instances that texts are asked for in one question: each costs what a hundred rows do."""

_Found = tuple[int, int, int]
"""An interval, placed, and its `periods.Busy`."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which calendars, whose busy time each of them is, where each lies, and when."""

    users: Mapping[int, int]
    """By collection id."""
    zones: Mapping[int, str]
    """The owner's calendar-timezone by collection id, where there is one."""
    window: Window
    limit: int
    masked: frozenset[int] = frozenset()
    """The ids of objects that count for nobody."""


def any_calendar(calendar: Collection) -> bool:
    """Whoever asks may know of every calendar."""
    return True


async def of_users(
    tx: ReadTx,
    user_ids: Sequence[int],
    window: Window,
    limit: int,
    may_see: Callable[[Collection], bool] = any_calendar,
) -> dict[int, list[BusyPeriod]]:
    """The busy periods of each user: of all their calendars but the transparent ones.

    Transparent is what its owner calls so (RFC 6638 §9.1). `may_see` leaves out calendars on which
    the asker lacks CALDAV:read-free-busy. Raises Refused(NUMBER_OF_MATCHES) where more than
    `limit` instances of all users lie in the window.
    """
    calendars = [one for one in await store.calendars(tx, user_ids) if may_see(one)]
    found = await _periods(tx, await _question(tx, calendars, window, limit))
    return {user_id: found.get(user_id, []) for user_id in user_ids}


async def of_users_without(
    tx: ReadTx, user_ids: Sequence[int], window: Window, limit: int, uids: Iterable[str]
) -> dict[int, list[BusyPeriod]]:
    """As `of_users`, but objects of these UIDs count for nobody."""
    asked = await _question(tx, await store.calendars(tx, user_ids), window, limit)
    if uids:
        asked = replace(asked, masked=await store.of_uids(tx, list(asked.users), uids))
    found = await _periods(tx, asked)
    return {user_id: found.get(user_id, []) for user_id in user_ids}


async def of_calendar(
    tx: ReadTx, calendar: Collection, window: Window, limit: int
) -> list[BusyPeriod]:
    """The busy periods in one calendar, be it transparent or not. Raises as `of_users` does."""
    stored = await store.owners_properties(tx, [calendar.id], (zone.TIMEZONE,))
    users = {calendar.id: calendar.owner_id}
    found = await _periods(tx, Question(users, _zones(stored), window, limit))
    return found.get(calendar.owner_id, [])


async def _question(
    tx: ReadTx, calendars: Sequence[Collection], window: Window, limit: int
) -> Question:
    """What is asked about calendars, the transparent ones left out."""
    ids = [one.id for one in calendars]
    stored = await store.owners_properties(tx, ids, (TRANSP, zone.TIMEZONE))
    users = {
        one.id: one.owner_id for one in calendars if not _transparent(stored.get((one.id, TRANSP)))
    }
    return Question(users, _zones(stored), window, limit)


async def _periods(tx: ReadTx, asked: Question) -> dict[int, list[BusyPeriod]]:
    """By user; who is free all the time is left out."""
    ids = list(asked.users)
    if not ids:
        return {}
    low, high = bounds(asked.window)
    within = Range(low, high, low - MARGIN_S, high + MARGIN_S)
    rows = await store.busy(tx, ids, within, asked.limit + 1, asked.masked)
    beyond = await store.undecided(tx, ids, within, asked.limit + 1)
    beyond = [one for one in beyond if one.id not in asked.masked]
    left = asked.limit - len(rows) - len(beyond)
    if left < 0:
        raise _too_many(asked.limit)
    told = await _by_text(tx, beyond, asked, min(left, MAX_BY_TEXT)) if beyond else {}
    if len(rows) + sum(map(len, told.values())) < OFFLOAD:
        return _merged(rows, told, asked)
    return await tx.offload(_merged, rows, told, asked)


def _merged(
    rows: Iterable[BusyRow], told: Mapping[int, list[_Found]], asked: Question
) -> dict[int, list[BusyPeriod]]:
    """Rows of the index, and what texts told of each user, as the periods of each user."""
    places = _Places(asked.zones)
    found = {user_id: list(told.get(user_id, ())) for user_id in asked.users.values()}
    for collection_id, band, starts, ends, type_ in rows:
        when = (starts, ends)
        if band >= Band.FLOATING_SHORT:
            when = place(Occurrence(starts, ends, True, type_), places[collection_id])
        found[asked.users[collection_id]].append((*when, type_))
    return {user_id: busy(of, asked.window) for user_id, of in found.items() if of}


class _Places(dict[int, tzinfo]):
    """The zones of calendars by id, each read when it is asked for."""

    def __init__(self, zones: Mapping[int, str]) -> None:
        super().__init__()
        self._zones = zones

    def __missing__(self, collection_id: int) -> tzinfo:
        found = self[collection_id] = zone.read(self._zones.get(collection_id))
        return found


async def _by_text(
    tx: ReadTx, beyond: Sequence[Undecided], asked: Question, left: int
) -> dict[int, list[_Found]]:
    """What the texts of undecided objects say, by user; no more than `left` instances."""
    found: dict[int, list[_Found]] = {}
    places = _Places(asked.zones)
    for start in range(0, len(beyond), BATCH):
        batch = beyond[start : start + BATCH]
        texts = await objects.contents(tx, [one.id for one in batch])
        told = [
            (asked.users[one.collection_id], texts[one.id], places[one.collection_id])
            for one in batch
        ]
        for user_id, periods in await tx.offload(_told, told, asked, left):
            found.setdefault(user_id, []).extend(periods)
            left -= len(periods)
    return found


def _told(
    texts: Iterable[tuple[int, str, tzinfo]], asked: Question, left: int
) -> list[tuple[int, list[BusyPeriod]]]:
    """When each text keeps its user busy."""
    result = []
    for user_id, text, floating in texts:
        try:
            of = of_document(parse.stored(text), asked.window, floating)
            periods = list(islice(of, left + 1))
        except TooMany:
            raise _too_many(asked.limit) from None
        left -= len(periods)
        if left < 0:
            raise _too_many(asked.limit)
        result.append((user_id, periods))
    return result


def _transparent(element: str | None) -> bool:
    """Whether a schedule-calendar-transp says so; its XML was read once already."""
    if element is None:
        return False
    return ElementTree.fromstring(element).find(CALDAV + "transparent") is not None


def _zones(stored: Mapping[tuple[int, str], str]) -> dict[int, str]:
    return {id_: value for (id_, name), value in stored.items() if name == zone.TIMEZONE}


def _too_many(limit: int) -> Refused:
    return Refused(
        NUMBER_OF_MATCHES,
        f"more than {limit} instances lie in the time range, or more than {MAX_BY_TEXT} where the "
        "index does not reach: ask for a shorter one",
    )
