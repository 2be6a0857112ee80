"""When the owners of many calendars are busy: one statement for all of them at once.

The occurrence index holds what each instance means for free/busy, so that nothing but its rows is
read. `store.occurrences` says what bands are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    bindparam,
    literal,
    not_,
    select,
    union,
    union_all,
)

from caldavd.model import Collection, Kind
from caldavd.store import collections
from caldavd.store.engine import ReadTx
from caldavd.store.occurrences import (
    BEGINS_AFTER,
    COMPONENTS,
    ENDS_BEFORE,
    SHORT_S,
    Band,
    Range,
)
from caldavd.store.properties import EVERYONE
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, occurrence, property_

_KINDS: Final = [literal(COMPONENTS[name]) for name in ("VEVENT", "VFREEBUSY")]
_FREE: Final = 0


class BusyRow(NamedTuple):
    """One busy instance in one calendar; in a floating band it counts in local seconds."""

    collection_id: int
    band: int
    starts: int
    ends: int
    busy: int


class Undecided(NamedTuple):
    """An object whose instances in a range only its text tells."""

    id: int
    collection_id: int


def _band(band: Band, starts: str, ends: str, *, short: bool, without: bool) -> Select[Any]:
    condition: list[ColumnElement[bool]] = [
        In(occurrence.c.collection_id, "ids"),
        occurrence.c.kind.in_(_KINDS),
        occurrence.c.band == int(band),
        occurrence.c.starts < bindparam(ends),
        occurrence.c.ends > bindparam(starts),
        occurrence.c.busy > _FREE,
    ]
    if short:
        condition.append(occurrence.c.starts > bindparam(starts + "_short"))
    if without:
        condition.append(not_(In(occurrence.c.object_id, "without")))
    return select(
        occurrence.c.collection_id,
        occurrence.c.band,
        occurrence.c.starts,
        occurrence.c.ends,
        occurrence.c.busy,
    ).where(*condition)


def _busy(*, without: bool) -> CompoundSelect[Any]:
    return union_all(
        _band(Band.SHORT, "starts", "ends", short=True, without=without),
        _band(Band.LONG, "starts", "ends", short=False, without=without),
        _band(Band.FLOATING_SHORT, "local_starts", "local_ends", short=True, without=without),
        _band(Band.FLOATING_LONG, "local_starts", "local_ends", short=False, without=without),
    ).limit(bindparam("at_most"))


_BUSY: Final = _busy(without=False)
_BUSY_WITHOUT: Final = _busy(without=True)
_OF_UIDS: Final = select(calendar_object.c.id).where(
    In(calendar_object.c.collection_id, "ids"), In(calendar_object.c.uid, "uids")
)


def _beyond(*conditions: ColumnElement[bool]) -> Select[Any]:
    """One for each side: a database scans a range of one index, but not of two at once."""
    return select(calendar_object.c.id, calendar_object.c.collection_id).where(
        In(calendar_object.c.collection_id, "ids"),
        *conditions,
        calendar_object.c.component == "VEVENT",
    )


_UNDECIDED: Final = union(_beyond(*ENDS_BEFORE), _beyond(*BEGINS_AFTER)).limit(bindparam("at_most"))
_CALENDARS: Final = select(*collections.COLUMNS).where(
    In(collection.c.owner_id, "owner_ids"),
    collection.c.kind == Kind.CALENDAR.value,
    collection.c.trashed_at.is_(None),
)
_OF_OWNER: Final = (
    select(property_.c.resource_id, property_.c.name, property_.c.value)
    .where(
        In(property_.c.resource_id, "ids"),
        In(property_.c.name, "names"),
        (property_.c.reader_id == EVERYONE) | (property_.c.reader_id == property_.c.owner_id),
    )
    .order_by(property_.c.reader_id)
)


async def calendars(tx: ReadTx, owner_ids: Sequence[int]) -> list[Collection]:
    """The calendars of all these principals."""
    rows = await tx.all(_CALENDARS, owner_ids=owner_ids)
    return [collections.from_row(row) for row in rows]


async def owners_properties(
    tx: ReadTx, ids: Sequence[int], names: Sequence[str]
) -> dict[tuple[int, str], str]:
    """Stored properties as the owner of each resource has them, by its id and their names."""
    rows = await tx.all(_OF_OWNER, ids=ids, names=names)
    # The owner's own value comes after everyone's.
    return {(resource_id, name): value for resource_id, name, value in rows}


async def of_uids(tx: ReadTx, ids: Sequence[int], uids: Iterable[str]) -> frozenset[int]:
    """The ids of the objects in calendars that have one of these UIDs."""
    return frozenset(row[0] for row in await tx.all(_OF_UIDS, ids=ids, uids=list(uids)))


async def busy(
    tx: ReadTx, ids: Sequence[int], within: Range, at_most: int, without: frozenset[int]
) -> list[BusyRow]:
    """Busy instances of calendars that may overlap a range, no more than `at_most`.

    Those that do not float do overlap it; floating ones may miss it by the width of the margin.
    `without`: the ids of objects that do not count.
    """
    rows = await tx.all(
        _BUSY_WITHOUT if without else _BUSY,
        **({"without": sorted(without)} if without else {}),
        ids=ids,
        starts=within.starts,
        starts_short=within.starts - SHORT_S,
        ends=within.ends,
        local_starts=within.local_starts,
        local_starts_short=within.local_starts - SHORT_S,
        local_ends=within.local_ends,
        at_most=at_most,
    )
    return [BusyRow._make(row) for row in rows]


async def undecided(tx: ReadTx, ids: Sequence[int], within: Range, at_most: int) -> list[Undecided]:
    """Events whose index does not reach over all of a range, no more than `at_most`."""
    rows = await tx.all(
        _UNDECIDED, ids=ids, starts=within.starts, ends=within.ends, at_most=at_most
    )
    return [Undecided._make(row) for row in rows]
