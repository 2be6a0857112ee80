"""Stored properties: dead ones, and those that each reader has a value of its own for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import property_

EVERYONE: Final = 0
"""The reader id of a value that all readers share."""

_COLUMNS: Final = (
    property_.c.resource_id,
    property_.c.reader_id,
    property_.c.name,
    property_.c.value,
)
_SEEN: Final = property_.c.reader_id.in_([EVERYONE, bindparam("owner_id"), bindparam("reader_id")])
_OF: Final = select(*_COLUMNS).where(In(property_.c.resource_id, "ids"), _SEEN)
_OF_ONE: Final = select(*_COLUMNS).where(property_.c.resource_id == bindparam("id"), _SEEN)
_NAMED: Final = select(*_COLUMNS).where(
    In(property_.c.resource_id, "ids"), _SEEN, In(property_.c.name, "names")
)
_NAMED_OF_ONE: Final = select(*_COLUMNS).where(
    property_.c.resource_id == bindparam("id"), _SEEN, property_.c.name == bindparam("name")
)
_SET: Final = upsert(property_).values(
    owner_id=bindparam("owner_id"),
    resource_id=bindparam("resource_id"),
    reader_id=bindparam("reader_id"),
    name=bindparam("name"),
    value=bindparam("value"),
)
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["resource_id", "reader_id", "name"], set_={"value": _SET.excluded.value}
)
_REMOVE: Final = delete(property_).where(
    property_.c.resource_id == bindparam("resource_id"),
    property_.c.reader_id == bindparam("reader_id"),
    property_.c.name == bindparam("name"),
)
_ALL_OF: Final = select(property_.c.reader_id, property_.c.name, property_.c.value).where(
    property_.c.resource_id == bindparam("resource_id")
)
_INSERT: Final = insert(property_)


async def of(
    tx: ReadTx,
    ids: Sequence[int],
    owner_id: int,
    reader_id: int,
    names: Collection[str] | None = None,
) -> dict[int, dict[str, str]]:
    """Properties by resource id as one reader sees them: own value, else the owner's, else all's.

    Values are whole elements, and may be large: with `names`, no others are read. A resource
    without any is left out.
    """
    rows = await _rows(tx, ids, names, {"owner_id": owner_id, "reader_id": reader_id})
    found: dict[int, dict[str, str]] = {}
    # The nearest value is written last.
    for wanted in dict.fromkeys((EVERYONE, owner_id, reader_id)):
        for id_, reader, name, value in rows:
            if reader == wanted:
                found.setdefault(id_, {})[name] = value
    return found


async def _rows(
    tx: ReadTx, ids: Sequence[int], names: Collection[str] | None, readers: Mapping[str, int]
) -> Sequence[Row]:
    """One resource, and one name of it, are what is asked for most, and need no lists."""
    match len(ids), None if names is None else len(names):
        case 1, None:
            return await tx.all(_OF_ONE, id=ids[0], **readers)
        case _, None:
            return await tx.all(_OF, ids=ids, **readers)
        case 1, 1:
            return await tx.all(_NAMED_OF_ONE, id=ids[0], name=next(iter(names or ())), **readers)
    return await tx.all(_NAMED, ids=ids, names=list(names or ()), **readers)


async def set_(
    tx: WriteTx, owner_id: int, resource_id: int, reader_id: int, name: str, value: str
) -> None:
    """Stores one value, over an earlier one."""
    await tx.run(
        _UPSERT,
        owner_id=owner_id,
        resource_id=resource_id,
        reader_id=reader_id,
        name=name,
        value=value,
    )


async def remove(tx: WriteTx, resource_id: int, reader_id: int, name: str) -> None:
    """Removes one value; no error if there is none."""
    await tx.run(_REMOVE, resource_id=resource_id, reader_id=reader_id, name=name)


async def copy(tx: WriteTx, from_id: int, to_id: int, owner_id: int) -> None:
    """Gives a new resource all the stored properties of another."""
    rows = await tx.all(_ALL_OF, resource_id=from_id)
    await _insert(
        tx, [(owner_id, to_id, reader_id, name, value) for reader_id, name, value in rows]
    )


async def _insert(tx: WriteTx, rows: Iterable[tuple[int, int, int, str, str]]) -> None:
    names = ("owner_id", "resource_id", "reader_id", "name", "value")
    await tx.many(_INSERT, [dict(zip(names, row, strict=True)) for row in rows])
