"""Invites those whom groups and everyone came to mean since, and takes back from who left."""

from __future__ import annotations

from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.service import sharing
from caldavd.store import shares
from caldavd.store.engine import Database, WriteTx

CALENDARS_AT_ONCE: Final = 100


async def settle(db: Database, clock: Clock, *, accept: bool) -> None:
    """Sees to each calendar that is shared with a group, in short transactions.

    Several processes may do it at once. `accept`: new members have the calendar at once.
    """
    after = 0
    while found := await db.read(
        partial(shares.with_groups, after=after, limit=CALENDARS_AT_ONCE), snapshot=False
    ):
        for id_ in found:
            while await db.write(partial(_settle, id_=id_, now=clock(), accept=accept)):
                pass
        after = found[-1]


async def _settle(tx: WriteTx, id_: int, now: int, accept: bool) -> bool:
    return await sharing.settle_all(tx, [id_], now, accept=accept)
