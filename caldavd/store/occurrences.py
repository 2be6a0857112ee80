"""The occurrence index: which objects have an instance in a time range.

A row says: this object has an instance that a time range matches if and only if the range starts
before `ends` and ends after `starts`. `ical.index` turns every row of the RFC 4791 §9.9 tables
into that form. Rows lie in bands, so that a btree range scan touches few rows that do not match:
an instance no longer than SHORT_S starts within SHORT_S of any range it overlaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    insert,
    literal_column,
    select,
    union_all,
    update,
)

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
class Range:
    """A time range in epoch seconds and, for floating times, in the asker's local seconds.

    The local bounds lie as far outside as clocks on the wall may differ from UTC.
    """

    starts: int
    ends: int
    local_starts: int
    local_ends: int


class Floating(NamedTuple):
    """An instance that overlaps a range in some zones: wall seconds, as if the zone were UTC."""

    of: Stored
    starts: int
    ends: int
    busy: int


@dataclass(frozen=True, slots=True)
class Found:
    """What the index knows of a range."""

    sure: Mapping[int, Stored]
    """Objects with an instance that overlaps it, in whichever zone, by their ids."""
    floating: Sequence[Floating]
    """Instances of other objects, which the zone decides."""
    undecided: Mapping[int, Stored]
    """Other objects whose index does not reach over all of it: their text must decide."""


_SURE: Final = 0
_FLOATING: Final = 1
_UNDECIDED: Final = 2


def _band(band: Band, starts: str, ends: str) -> list[ColumnElement[bool]]:
    """What an instance in a band fulfils if it overlaps; a short one starts near the range."""
    conditions = [
        occurrence.c.collection_id == bindparam("collection_id"),
        occurrence.c.kind == bindparam("kind"),
        occurrence.c.band == literal_column(str(int(band))),
        occurrence.c.starts < bindparam(ends),
        occurrence.c.ends > bindparam(starts),
    ]
    if band in (Band.SHORT, Band.FLOATING_SHORT):
        conditions.append(occurrence.c.starts > bindparam(starts + "_short"))
    return conditions


def _sure() -> Select[Any]:
    inner = ("inner_starts", "inner_ends")
    overlapping = union_all(
        select(occurrence.c.object_id).where(*_band(Band.SHORT, "starts", "ends")),
        select(occurrence.c.object_id).where(*_band(Band.LONG, "starts", "ends")),
        select(occurrence.c.object_id).where(*_band(Band.FLOATING_SHORT, *inner)),
        select(occurrence.c.object_id).where(*_band(Band.FLOATING_LONG, *inner)),
    )
    return select(*objects.COLUMNS, *_said(_SURE)).where(calendar_object.c.id.in_(overlapping))


def _floating(band: Band) -> Select[Any]:
    return (
        select(
            *objects.COLUMNS,
            literal_column(str(_FLOATING)),
            occurrence.c.starts,
            occurrence.c.ends,
            occurrence.c.busy,
        )
        .join_from(occurrence, calendar_object, calendar_object.c.id == occurrence.c.object_id)
        .where(
            *_band(band, "local_starts", "local_ends"),
            (occurrence.c.starts >= bindparam("inner_ends"))
            | (occurrence.c.ends <= bindparam("inner_starts")),
        )
    )


def _undecided(*conditions: ColumnElement[bool]) -> Select[Any]:
    """One for each index: a database scans a range of either, but not of both at once."""
    return select(*objects.COLUMNS, *_said(_UNDECIDED)).where(
        calendar_object.c.collection_id == bindparam("collection_id"),
        *conditions,
        calendar_object.c.component == bindparam("component"),
    )


def _said(what: int) -> list[ColumnElement[Any]]:
    return [literal_column(str(what)), *[literal_column("0")] * 3]


ENDS_BEFORE: Final = (
    calendar_object.c.indexed_until.is_not(None) | calendar_object.c.indexed_from.is_not(None),
    calendar_object.c.indexed_until < bindparam("ends"),
    calendar_object.c.indexed_until > literal_column(str(-FAR)),
)
"""Of objects whose index ends before a range does. The last condition holds for all of them: it
makes a range of the values, which PostgreSQL takes for few even where it does not know which, so
that it scans that range of the index on them."""
BEGINS_AFTER: Final = (
    calendar_object.c.indexed_from > bindparam("starts"),
    calendar_object.c.indexed_from < literal_column(str(FAR)),
)
"""Of objects whose index begins after a range does."""
_FIND: Final = union_all(
    _sure(),
    _floating(Band.FLOATING_SHORT),
    _floating(Band.FLOATING_LONG),
    _undecided(*ENDS_BEFORE),
    _undecided(*BEGINS_AFTER),
)
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


async def find(tx: ReadTx, collection_id: int, component: str, within: Range) -> Found:
    """What the index knows of the objects of one component type, in one statement."""
    inner_starts = 2 * within.starts - within.local_starts
    rows = await tx.all(
        _FIND,
        collection_id=collection_id,
        kind=COMPONENTS.get(component, OTHER),
        component=component,
        starts=within.starts,
        starts_short=within.starts - SHORT_S,
        ends=within.ends,
        local_starts=within.local_starts,
        local_starts_short=within.local_starts - SHORT_S,
        local_ends=within.local_ends,
        inner_starts=inner_starts,
        inner_starts_short=inner_starts - SHORT_S,
        inner_ends=2 * within.ends - within.local_ends,
    )
    return _found(rows)


def _found(rows: Sequence[Sequence[Any]]) -> Found:
    width = objects.WIDTH
    by_kind: tuple[dict[int, Stored], ...] = ({}, {}, {})
    floating: list[Floating] = []
    for row in rows:
        stored = Stored._make(row[:width])
        kind = row[width]
        by_kind[kind][stored.id] = stored
        if kind == _FLOATING:
            floating.append(Floating(stored, *row[width + 1 :]))
    sure, _, undecided = by_kind
    return Found(
        sure,
        [one for one in floating if one.of.id not in sure],
        {id_: stored for id_, stored in undecided.items() if id_ not in sure},
    )


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
