"""How much principals store, and how much they may (RFC 4331)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, func, select, update

from caldavd.model import Kind
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import collection, principal

_USED: Final = (
    select(func.coalesce(func.sum(collection.c.size_bytes), 0))
    .where(
        collection.c.owner_id == principal.c.id,
        collection.c.trashed_at.is_(None),
        # What others send is not the recipient's fault.
        collection.c.kind != Kind.INBOX.value,
    )
    .scalar_subquery()
)
_OF: Final = select(principal.c.id, principal.c.quota_bytes, _USED).where(In(principal.c.id, "ids"))
_SIZE: Final = select(collection.c.size_bytes).where(collection.c.id == bindparam("id"))
_SET: Final = (
    update(principal)
    .where(principal.c.id == bindparam("principal_id"))
    .values(quota_bytes=bindparam("bound"))
)


class Usage(NamedTuple):
    """A principal's own quota, None where the server's holds, 0 for no bound; and what is used."""

    quota_bytes: int | None
    used_bytes: int


async def of(tx: ReadTx, ids: Sequence[int]) -> dict[int, Usage]:
    """The usage of principals by id. What lies in the trash, or in the inbox, is not counted."""
    # PostgreSQL makes a sum of bigints a numeric.
    return {row[0]: Usage(row[1], int(row[2])) for row in await tx.all(_OF, ids=ids)}


async def size_of(tx: ReadTx, collection_id: int) -> int:
    """Octets of the objects in one collection."""
    row = await tx.one(_SIZE, id=collection_id)
    return 0 if row is None else int(row[0])


async def set_(tx: WriteTx, principal_id: int, quota_bytes: int | None) -> None:
    """Gives a principal a quota of its own; None: the server's, 0: none."""
    await tx.run(_SET, principal_id=principal_id, bound=quota_bytes)
