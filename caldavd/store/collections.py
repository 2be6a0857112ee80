"""Calendar homes and calendars."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import bindparam, delete, func, insert, literal, select, update

from caldavd.model import Actor, Collection, Kind
from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.principals import LoginEnded
from caldavd.store.statement import In
from caldavd.store.tables import calendar_object, collection, principal, property_

COLUMNS: Final = (
    collection.c.id,
    collection.c.owner_id,
    collection.c.kind,
    collection.c.name,
    collection.c.uuid,
    collection.c.components,
    collection.c.incarnation,
    collection.c.revision,
    collection.c.floor,
    collection.c.created_at,
    collection.c.modified_at,
    collection.c.trashed_at,
    collection.c.subscribed,
    collection.c.shared,
)
WIDTH: Final = len(COLUMNS)
PURGING: Final = 0
"""In place of when a collection was deleted: it is being removed for good, bit by bit."""
_ALIVE: Final = collection.c.trashed_at.is_(None)
_BOXES: Final = [literal(Kind.INBOX.value), literal(Kind.OUTBOX.value)]

# The login is checked in the statement that every request needs anyway.
_OWN_BY_NAME: Final = (
    select(*COLUMNS)
    .select_from(principal)
    .outerjoin(
        collection,
        (collection.c.owner_id == principal.c.id)
        & (collection.c.name == bindparam("name"))
        & _ALIVE,
    )
    .where(
        principal.c.id == bindparam("owner_id"),
        principal.c.auth_revision == bindparam("auth_revision"),
    )
)
_BY_NAME: Final = select(*COLUMNS).where(
    collection.c.owner_id == bindparam("owner_id"), collection.c.name == bindparam("name"), _ALIVE
)
_HOMES: Final = (
    select(*COLUMNS)
    .where(
        In(collection.c.owner_id, "owner_ids"),
        collection.c.kind == Kind.HOME.value,
        _ALIVE,
    )
    .order_by(collection.c.id)
)
_CALENDARS: Final = (
    select(*COLUMNS)
    .where(
        collection.c.owner_id == bindparam("owner_id"),
        collection.c.kind == Kind.CALENDAR.value,
        _ALIVE,
    )
    .order_by(collection.c.id)
)
_IN_HOME: Final = (
    select(*COLUMNS)
    .where(
        collection.c.owner_id == bindparam("owner_id"),
        collection.c.kind.in_([literal(Kind.CALENDAR.value), *_BOXES]),
        _ALIVE,
    )
    .order_by(collection.c.id)
)
_TRASHED: Final = (
    select(*COLUMNS)
    .where(
        collection.c.owner_id == bindparam("owner_id"),
        collection.c.trashed_at > PURGING,
    )
    .order_by(collection.c.trashed_at, collection.c.id)
)
_BY_IDS: Final = select(*COLUMNS).where(In(collection.c.id, "ids"))
_QUOTA: Final = (
    select(principal.c.quota_bytes).where(principal.c.id == collection.c.owner_id).scalar_subquery()
)
_LOCK: Final = (
    select(*COLUMNS, _QUOTA)
    .where(In(collection.c.id, "ids"))
    .order_by(collection.c.id)
    .with_for_update(of=collection)
)
_LOCK_ONE: Final = (
    select(*COLUMNS, _QUOTA)
    .where(collection.c.id == bindparam("id"))
    .with_for_update(of=collection)
)
_INSERT: Final = insert(collection)
_MODIFIED: Final = (
    update(collection)
    .where(collection.c.id == bindparam("id"))
    .values(
        revision=collection.c.revision + 1,
        modified_at=bindparam("at"),
        size_bytes=collection.c.size_bytes + bindparam("grown_bytes"),
    )
    .returning(collection.c.revision)
)
_TRASH: Final = (
    update(collection).where(collection.c.id == bindparam("id")).values(trashed_at=bindparam("at"))
)
_RESTORE: Final = (
    update(collection)
    .where(collection.c.id == bindparam("id"))
    .values(trashed_at=None, name=bindparam("new_name"))
)
_RENAME: Final = (
    update(collection).where(collection.c.id == bindparam("id")).values(name=bindparam("new_name"))
)
_EXPIRED: Final = select(collection.c.id).where(
    collection.c.trashed_at.is_not(None), collection.c.trashed_at < bindparam("before")
)
_SOME_OBJECTS: Final = (
    select(calendar_object.c.id)
    .where(calendar_object.c.collection_id == bindparam("id"))
    .limit(bindparam("limit"))
)
_PURGE_OBJECTS: Final = delete(calendar_object).where(In(calendar_object.c.id, "ids"))
_PURGE_THEIR_PROPERTIES: Final = delete(property_).where(In(property_.c.resource_id, "ids"))
_PURGE: Final = delete(collection).where(collection.c.id == bindparam("id"))
_PURGE_PROPERTIES: Final = delete(property_).where(property_.c.resource_id == bindparam("id"))
_PURGE_OBJECT_PROPERTIES: Final = delete(property_).where(
    property_.c.resource_id.in_(
        select(calendar_object.c.id).where(calendar_object.c.collection_id == bindparam("id"))
    )
)
_COUNT: Final = select(func.count()).where(
    collection.c.owner_id == bindparam("owner_id"), collection.c.kind.not_in(_BOXES), _ALIVE
)


def from_row(row: Row) -> Collection:
    """A Collection from a row that begins with COLUMNS."""
    return _from_row(row[:WIDTH])


def _from_row(row: Row) -> Collection:
    """From COLUMNS, and perhaps the quota of the owner."""
    id_, owner_id, kind, name, uuid, components, *others = row
    return Collection(id_, owner_id, kind, name, uuid, _components(components), *others)


@lru_cache(maxsize=64)
def _components(joined: str) -> tuple[str, ...]:
    return tuple(joined.split(",")) if joined else ()


async def own(tx: ReadTx, actor: Actor, name: str) -> Collection | None:
    """The actor's collection of that name; empty for the home. Raises LoginEnded."""
    row = await tx.one(
        _OWN_BY_NAME, owner_id=actor.id, auth_revision=actor.auth_revision, name=name
    )
    if row is None:
        raise LoginEnded
    return None if row[0] is None else from_row(row)


