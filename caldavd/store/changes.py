"""The change log behind getctag and sync-collection (RFC 6578): one row a member name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, delete, func, literal_column, select, update
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Change, Collection, Stored
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import calendar_object, change, collection

# ON CONFLICT is spelled alike on both databases; the compiler of either accepts this insert.
_RECORD: Final = insert(change).values(
    owner_id=bindparam("owner_id"),
    collection_id=bindparam("collection_id"),
    name=bindparam("name"),
    revision=bindparam("revision"),
    deleted=bindparam("deleted"),
    changed_at=bindparam("changed_at"),
)
_UPSERT: Final = _RECORD.on_conflict_do_update(
    index_elements=["collection_id", "name"],
    set_={
        "revision": _RECORD.excluded.revision,
        "deleted": _RECORD.excluded.deleted,
        "changed_at": _RECORD.excluded.changed_at,
    },
)
_SINCE: Final = (
    select(change.c.name, change.c.revision, *objects.COLUMNS)
    .outerjoin(
        calendar_object,
        (calendar_object.c.collection_id == change.c.collection_id)
        & (calendar_object.c.name == change.c.name),
    )
    .where(
        change.c.collection_id == bindparam("collection_id"),
        change.c.revision > bindparam("revision"),
        change.c.revision <= bindparam("upto"),
        # A literal: SQLite prepares a statement anew each time it binds a value to a column that
        # the condition of a partial index compares, which costs 15 times the query.
        (change.c.deleted == literal_column("0")) | (change.c.revision > bindparam("began")),
    )
    .order_by(change.c.revision)
    .limit(bindparam("limit"))
)
_REMOVED_BEFORE: Final = (
    select(change.c.collection_id, func.max(change.c.revision))
    .where(change.c.deleted == 1, change.c.changed_at < bindparam("before"))
    .group_by(change.c.collection_id)
    .order_by(change.c.collection_id)
    .limit(bindparam("limit"))
)
_PRUNE: Final = delete(change).where(
    change.c.collection_id == bindparam("collection_id"),
    change.c.revision <= bindparam("revision"),
    change.c.deleted == 1,
)
_SET_FLOOR: Final = (
    update(collection)
    .where(collection.c.id == bindparam("id"), collection.c.floor < bindparam("revision"))
    .values(floor=bindparam("revision"))
)


async def record(
    tx: WriteTx, of: Collection, name: str, at: int, *, deleted: bool, grown_bytes: int = 0
) -> int:
    """Bumps the revision of a locked collection for one member's change; the new revision.

    The row lock makes the order of commits the order of revisions, so no reader can miss one.
    `grown_bytes`: by how much the change makes the collection larger.
    """
    revision = await collections.modified(tx, of.id, at, grown_bytes)
    await tx.run(
        _UPSERT,
        owner_id=of.owner_id,
        collection_id=of.id,
        name=name,
        revision=revision,
        deleted=int(deleted),
        changed_at=at,
    )
    return revision


@dataclass(frozen=True, slots=True)
class Span:
    """Changes after `after` and up to `upto`; of removals, those after `began` alone."""

    after: int
    upto: int
    began: int


async def since(tx: ReadTx, collection_id: int, span: Span, limit: int) -> list[Change]:
    """Members changed within a span of revisions, oldest first, at most `limit` (RFC 6578 §3.2).

    A member changed twice appears once, at its latest revision.
    """
    rows = await tx.all(
        _SINCE,
        collection_id=collection_id,
        revision=span.after,
        upto=span.upto,
        began=span.began,
        limit=limit,
    )
    return [
        Change(row[0], row[1], None if row[2] is None else Stored._make(row[2:])) for row in rows
    ]


async def removed_before(tx: ReadTx, before: int, limit: int) -> list[tuple[int, int]]:
    """Collections with removals older than that second, at most `limit`, each with the revision
    of the last such removal.
    """
    rows = await tx.all(_REMOVED_BEFORE, before=before, limit=limit)
    return [(row[0], row[1]) for row in rows]


async def prune(tx: WriteTx, collection_id: int, revision: int) -> int:
    """Forgets removals up to `revision` and refuses tokens below it; how many were forgotten."""
    await tx.run(_SET_FLOOR, id=collection_id, revision=revision)
    return await tx.run(_PRUNE, collection_id=collection_id, revision=revision)
