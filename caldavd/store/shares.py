"""With whom calendars are shared, and whom that reaches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import (
    CTE,
    bindparam,
    case,
    delete,
    exists,
    func,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Answer, Level, PrincipalKind
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.members import identities
from caldavd.store.statement import In
from caldavd.store.tables import address, collection, invitation, membership, principal, share

EVERYONE: Final = 0
"""In place of a sharee's id."""


class Share(NamedTuple):
    """A share row; `sharee_id` is EVERYONE, or the id of a user or a group."""

    id: int
    owner_id: int
    collection_id: int
    sharee_id: int
    level: int
    summary: str
    common_name: str
    created_at: int
    changed_at: int


class Sharee(NamedTuple):
    """A share, and who it is for, as people are told of it."""

    collection_id: int
    sharee_id: int
    level: Level
    summary: str
    common_name: str
    kind: str
    """Empty for everyone."""
    name: str
    display_name: str
    address: str
    """The preferred mail address; empty if there is none."""
    answer: Answer
    """A group answers nothing: what is shared with it stands."""


def reached() -> CTE:
    """The ids of whom the shares of a calendar reach, groups and those in them, and EVERYONE.

    Binds `collection_id`; `reached(id)`.
    """
    own = select(share.c.sharee_id.label("id")).where(
        share.c.collection_id == bindparam("collection_id"),
        share.c.level >= literal(Level.BUSY.value),
    )
    found = own.cte("reached", recursive=True)
    # UNION, not UNION ALL: groups that hold each other end the recursion.
    return found.union(
        select(membership.c.member_id).join(found, membership.c.group_id == found.c.id)
    )


_COLUMNS: Final = tuple(share.c)
_identity: Final = identities()
_LEVEL_OF: Final = select(func.max(share.c.level)).where(
    share.c.collection_id == bindparam("collection_id"),
    share.c.level >= literal(Level.BUSY.value),
    share.c.sharee_id.in_(union_all(select(_identity.c.id), select(literal(EVERYONE)))),
)
_GET: Final = select(*_COLUMNS).where(
    share.c.collection_id == bindparam("collection_id"),
    share.c.sharee_id == bindparam("sharee_id"),
)
_COUNT: Final = select(func.count()).where(share.c.collection_id == bindparam("collection_id"))
_SET: Final = insert(share).values({one.name: bindparam(one.name) for one in share.c})
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["collection_id", "sharee_id"],
    set_={name: _SET.excluded[name] for name in ("level", "summary", "common_name", "changed_at")},
)
_REMOVE: Final = delete(share).where(
    share.c.collection_id == bindparam("collection_id"),
    share.c.sharee_id == bindparam("sharee_id"),
)
_IS_SHARED: Final = exists().where(
    share.c.collection_id == collection.c.id, share.c.level >= literal(Level.BUSY.value)
)
_MARK: Final = (
    update(collection)
    .where(collection.c.id == bindparam("id"))
    .values(shared=case((_IS_SHARED, 1), else_=0))
)
_SHAREES: Final = (
    select(
        share.c.collection_id,
        share.c.sharee_id,
        share.c.level,
        share.c.summary,
        share.c.common_name,
        func.coalesce(principal.c.kind, ""),
        func.coalesce(principal.c.name, ""),
        func.coalesce(principal.c.display_name, ""),
        func.coalesce(address.c.address, ""),
        invitation.c.answer,
    )
    .select_from(
        share.outerjoin(principal, principal.c.id == share.c.sharee_id)
        .outerjoin(
            address, (address.c.principal_id == share.c.sharee_id) & (address.c.position == 0)
        )
        .outerjoin(
            invitation,
            (invitation.c.owner_id == share.c.sharee_id)
            & (invitation.c.collection_id == share.c.collection_id),
        )
    )
    .where(In(share.c.collection_id, "ids"))
    .order_by(share.c.collection_id, share.c.id)
)
_OF_SHAREES: Final = (
    select(share.c.collection_id)
    .where(In(share.c.sharee_id, "ids"))
    .distinct()
    .order_by(share.c.collection_id)
)
_WITH_GROUPS: Final = (
    select(share.c.collection_id)
    .select_from(
        share.join(collection, collection.c.id == share.c.collection_id).outerjoin(
            principal, principal.c.id == share.c.sharee_id
        )
    )
    .where(
        share.c.collection_id > bindparam("after"),
        collection.c.trashed_at.is_(None),
        (share.c.sharee_id == EVERYONE) | (principal.c.kind == PrincipalKind.GROUP.value),
    )
    .distinct()
    .order_by(share.c.collection_id)
    .limit(bindparam("limit"))
)
_OF_OWNER: Final = (
    select(collection.c.id)
    .where(collection.c.owner_id == bindparam("owner_id"), collection.c.shared == 1)
    .order_by(collection.c.id)
)


async def get(tx: ReadTx, collection_id: int, sharee_id: int) -> Share | None:
    """The share of a calendar with somebody."""
    row = await tx.one(_GET, collection_id=collection_id, sharee_id=sharee_id)
    return None if row is None else Share._make(row)


async def level_of(tx: ReadTx, user_id: int, collection_id: int) -> Level | None:
    """The highest level at which a calendar reaches somebody and can appear in their home."""
    row = await tx.one(_LEVEL_OF, actor_id=user_id, collection_id=collection_id)
    return None if row is None or row[0] is None else Level(row[0])


async def count(tx: ReadTx, collection_id: int) -> int:
    """With how many a calendar is shared, a group being one."""
    row = await tx.one(_COUNT, collection_id=collection_id)
    return int(row[0]) if row else 0


async def set_(tx: WriteTx, new: Share) -> None:
    """Adds a share of a locked calendar, or changes the one with the same sharee."""
    await tx.run(_UPSERT, **new._asdict())
    await tx.run(_MARK, id=new.collection_id)


async def remove(tx: WriteTx, collection_id: int, sharee_id: int) -> bool:
    """Removes a share of a locked calendar; False if there is none."""
    removed = await tx.run(_REMOVE, collection_id=collection_id, sharee_id=sharee_id)
    await tx.run(_MARK, id=collection_id)
    return removed > 0


async def sharees(tx: ReadTx, collection_ids: Sequence[int]) -> dict[int, list[Sharee]]:
    """With whom calendars are shared, the first one first; one without shares is left out."""
    found: dict[int, list[Sharee]] = {}
    for row in await tx.all(_SHAREES, ids=collection_ids):
        one = Sharee._make(row)
        stands = one.kind in ("", PrincipalKind.GROUP.value)
        said = Answer.ACCEPTED if stands else Answer(one.answer or 0)
        one = one._replace(level=Level(one.level), answer=said)
        found.setdefault(one.collection_id, []).append(one)
    return found


async def of_sharees(tx: ReadTx, ids: Sequence[int]) -> list[int]:
    """The calendars that are shared with one of these, trashed ones too."""
    return [row[0] for row in await tx.all(_OF_SHAREES, ids=ids)]


async def with_groups(tx: ReadTx, after: int, limit: int) -> list[int]:
    """The next calendars after an id that are shared with a group, or with everyone."""
    return [row[0] for row in await tx.all(_WITH_GROUPS, after=after, limit=limit)]


async def of_owner(tx: ReadTx, owner_id: int) -> list[int]:
    """A user's calendars that others can have in their homes, trashed ones too."""
    return [row[0] for row in await tx.all(_OF_OWNER, owner_id=owner_id)]
