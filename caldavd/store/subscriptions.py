"""Calendars that are filled from feeds: where from, how often, and how it went last."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from caldavd.model import Collection
from caldavd.store import collections
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import collection, principal, subscription

_COLUMNS: Final = (
    subscription.c.collection_id,
    subscription.c.owner_id,
    subscription.c.source,
    subscription.c.refresh_s,
    subscription.c.due_at,
    subscription.c.fetched_at,
    subscription.c.failures,
    subscription.c.error,
    subscription.c.http_etag,
    subscription.c.http_modified,
    subscription.c.digest,
)
_WIDTH: Final = len(_COLUMNS)

_GET: Final = select(*_COLUMNS).where(subscription.c.collection_id == bindparam("collection_id"))
_OF: Final = (
    select(*_COLUMNS, *collections.COLUMNS)
    .join(collection, collection.c.id == subscription.c.collection_id)
    .where(
        subscription.c.owner_id == bindparam("owner_id"),
        collection.c.trashed_at.is_(None),
    )
    .order_by(subscription.c.collection_id)
)
_DUE: Final = (
    select(*_COLUMNS)
    .join(collection, collection.c.id == subscription.c.collection_id)
    .join(principal, principal.c.id == subscription.c.owner_id)
    .where(
        subscription.c.due_at <= bindparam("now"),
        collection.c.trashed_at.is_(None),
        principal.c.disabled_at.is_(None),
    )
    .order_by(subscription.c.due_at, subscription.c.collection_id)
    .limit(bindparam("limit"))
)
_INSERT: Final = insert(subscription)
_CLAIM: Final = (
    update(subscription)
    .where(
        subscription.c.collection_id == bindparam("of_collection"),
        subscription.c.due_at == bindparam("seen"),
    )
    .values(due_at=bindparam("until"))
)
_FETCHED: Final = (
    update(subscription)
    .where(
        subscription.c.collection_id == bindparam("of_collection"),
        subscription.c.due_at == bindparam("seen"),
    )
    .values(
        due_at=bindparam("next_at"),
        fetched_at=bindparam("at"),
        failures=bindparam("failed"),
        error=bindparam("reason"),
        http_etag=bindparam("tag"),
        http_modified=bindparam("modified"),
        digest=bindparam("of_content"),
    )
)


class Subscription(NamedTuple):
    """A calendar that is filled from a feed. `source` may hold a password."""

    collection_id: int
    owner_id: int
    source: str
    refresh_s: int
    due_at: int
    """When it is fetched next; while somebody fetches it: until when it is theirs."""
    fetched_at: int | None = None
    """When that last went well."""
    failures: int = 0
    """Since then."""
    error: str | None = None
    """What was wrong the last time."""
    http_etag: str | None = None
    http_modified: str | None = None
    digest: str | None = None
    """Of what was fetched, time stamps aside."""


async def get(tx: ReadTx, collection_id: int) -> Subscription | None:
    """The subscription of a calendar."""
    row = await tx.one(_GET, collection_id=collection_id)
    return None if row is None else Subscription._make(row)


async def of(tx: ReadTx, owner_id: int) -> list[tuple[Subscription, Collection]]:
    """A user's subscriptions with their calendars, oldest first, the trash left out."""
    return [
        (Subscription._make(row[:_WIDTH]), collections.from_row(row[_WIDTH:]))
        for row in await tx.all(_OF, owner_id=owner_id)
    ]


async def due(tx: ReadTx, now: int, limit: int) -> list[Subscription]:
    """Those to be fetched, the ones that wait longest first; none of disabled accounts."""
    return [Subscription._make(row) for row in await tx.all(_DUE, now=now, limit=limit)]


async def add(tx: WriteTx, new: Subscription) -> None:
    """Adds one, for a calendar that has none."""
    await tx.run(_INSERT, **new._asdict())


async def claim(tx: WriteTx, of: Subscription, until: int) -> Subscription | None:
    """Makes it ours until then; None if somebody has claimed or changed it since it was read."""
    claimed = await tx.run(_CLAIM, of_collection=of.collection_id, seen=of.due_at, until=until)
    return of._replace(due_at=until) if claimed else None


async def fetched(tx: WriteTx, of: Subscription, became: Subscription) -> bool:
    """Notes how it went; False if it is not ours any more."""
    changed = await tx.run(
        _FETCHED,
        of_collection=of.collection_id,
        seen=of.due_at,
        next_at=became.due_at,
        at=became.fetched_at,
        failed=became.failures,
        reason=became.error,
        tag=became.http_etag,
        modified=became.http_modified,
        of_content=became.digest,
    )
    return bool(changed)
