"""Writes the index rows of an object: what `store.occurrences` reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.sql.base import Executable

from caldavd.model import Stored
from caldavd.store.engine import WriteTx
from caldavd.store.occurrences import COMPONENTS, OTHER, SHORT_S, Band
from caldavd.store.tables import occurrence

_Row = tuple[int, int, int, int, int]
"""kind, band, starts, ends, busy: all plain numbers, as members of an Enum bind slowly."""

_SHORT: Final = (int(Band.SHORT), int(Band.FLOATING_SHORT))
_LONG: Final = (int(Band.LONG), int(Band.FLOATING_LONG))

_HELD: Final = select(
    occurrence.c.kind, occurrence.c.band, occurrence.c.starts, occurrence.c.ends, occurrence.c.busy
).where(occurrence.c.object_id == bindparam("object_id"))
_INSERT: Final = insert(occurrence)
_DELETE_ALL: Final = delete(occurrence).where(occurrence.c.object_id == bindparam("object_id"))
_THIS: Final = (
    occurrence.c.collection_id == bindparam("of_collection"),
    occurrence.c.kind == bindparam("of_kind"),
    occurrence.c.band == bindparam("of_band"),
    occurrence.c.starts == bindparam("of_starts"),
    occurrence.c.object_id == bindparam("of_object"),
    occurrence.c.ends == bindparam("of_ends"),
    occurrence.c.busy == bindparam("of_busy"),
)
_DELETE: Final = delete(occurrence).where(*_THIS)
_UPDATE: Final = (
    update(occurrence)
    .where(*_THIS)
    .values(
        kind=bindparam("kind"),
        band=bindparam("band"),
        starts=bindparam("starts"),
        ends=bindparam("ends"),
        busy=bindparam("busy"),
    )
)


async def replace(
    tx: WriteTx, of: Stored, rows: Iterable[tuple[int, int, bool, int]], *, fresh: bool
) -> None:
    """Sets an object's index rows: (starts, ends, floating, busy) each.

    Only what differs is written: it is read in a tenth of the time. `fresh` says that the object
    has none yet.
    """
    kind = COMPONENTS.get(of.component, OTHER)
    wanted = {
        (kind, (_SHORT if ends - starts <= SHORT_S else _LONG)[floating], starts, ends, int(busy))
        for starts, ends, floating, busy in rows
    }
    if fresh:
        await _each(tx, _INSERT, _values(of, sorted(wanted)))
        return
    held: set[_Row] = {tuple(row) for row in await tx.all(_HELD, object_id=of.id)}
    if len(wanted) == len(held) == 1:
        await _change(tx, of, held.pop(), wanted.pop())
        return
    gone = held - wanted
    if 2 * len(gone) > len(held):
        # One statement, and what stays is written again.
        await tx.run(_DELETE_ALL, object_id=of.id)
        gone, held = set(), set()
    await _each(tx, _DELETE, [_this(of, row) for row in gone])
    await _each(tx, _INSERT, _values(of, sorted(wanted - held)))


async def _change(tx: WriteTx, of: Stored, old: _Row, new: _Row) -> None:
    if old != new:
        kind, band, starts, ends, busy = new
        values = {"kind": kind, "band": band, "starts": starts, "ends": ends, "busy": busy}
        await tx.run(_UPDATE, **_this(of, old), **values)


async def _each(tx: WriteTx, statement: Executable, rows: Sequence[dict[str, Any]]) -> None:
    if len(rows) == 1:
        await tx.run(statement, **rows[0])
    elif rows:
        await tx.many(statement, rows)


def _values(of: Stored, rows: Iterable[_Row]) -> list[dict[str, int]]:
    keys = {"owner_id": of.owner_id, "collection_id": of.collection_id, "object_id": of.id}
    return [
        {**keys, "kind": kind, "band": band, "starts": starts, "ends": ends, "busy": busy}
        for kind, band, starts, ends, busy in rows
    ]


def _this(of: Stored, row: _Row) -> dict[str, Any]:
    """The values that find a row by its key."""
    kind, band, starts, ends, busy = row
    return {
        "of_collection": of.collection_id,
        "of_kind": kind,
        "of_band": band,
        "of_starts": starts,
        "of_object": of.id,
        "of_ends": ends,
        "of_busy": busy,
    }
