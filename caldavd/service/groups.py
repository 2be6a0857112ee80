"""Groups of principals, which can be granted what a user can (RFC 3744 §2)."""

from __future__ import annotations

import uuid

from caldavd.errors import Failed
from caldavd.model import Principal, PrincipalKind
from caldavd.service import accounts, sharing
from caldavd.store import ids, members, principals, shares
from caldavd.store.engine import ReadTx, WriteTx


async def create(tx: WriteTx, name: str, display_name: str, now: int) -> Principal:
    """Makes a group without members; it shares the names of accounts. Raises Invalid, Taken."""
    await accounts.require_free(tx, name)
    made = Principal(
        id=ids.new(),
        kind=PrincipalKind.GROUP.value,
        name=accounts.normal(name),
        display_name=accounts.one_line(display_name) or name,
        uuid=str(uuid.uuid4()),
        created_at=now,
    )
    await principals.create(tx, made, None)
    return made


async def all_(tx: ReadTx) -> list[tuple[Principal, list[str]]]:
    """All groups by name, each with the names of its members."""
    found = [one for one, _ in await principals.everyone(tx) if one.is_group]
    related = await members.relations(tx, [one.id for one in found])
    return [(one, list(related.members.get(one.id, ()))) for one in found]


async def add(
    tx: WriteTx, group: Principal, member: Principal, now: int, *, accept: bool = False
) -> None:
    """Adds a user or a group to a group, and invites to what is shared with that.

    `accept`: what is shared is in their homes at once. Raises Failed(409) if it is in already, or
    is itself.
    """
    if group.id == member.id:
        raise Failed(409, f"{group.name} cannot be a member of itself")
    if not await members.add(tx, group.id, member.id):
        raise Failed(409, f"{member.name} is in {group.name} already")
    await _settle(tx, group, now, accept=accept)


async def require_no_circle(tx: ReadTx, group: Principal, member: Principal) -> None:
    """Raises Failed(409) for groups that would hold each other.

    They would do no harm, and mean the same people: whoever adds them is mistaken.
    """
    if member.id != group.id and member.id in await members.identities_of(tx, group.id):
        raise Failed(409, f"{group.name} is in {member.name}: two groups cannot hold each other")


async def remove(tx: WriteTx, group: Principal, member: Principal, now: int) -> None:
    """Takes a member out of a group. Raises Failed(404) if it is not in."""
    if not await members.remove(tx, group.id, member.id):
        raise Failed(404, f"{member.name} is not in {group.name}")
    await _settle(tx, group, now)


async def _settle(tx: WriteTx, group: Principal, now: int, *, accept: bool = False) -> None:
    """Invites to, and takes back, what is shared with a group and with those that it is in."""
    above = await members.identities_of(tx, group.id)
    await sharing.settle_all(tx, await shares.of_sharees(tx, sorted(above)), now, accept=accept)
