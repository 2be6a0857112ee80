"""Who belongs to which group, and who acts for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import CTE, bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from caldavd.model import Proxy
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import delegation, membership, principal


class ActsFor(NamedTuple):
    """A principal may act for an owner, in person or through a group that it is in."""

    principal_id: int
    owner_id: int
    owner: str
    level: Proxy
    delegate_id: int
    """The principal itself, or that group."""


class Delegate(NamedTuple):
    """Someone whom an owner lets act for them; both by name."""

    owner_id: int
    owner: str
    level: Proxy
    delegate_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Relations:
    """How some principals are related to others, by their ids; names are in order."""

    groups: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """The groups that a principal is directly in."""
    members: Mapping[int, Sequence[str]] = field(default_factory=dict)
    """Who is directly in a group."""
    acts_for: Sequence[ActsFor] = ()
    delegates: Sequence[Delegate] = ()


def identities() -> CTE:
    """The actor's id and those of all groups above it, as `identity(id)`; binds `actor_id`."""
    own = select(principal.c.id).where(principal.c.id == bindparam("actor_id"))
    found = own.cte("identity", recursive=True)
    # UNION, not UNION ALL: groups that hold each other end the recursion.
    return found.union(
        select(membership.c.group_id).join(found, membership.c.member_id == found.c.id)
    )


def below() -> CTE:
    """The ids of groups and of all in them, however deep, as `below(id)`; binds `ids`."""
    own = select(principal.c.id).where(In(principal.c.id, "ids"))
    found = own.cte("below", recursive=True)
    return found.union(
        select(membership.c.member_id).join(found, membership.c.group_id == found.c.id)
    )


def _rooted() -> CTE:
    """As `identities`, for many principals at once: `identity(root, id)`."""
    own = select(principal.c.id.label("root"), principal.c.id.label("id")).where(
        In(principal.c.id, "ids")
    )
    found = own.cte("identity", recursive=True)
    return found.union(
        select(found.c.root, membership.c.group_id).join(
            found, membership.c.member_id == found.c.id
        )
    )


_identity: Final = identities()
_root: Final = _rooted()
_IDENTITIES: Final = select(_identity.c.id)
_GROUPS: Final = (
    select(membership.c.member_id, principal.c.name)
    .join(principal, principal.c.id == membership.c.group_id)
    .where(In(membership.c.member_id, "ids"))
    .order_by(principal.c.name)
)
_MEMBERS: Final = (
    select(membership.c.group_id, principal.c.name)
    .join(principal, principal.c.id == membership.c.member_id)
    .where(In(membership.c.group_id, "ids"))
    .order_by(principal.c.name)
)
_ACTS_FOR: Final = (
    select(
        _root.c.root,
        principal.c.id,
        principal.c.name,
        delegation.c.level,
        delegation.c.delegate_id,
    )
    .select_from(
        _root.join(delegation, delegation.c.delegate_id == _root.c.id).join(
            principal, principal.c.id == delegation.c.owner_id
        )
    )
    .order_by(principal.c.name, delegation.c.level, delegation.c.delegate_id)
)
_owner: Final = principal.alias("owner")
_DELEGATES: Final = (
    select(_owner.c.id, _owner.c.name, delegation.c.level, principal.c.id, principal.c.name)
    .select_from(
        delegation.join(_owner, _owner.c.id == delegation.c.owner_id).join(
            principal, principal.c.id == delegation.c.delegate_id
        )
    )
    .where(In(delegation.c.owner_id, "ids"))
    .order_by(_owner.c.name, delegation.c.level, principal.c.name)
)
_ADD_MEMBER: Final = insert(membership).on_conflict_do_nothing()
_REMOVE_MEMBER: Final = delete(membership).where(
    membership.c.group_id == bindparam("group_id"), membership.c.member_id == bindparam("member_id")
)
_ADD_DELEGATE: Final = insert(delegation).on_conflict_do_nothing()
_REMOVE_DELEGATES: Final = delete(delegation).where(
    delegation.c.owner_id == bindparam("owner_id"),
    delegation.c.level == bindparam("level"),
    In(delegation.c.delegate_id, "ids"),
)


async def identities_of(tx: ReadTx, actor_id: int) -> frozenset[int]:
    """The ids of a principal and of all groups that it is in, however deep."""
    return frozenset(row[0] for row in await tx.all(_IDENTITIES, actor_id=actor_id))


async def relations(tx: ReadTx, ids: Sequence[int]) -> Relations:
    """How principals are related to others: in four statements, however many they are."""
    acts_for = await tx.all(_ACTS_FOR, ids=ids)
    return Relations(
        _by_first(await tx.all(_GROUPS, ids=ids)),
        _by_first(await tx.all(_MEMBERS, ids=ids)),
        [ActsFor(root, id_, name, Proxy(n), of) for root, id_, name, n, of in acts_for],
        await delegates(tx, ids),
    )


async def delegates(tx: ReadTx, owner_ids: Sequence[int]) -> list[Delegate]:
    """Whom these users let act for them."""
    rows = await tx.all(_DELEGATES, ids=owner_ids)
    return [Delegate(id_, owner, Proxy(level), to, name) for id_, owner, level, to, name in rows]


async def add(tx: WriteTx, group_id: int, member_id: int) -> bool:
    """Adds a member to a group; False if it was one."""
    return await tx.run(_ADD_MEMBER, group_id=group_id, member_id=member_id) > 0


async def remove(tx: WriteTx, group_id: int, member_id: int) -> bool:
    """Removes a member from a group; False if it was none."""
    return await tx.run(_REMOVE_MEMBER, group_id=group_id, member_id=member_id) > 0


async def add_delegates(tx: WriteTx, owner_id: int, level: Proxy, ids: Collection[int]) -> None:
    """Lets principals act for a user; no error if they did."""
    rows = [{"owner_id": owner_id, "level": level.value, "delegate_id": id_} for id_ in ids]
    await tx.many(_ADD_DELEGATE, rows)


async def remove_delegates(tx: WriteTx, owner_id: int, level: Proxy, ids: Collection[int]) -> int:
    """Lets principals act for a user no more; how many did."""
    return await tx.run(_REMOVE_DELEGATES, owner_id=owner_id, level=level.value, ids=list(ids))


def _by_first(rows: Sequence[Sequence[object]]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    for id_, name in rows:
        found[int(str(id_))].append(str(name))
    return dict(found)
