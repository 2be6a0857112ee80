"""Links by which outsiders read calendars; of their secrets there are digests only."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, insert, or_, select, update

from caldavd.model import Collection
from caldavd.store import collections
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import collection, link, principal

_COLUMNS: Final = (
    link.c.id,
    link.c.owner_id,
    link.c.collection_id,
    link.c.label,
    link.c.mode,
    link.c.created_at,
    link.c.used_at,
)
_WIDTH: Final = len(_COLUMNS)

_BY_DIGEST: Final = (
    select(*_COLUMNS, *collections.COLUMNS)
    .join(collection, collection.c.id == link.c.collection_id)
    .join(principal, principal.c.id == link.c.owner_id)
    .where(
        link.c.digest == bindparam("digest"),
        collection.c.trashed_at.is_(None),
        principal.c.disabled_at.is_(None),
    )
)
_OF: Final = (
    select(*_COLUMNS, *collections.COLUMNS)
    .join(collection, collection.c.id == link.c.collection_id)
    .where(link.c.owner_id == bindparam("owner_id"))
    .order_by(link.c.created_at, link.c.id)
)
_INSERT: Final = insert(link)
_REMOVE: Final = delete(link).where(
    link.c.owner_id == bindparam("owner_id"), link.c.label == bindparam("label")
)
_USED: Final = (
    update(link)
    .where(
        link.c.id == bindparam("link_id"),
        or_(link.c.used_at.is_(None), link.c.used_at <= bindparam("before")),
    )
    .values(used_at=bindparam("at"))
)


class Link(NamedTuple):
    """A link, without its secret; `used_at` is None until somebody has read by it."""

    id: int
    owner_id: int
    collection_id: int
    label: str
    mode: int
    created_at: int
    used_at: int | None


async def by_digest(tx: ReadTx, digest: str) -> tuple[Link, Collection] | None:
    """The link of a secret, and what it leads to.

    None where there is none, or its owner is disabled, or the calendar lies in the trash.
    """
    row = await tx.one(_BY_DIGEST, digest=digest)
    if row is None:
        return None
    return Link._make(row[:_WIDTH]), collections.from_row(row[_WIDTH:])


async def of(tx: ReadTx, owner_id: int) -> list[tuple[Link, Collection]]:
    """An owner's links, oldest first, with what they lead to, be it in the trash."""
    return [
        (Link._make(row[:_WIDTH]), collections.from_row(row[_WIDTH:]))
        for row in await tx.all(_OF, owner_id=owner_id)
    ]


async def add(tx: WriteTx, new: Link, digest: str) -> None:
    """Adds a link. Raises Conflict if its owner has one of that label."""
    await tx.run(_INSERT, **new._asdict(), digest=digest)


async def remove(tx: WriteTx, owner_id: int, label: str) -> bool:
    """Removes a link by its label; False if there is none."""
    return await tx.run(_REMOVE, owner_id=owner_id, label=label) > 0


async def used(tx: WriteTx, id_: int, at: int, before: int) -> None:
    """Notes that a link was used, unless its last use is noted as after `before`."""
    await tx.run(_USED, link_id=id_, at=at, before=before)
