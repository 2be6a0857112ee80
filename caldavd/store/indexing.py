"""What keeps the occurrence index fresh: which objects wait, their texts, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, select, update

from caldavd.model import Stored
from caldavd.store import noted, objects
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object

STATE: Final = "index"
"""The name of the setting that says how far the index is; what it says is its reader's matter."""

Bounds = tuple[int | None, int | None]
"""`indexed_from` and `indexed_until` of an object."""


@dataclass(frozen=True, slots=True)
class Held:
    """An object as it is stored: its row, its text, how far it is indexed."""

    stored: Stored
    text: str
    bounds: Bounds


_NEAR: Final = calendar_object.c.indexed_until.is_not(None) & (
    calendar_object.c.indexed_until < bindparam("before")
)
_AFTER: Final = calendar_object.c.id > bindparam("after")


def _page(*conditions: Any) -> Select[Any]:
    return (
        select(calendar_object.c.id, calendar_object.c.size_bytes)
        .where(*conditions)
        .order_by(calendar_object.c.id)
        .limit(bindparam("limit"))
    )


_ALL_PAGE: Final = _page(_AFTER)
_NEAR_PAGE: Final = _page(_AFTER, _NEAR)
_COUNT_ALL: Final = select(func.count()).select_from(calendar_object).where(_AFTER)
_COUNT_NEAR: Final = select(func.count()).select_from(calendar_object).where(_NEAR)
_HELD: Final = (
    select(
        *objects.COLUMNS,
        calendar_object.c.content,
        calendar_object.c.indexed_from,
        calendar_object.c.indexed_until,
    )
    .where(In(calendar_object.c.id, "ids"))
    .order_by(calendar_object.c.id)
)
_SET_BOUNDS: Final = (
    update(calendar_object)
    .where(
        calendar_object.c.id == bindparam("object_id"),
        calendar_object.c.collection_id == bindparam("of_collection"),
        calendar_object.c.etag == bindparam("of_etag"),
    )
    .values(indexed_from=bindparam("from_"), indexed_until=bindparam("until"))
)


async def state(tx: ReadTx) -> str | None:
    """How far the index is, as it was noted last; None: never."""
    return await noted.get(tx, STATE)


async def swap_state(tx: WriteTx, old: str | None, new: str) -> bool:
    """Notes how far the index is, unless somebody noted anything else after `old`."""
    return await noted.swap(tx, STATE, old, new)


async def page(
    tx: ReadTx, after: int, limit: int, before: int | None = None
) -> list[tuple[int, int]]:
    """Ids and sizes in bytes of the next objects after an id, in order of ids.

    With `before`: of those alone whose index ends before that instant.
    """
    if before is None:
        rows = await tx.all(_ALL_PAGE, after=after, limit=limit)
    else:
        rows = await tx.all(_NEAR_PAGE, after=after, limit=limit, before=before)
    return [(row[0], row[1]) for row in rows]


async def count(tx: ReadTx, after: int) -> int:
    """How many objects have a higher id."""
    row = await tx.one(_COUNT_ALL, after=after)
    return int(row[0]) if row else 0


async def count_near(tx: ReadTx, before: int) -> int:
    """How many objects have an index that ends before that instant."""
    row = await tx.one(_COUNT_NEAR, before=before)
    return int(row[0]) if row else 0


async def held(tx: ReadTx, ids: Sequence[int]) -> list[Held]:
    """Objects as they are stored, in order of ids; unknown ids are left out."""
    width = objects.WIDTH
    return [
        Held(Stored._make(row[:width]), row[width], (row[width + 1], row[width + 2]))
        for row in await tx.all(_HELD, ids=ids)
    ]


async def set_bounds(tx: WriteTx, of: Stored, bounds: Bounds) -> bool:
    """Says how far an object is indexed; False if it was changed, moved or removed meanwhile."""
    from_, until = bounds
    return bool(
        await tx.run(
            _SET_BOUNDS,
            object_id=of.id,
            of_collection=of.collection_id,
            of_etag=of.etag,
            from_=from_,
            until=until,
        )
    )
