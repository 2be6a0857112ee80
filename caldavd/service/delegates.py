"""Who may act for a user (caldav-proxy)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from caldavd.errors import ALLOWED_PRINCIPAL, Failed, Refused
from caldavd.model import Principal, Proxy
from caldavd.store import members
from caldavd.store.engine import WriteTx

MAX_DELEGATES: Final = 1_000
"""Delegates of one user at one level."""


async def replace(tx: WriteTx, owner: Principal, level: Proxy, wanted: Sequence[Principal]) -> None:
    """Makes these a user's delegates of a level, and nobody else."""
    present = {
        one.delegate_id for one in await members.delegates(tx, [owner.id]) if one.level is level
    }
    ids = {one.id for one in wanted}
    if owner.id in ids:
        raise Refused(ALLOWED_PRINCIPAL, "nobody is their own delegate")
    await members.remove_delegates(tx, owner.id, level, present - ids)
    await members.add_delegates(tx, owner.id, level, sorted(ids - present))


async def add(tx: WriteTx, owner: Principal, level: Proxy, delegate: Principal) -> None:
    """Lets somebody, or a group, act for a user; of two levels the last one named holds.

    Raises Failed(409) for the user itself, and for a group as the owner.
    """
    if owner.is_group:
        raise Failed(409, f"{owner.name} is a group: it has no calendars to act on")
    if owner.id == delegate.id:
        raise Failed(409, f"{owner.name} needs nobody's leave to act as {owner.name}")
    other = Proxy.READ if level is Proxy.WRITE else Proxy.WRITE
    await members.remove_delegates(tx, owner.id, other, [delegate.id])
    await members.add_delegates(tx, owner.id, level, [delegate.id])


async def remove(tx: WriteTx, owner: Principal, delegate: Principal) -> None:
    """Lets somebody act for a user no more. Raises Failed(404) if they did not."""
    removed = [
        await members.remove_delegates(tx, owner.id, level, [delegate.id]) for level in Proxy
    ]
    if not any(removed):
        raise Failed(404, f"{delegate.name} is no delegate of {owner.name}")
