"""The occurrence index: which objects have an instance in a time range.

A row says: this object has an instance that a time range matches if and only if the range starts
before `ends` and ends after `starts`. `ical.index` turns every row of the RFC 4791 §9.9 tables
into that form. Rows lie in bands, so that a btree range scan touches few rows that do not match:
an instance no longer than SHORT_S starts within SHORT_S of any range it overlaps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from sqlalchemy import BigInteger, Select, bindparam, delete, insert, select, union_all, update

from caldavd.model import Stored
from caldavd.store import objects
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import calendar_object, occurrence

SHORT_S: Final = 8 * 86_400
FAR: Final = 1 << 60
"""Stands for an open end of a range."""


class Band(IntEnum):
    """Length and time reference of an instance."""

    SHORT = 0
    LONG = 1
    FLOATING_SHORT = 2
    """Floating and all-day: `starts` and `ends` are local seconds, as if the zone were UTC."""
    FLOATING_LONG = 3


COMPONENTS: Final = {"VEVENT": 0, "VTODO": 1, "VJOURNAL": 2, "VFREEBUSY": 3}
"""The number that stands for a component type in the index."""
OTHER: Final = 9


@dataclass(frozen=True, slots=True)
class Row:
    """One instance of one object as the index holds it."""

    object_id: int
    starts: int
    ends: int
    floating: bool
    busy: int


@dataclass(frozen=True, slots=True)
class Range:
    """A time range in epoch seconds and, for floating times, in the asker's local seconds.

    The local bounds must be wide enough: the caller decides floating rows for itself.
    """

    starts: int
    ends: int
    local_starts: int
    local_ends: int


def _band(band: Band, starts: str, ends: str, *, short: bool) -> Select[Any]:
    condition = [
        occurrence.c.collection_id == bindparam("collection_id"),
        occurrence.c.kind == bindparam("kind"),
        occurrence.c.band == int(band),
        occurrence.c.starts < bindparam(ends),
        occurrence.c.ends > bindparam(starts),
    ]
    if short:
        condition.append(occurrence.c.starts > bindparam(starts + "_short"))
    return select(
        occurrence.c.object_id,
        occurrence.c.starts,
        occurrence.c.ends,
        occurrence.c.band,
        occurrence.c.busy,
    ).where(*condition)


_OVERLAPPING: Final = union_all(
    _band(Band.SHORT, "starts", "ends", short=True),
    _band(Band.LONG, "starts", "ends", short=False),
    _band(Band.FLOATING_SHORT, "local_starts", "local_ends", short=True),
    _band(Band.FLOATING_LONG, "local_starts", "local_ends", short=False),
)
_UNDECIDED: Final = select(*objects.COLUMNS).where(
    calendar_object.c.collection_id == bindparam("collection_id"),
    calendar_object.c.indexed_until.is_not(None) | calendar_object.c.indexed_from.is_not(None),
    (calendar_object.c.indexed_until < bindparam("ends"))
    | (calendar_object.c.indexed_from > bindparam("starts")),
)
_INSERT: Final = insert(occurrence)
_DELETE: Final = delete(occurrence).where(occurrence.c.object_id == bindparam("object_id"))
_MOVE: Final = (
    update(occurrence)
    .where(occurrence.c.object_id == bindparam("of_object"))
    .values(collection_id=bindparam("collection_id"), owner_id=bindparam("owner_id"))
)
_COPY: Final = insert(occurrence).from_select(
    ["owner_id", "collection_id", "object_id", "kind", "band", "starts", "ends", "busy"],
    select(
        bindparam("to_owner", type_=BigInteger),
        bindparam("to_collection", type_=BigInteger),
        bindparam("to_object", type_=BigInteger),
        occurrence.c.kind,
        occurrence.c.band,
        occurrence.c.starts,
        occurrence.c.ends,
        occurrence.c.busy,
    ).where(occurrence.c.object_id == bindparam("from_object")),
)


async def overlapping(tx: ReadTx, collection_id: int, component: str, within: Range) -> list[Row]:
    """Instances of one component type that may overlap a range.

    Those that do not float do overlap it; floating ones may miss it by the width of the margin.
    """
    rows = await tx.all(
        _OVERLAPPING,
        collection_id=collection_id,
        kind=COMPONENTS.get(component, OTHER),
        starts=within.starts,
        starts_short=within.starts - SHORT_S,
        ends=within.ends,
        local_starts=within.local_starts,
        local_starts_short=within.local_starts - SHORT_S,
        local_ends=within.local_ends,
    )
    return [
        Row(object_id, starts, ends, band >= Band.FLOATING_SHORT, busy)
        for object_id, starts, ends, band, busy in rows
    ]


async def undecided(tx: ReadTx, collection_id: int, starts: int, ends: int) -> list[Stored]:
    """Objects whose index does not reach over all of a range: their text must decide."""
    rows = await tx.all(_UNDECIDED, collection_id=collection_id, starts=starts, ends=ends)
    return [Stored._make(row) for row in rows]


async def replace(
    tx: WriteTx, of: Stored, rows: Iterable[tuple[int, int, bool, int]], *, fresh: bool
) -> None:
    """Sets an object's index rows: (starts, ends, floating, busy) each.

    `fresh` says that the object has none yet.
    """
    if not fresh:
        await tx.run(_DELETE, object_id=of.id)
    kind = COMPONENTS.get(of.component, OTHER)
    values = [
        {
            "owner_id": of.owner_id,
            "collection_id": of.collection_id,
            "object_id": of.id,
            "kind": kind,
            "band": _band_of(starts, ends, floating=floating),
            "starts": starts,
            "ends": ends,
            "busy": busy,
        }
        for starts, ends, floating, busy in dict.fromkeys(rows)
    ]
    if len(values) == 1:
        await tx.run(_INSERT, **values[0])
    elif values:
        await tx.many(_INSERT, values)


async def move(tx: WriteTx, object_id: int, collection_id: int, owner_id: int) -> None:
    """Lets an object's index rows follow it into another collection."""
    await tx.run(_MOVE, of_object=object_id, collection_id=collection_id, owner_id=owner_id)


async def copy(tx: WriteTx, from_id: int, to: Stored) -> None:
    """Gives a copy of an object the same index rows."""
    await tx.run(
        _COPY,
        to_owner=to.owner_id,
        to_collection=to.collection_id,
        to_object=to.id,
        from_object=from_id,
    )


def _band_of(starts: int, ends: int, *, floating: bool) -> int:
    long = ends - starts > SHORT_S
    if floating:
        return Band.FLOATING_LONG if long else Band.FLOATING_SHORT
    return Band.LONG if long else Band.SHORT
