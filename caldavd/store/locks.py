"""Write locks (RFC 4918 §6). One whose time is over is none, whether it was removed or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, bindparam, delete, insert, literal_column, select, update

from caldavd.model import Collection, Kind, Lock, Place, Stored
from caldavd.store import objects
from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, dav_lock

_COLUMNS: Final = (
    dav_lock.c.token,
    dav_lock.c.owner_id,
    dav_lock.c.collection_id,
    dav_lock.c.name,
    collection.c.kind,
    dav_lock.c.shared,
    dav_lock.c.infinite,
    dav_lock.c.creator_id,
    dav_lock.c.root,
    dav_lock.c.owner,
    dav_lock.c.expires_at,
)
_ITS_COLLECTION: Final = collection.c.id == dav_lock.c.collection_id
_LASTS: Final = dav_lock.c.expires_at > bindparam("now")
_AT: Final = and_(
    dav_lock.c.collection_id == bindparam("collection_id"), dav_lock.c.name == bindparam("name")
)

_OF_OWNERS: Final = (
    select(*_COLUMNS)
    .join(collection, _ITS_COLLECTION)
    .where(In(dav_lock.c.owner_id, "owner_ids"), _LASTS)
    .order_by(dav_lock.c.token)
)
_ONE: Final = select(literal_column("1").label("one")).subquery("one")
# A write decides by tokens: what owners sent with their locks is not read for it.
_WITHOUT_TEXT: Final = tuple(
    literal_column("''").label("lock_owner") if column is dav_lock.c.owner else column
    for column in _COLUMNS
)
# What a write decides on, in one statement: nobody pays for locks who has none.
_MEMBER: Final = (
    select(*objects.COLUMNS, *_WITHOUT_TEXT)
    .select_from(_ONE)
    .outerjoin(
        calendar_object,
        and_(
            calendar_object.c.collection_id == bindparam("collection_id"),
            calendar_object.c.name == bindparam("name"),
        ),
    )
    .outerjoin(dav_lock, and_(dav_lock.c.owner_id == bindparam("owner_id"), _LASTS))
    .outerjoin(collection, _ITS_COLLECTION)
)
_INSERT: Final = insert(dav_lock)
_REFRESH: Final = (
    update(dav_lock)
    .where(dav_lock.c.token == bindparam("lock_token"))
    .values(expires_at=bindparam("expires_at"))
)
_REMOVE: Final = delete(dav_lock).where(dav_lock.c.token == bindparam("lock_token"))
_REMOVE_AT: Final = delete(dav_lock).where(_AT)
_REMOVE_IN: Final = delete(dav_lock).where(dav_lock.c.collection_id == bindparam("collection_id"))
_REMOVE_EXPIRED: Final = delete(dav_lock).where(dav_lock.c.expires_at <= bindparam("now"))


async def of_owners(tx: ReadTx, owner_ids: Sequence[int], now: int) -> list[Lock]:
    """All locks in the homes of some principals."""
    return [_from_row(row) for row in await tx.all(_OF_OWNERS, owner_ids=owner_ids, now=now)]


async def member(
    tx: ReadTx, calendar: Collection, name: str, now: int
) -> tuple[Stored | None, list[Lock]]:
    """A member of a calendar, and all locks in the home of the calendar's owner.

    Their owner elements are left out.
    """
    rows = await tx.all(
        _MEMBER, collection_id=calendar.id, name=name, owner_id=calendar.owner_id, now=now
    )
    width = objects.WIDTH
    stored = None if rows[0][0] is None else Stored._make(rows[0][:width])
    return stored, [_from_row(row[width:]) for row in rows if row[width] is not None]


async def insert_(tx: WriteTx, new: Lock) -> None:
    """Adds a lock."""
    await tx.run(
        _INSERT,
        token=new.token,
        owner_id=new.owner_id,
        collection_id=new.place.collection_id,
        name=new.place.name,
        shared=int(new.shared),
        infinite=int(new.infinite),
        creator_id=new.creator_id,
        root=new.root,
        owner=new.owner,
        expires_at=new.expires_at,
    )


async def refresh(tx: WriteTx, token: str, expires_at: int) -> None:
    """Lets a lock last until then."""
    await tx.run(_REFRESH, lock_token=token, expires_at=expires_at)


async def remove(tx: WriteTx, token: str) -> None:
    """Removes one lock."""
    await tx.run(_REMOVE, lock_token=token)


async def remove_at(tx: WriteTx, place: Place) -> None:
    """Removes the locks that are rooted at a place."""
    await tx.run(_REMOVE_AT, collection_id=place.collection_id, name=place.name)


async def remove_in(tx: WriteTx, collection_id: int) -> None:
    """Removes the locks of a collection and of its members."""
    await tx.run(_REMOVE_IN, collection_id=collection_id)


async def remove_expired(tx: WriteTx, now: int) -> int:
    """Removes the locks whose time is over; how many there were."""
    return await tx.run(_REMOVE_EXPIRED, now=now)


def _from_row(row: Row) -> Lock:
    token, owner_id, collection_id, name, kind, shared, infinite, *others = row
    return Lock(
        token,
        owner_id,
        Place(collection_id, name),
        kind == Kind.HOME.value,
        bool(shared),
        bool(infinite),
        *others,
    )