async def by_name(tx: ReadTx, owner_id: int, name: str) -> Collection | None:
    """The collection of that owner and name, unless it lies in the trash."""
    row = await tx.one(_BY_NAME, owner_id=owner_id, name=name)
    return None if row is None else from_row(row)


async def calendars(tx: ReadTx, owner_id: int) -> list[Collection]:
    """A principal's calendars, oldest first."""
    return [from_row(row) for row in await tx.all(_CALENDARS, owner_id=owner_id)]


async def in_home(tx: ReadTx, owner_id: int) -> list[Collection]:
    """A principal's calendars, inbox and outbox, oldest first."""
    return [from_row(row) for row in await tx.all(_IN_HOME, owner_id=owner_id)]


async def homes(tx: ReadTx, owner_ids: Sequence[int]) -> list[Collection]:
    """The homes of principals, oldest first."""
    return [from_row(row) for row in await tx.all(_HOMES, owner_ids=owner_ids)]


async def trashed(tx: ReadTx, owner_id: int) -> list[Collection]:
    """A principal's deleted calendars, the one deleted first at the head."""
    return [from_row(row) for row in await tx.all(_TRASHED, owner_id=owner_id)]


async def by_ids(tx: ReadTx, ids: Sequence[int]) -> dict[int, Collection]:
    """Collections by id, trashed ones too; unknown ids are left out."""
    return {row[0]: from_row(row) for row in await tx.all(_BY_IDS, ids=ids)}


async def lock(tx: WriteTx, *ids: int) -> list[Collection]:
    """Locks collection rows to the end of the transaction, lowest id first; as they are now.

    What else decides must be read after this: only then is it what the lock waited for.
    """
    if len(ids) == 1:
        return [_from_row(row) for row in await tx.all(_LOCK_ONE, id=ids[0])]
    return [_from_row(row) for row in await tx.all(_LOCK, ids=sorted(set(ids)))]


async def count(tx: ReadTx, owner_id: int) -> int:
    """How many collections a principal has, the home included, the trash and boxes not."""
    row = await tx.one(_COUNT, owner_id=owner_id)
    return int(row[0]) if row else 0


async def create(tx: WriteTx, new: Collection) -> None:
    """Adds a collection. Raises Conflict if its owner has one of that name."""
    await tx.run(
        _INSERT,
        id=new.id,
        owner_id=new.owner_id,
        kind=new.kind,
        name=new.name,
        uuid=new.uuid,
        components=",".join(new.components),
        incarnation=new.incarnation,
        revision=new.revision,
        floor=new.floor,
        created_at=new.created_at,
        modified_at=new.modified_at,
        trashed_at=new.trashed_at,
        subscribed=new.subscribed,
        shared=new.shared,
        size_bytes=0,
    )


async def modified(tx: WriteTx, id_: int, at: int, grown_bytes: int = 0) -> int:
    """Bumps the revision of a locked collection and returns the new one.

    `grown_bytes`: by how much its objects have become larger, together.
    """
    row = await tx.one(_MODIFIED, id=id_, at=at, grown_bytes=grown_bytes)
    if row is None:
        raise LookupError(f"collection {id_} is gone although it was locked")
    return int(row[0])


async def trash(tx: WriteTx, id_: int, at: int) -> None:
    """Moves a locked collection to the trash; its name is free at once."""
    await tx.run(_TRASH, id=id_, at=at)


async def restore(tx: WriteTx, id_: int, name: str) -> None:
    """Takes a collection out of the trash. Raises Conflict if that name is taken."""
    await tx.run(_RESTORE, id=id_, new_name=name)


async def rename(tx: WriteTx, id_: int, name: str) -> None:
    """Gives a locked collection another name. Raises Conflict if it is taken."""
    await tx.run(_RENAME, id=id_, new_name=name)


async def expired(tx: ReadTx, before: int) -> list[int]:
    """The ids of collections that were deleted before that second."""
    return [row[0] for row in await tx.all(_EXPIRED, before=before)]


async def purge_objects(tx: WriteTx, id_: int, limit: int) -> int:
    """Removes at most `limit` objects of a collection for good; how many there were."""
    found = [row[0] for row in await tx.all(_SOME_OBJECTS, id=id_, limit=limit)]
    await tx.run(_PURGE_THEIR_PROPERTIES, ids=found)
    await tx.run(_PURGE_OBJECTS, ids=found)
    return len(found)


async def purge(tx: WriteTx, id_: int) -> None:
    """Removes a collection with its objects, their index and their properties, for good."""
    await tx.run(_PURGE_OBJECT_PROPERTIES, id=id_)
    await tx.run(_PURGE_PROPERTIES, id=id_)
    await tx.run(_PURGE, id=id_)
