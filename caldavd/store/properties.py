"""Stored properties: dead ones, and those that each reader has a value of its own for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, delete, insert, or_, select, update
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
_MIXED: Final = select(*_COLUMNS, property_.c.owner_id).where(
    In(property_.c.resource_id, "ids"),
    or_(
        property_.c.reader_id.in_([EVERYONE, bindparam("reader_id")]),
        property_.c.reader_id == property_.c.owner_id,
    ),
)
_MIXED_NAMED: Final = _MIXED.where(In(property_.c.name, "names"))
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
_ALL_OF: Final = select(
    property_.c.owner_id, property_.c.reader_id, property_.c.name, property_.c.value
).where(property_.c.resource_id == bindparam("resource_id"))
_GIVE: Final = (
    update(property_)
    .where(property_.c.resource_id == bindparam("id"))
    .values(owner_id=bindparam("to"))
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


async def own(
    tx: ReadTx, ids: Sequence[int], reader_id: int, names: Collection[str] | None = None
) -> dict[int, dict[str, str]]:
    """As `of`, but a reader's own values alone."""
    rows = await _rows(tx, ids, names, {"owner_id": reader_id, "reader_id": reader_id})
    found: dict[int, dict[str, str]] = {}
    for id_, reader, name, value in rows:
        if reader == reader_id:
            found.setdefault(id_, {})[name] = value
    return found


async def of_many_owners(
    tx: ReadTx, ids: Sequence[int], reader_id: int, names: Collection[str] | None = None
) -> dict[int, dict[str, str]]:
    """As `of`, for resources of different owners."""
    if names is None:
        rows = await tx.all(_MIXED, ids=ids, reader_id=reader_id)
    else:
        rows = await tx.all(_MIXED_NAMED, ids=ids, reader_id=reader_id, names=list(names))

    def nearness(row: Row) -> int:
        return 2 if row[1] == reader_id else int(row[1] == row[4])

    found: dict[int, dict[str, str]] = {}
    for row in sorted(rows, key=nearness):
        found.setdefault(row[0], {})[row[2]] = row[3]
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
    """Gives a new resource all the stored properties of another.

    One of another owner gets what everyone sees, and what the old owner saw as its owner's.
    """
    rows = []
    for from_owner, reader_id, name, value in await tx.all(_ALL_OF, resource_id=from_id):
        if from_owner == owner_id or reader_id == EVERYONE:
            rows.append((owner_id, to_id, reader_id, name, value))
        elif reader_id == from_owner:
            rows.append((owner_id, to_id, owner_id, name, value))
    await _insert(tx, rows)


async def give(tx: WriteTx, resource_id: int, owner_id: int) -> None:
    """Makes the stored properties of a resource those of another owner's."""
    await tx.run(_GIVE, id=resource_id, to=owner_id)


async def _insert(tx: WriteTx, rows: Iterable[tuple[int, int, int, str, str]]) -> None:
    names = ("owner_id", "resource_id", "reader_id", "name", "value")
    await tx.many(_INSERT, [dict(zip(names, row, strict=True)) for row in rows])
