"""Notifications: what users are told of, as members of a collection that can be synchronised."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Actor, Change, Collection, Kind, StoredNotification
from caldavd.store import collections
from caldavd.store.changes import Span
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.principals import LoginEnded
from caldavd.store.tables import change, collection, notification, principal

_COLUMNS: Final = tuple(notification.c)
_IN: Final = notification.c.collection_id == bindparam("collection_id")
_NAMED: Final = notification.c.name == bindparam("name")
_GET: Final = select(*_COLUMNS).where(_IN, _NAMED)
_OWN: Final = (
    select(*collections.COLUMNS, *_COLUMNS)
    .select_from(principal)
    .outerjoin(
        collection,
        (collection.c.owner_id == principal.c.id)
        & (collection.c.kind == Kind.NOTIFICATIONS.value)
        & collection.c.trashed_at.is_(None),
    )
    .outerjoin(notification, (notification.c.collection_id == collection.c.id) & _NAMED)
    .where(
        principal.c.id == bindparam("owner_id"),
        principal.c.auth_revision == bindparam("auth_revision"),
    )
)
_LIST: Final = select(*_COLUMNS).where(_IN).order_by(notification.c.id)
_COUNT: Final = select(func.count()).where(_IN)
_SET: Final = insert(notification).values({one.name: bindparam(one.name) for one in notification.c})
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["collection_id", "name"],
    set_={name: _SET.excluded[name] for name in ("content", "etag", "created_at")},
)
_REMOVE: Final = delete(notification).where(_IN, _NAMED)
_SINCE: Final = (
    select(change.c.name, change.c.revision, *_COLUMNS)
    .outerjoin(
        notification,
        (notification.c.collection_id == change.c.collection_id)
        & (notification.c.name == change.c.name),
    )
    .where(
        change.c.collection_id == bindparam("collection_id"),
        change.c.revision > bindparam("revision"),
        change.c.revision <= bindparam("upto"),
        (change.c.deleted == literal_column("0")) | (change.c.revision > bindparam("began")),
    )
    .order_by(change.c.revision)
    .limit(bindparam("limit"))
)


async def own(
    tx: ReadTx, actor: Actor, name: str
) -> tuple[Collection | None, StoredNotification | None]:
    """The actor's collection of notifications, and its member of that name. Raises LoginEnded."""
    row = await tx.one(_OWN, owner_id=actor.id, auth_revision=actor.auth_revision, name=name)
    if row is None:
        raise LoginEnded
    if row[0] is None:
        return None, None
    found = row[collections.WIDTH :]
    return collections.from_row(row), None if found[0] is None else StoredNotification._make(found)


async def get(tx: ReadTx, collection_id: int, name: str) -> StoredNotification | None:
    """The notification of that name."""
    row = await tx.one(_GET, collection_id=collection_id, name=name)
    return None if row is None else StoredNotification._make(row)


async def members(tx: ReadTx, collection_id: int) -> list[StoredNotification]:
    """All notifications of a collection, oldest first; there are few."""
    rows = await tx.all(_LIST, collection_id=collection_id)
    return [StoredNotification._make(row) for row in rows]


async def count(tx: ReadTx, collection_id: int) -> int:
    """How many notifications a collection holds."""
    row = await tx.one(_COUNT, collection_id=collection_id)
    return int(row[0]) if row else 0


async def put(tx: WriteTx, new: StoredNotification) -> None:
    """Adds a notification to a locked collection, or replaces the one of its name."""
    await tx.run(_UPSERT, **new._asdict())


async def remove(tx: WriteTx, collection_id: int, name: str) -> bool:
    """Removes a notification from a locked collection; False if there is none of that name."""
    return await tx.run(_REMOVE, collection_id=collection_id, name=name) > 0


async def since(tx: ReadTx, collection_id: int, span: Span, limit: int) -> list[Change]:
    """As `changes.since`, of a collection of notifications."""
    rows = await tx.all(
        _SINCE,
        collection_id=collection_id,
        revision=span.after,
        upto=span.upto,
        began=span.began,
        limit=limit,
    )
    return [
        Change(row[0], row[1], None if row[2] is None else StoredNotification._make(row[2:]))
        for row in rows
    ]
