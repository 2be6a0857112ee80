"""What rooms and resources are, and how they answer whoever invites them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import room

AUTOMATIC: Final = "automatic"
"""It answers by itself."""
MANUAL: Final = "manual"
"""Whoever manages it answers."""
EVERYBODY: Final = 0


class Room(NamedTuple):
    """A room row."""

    principal_id: int
    capacity: int = 0
    """0: nobody said."""
    location: str = ""
    features: str = ""
    """One a line."""
    policy: str = AUTOMATIC
    bookers_id: int = EVERYBODY
    """The user or the group that may book it; itself: nobody."""
    ahead_days: int = 0
    """How long before a meeting at most; 0: however long."""
    longest_s: int = 0
    """0: however long."""
    conflicts_percent: int = 0
    """How many of a series' instances may be declined without declining all of them."""


_COLUMNS: Final = tuple(room.c[name] for name in Room._fields)
_OF: Final = select(*_COLUMNS).where(In(room.c.principal_id, "ids"))
_ADD: Final = insert(room)
_SET: Final = (
    update(room)
    .where(room.c.principal_id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in Room._fields[1:]})
)
_FORGET: Final = (
    update(room)
    .where(room.c.bookers_id == bindparam("gone_id"))
    .values(bookers_id=room.c.principal_id)
)


async def of(tx: ReadTx, ids: Sequence[int]) -> dict[int, Room]:
    """The rooms and resources among principals, by id."""
    return {row[0]: Room._make(row) for row in await tx.all(_OF, ids=ids)}


async def add(tx: WriteTx, new: Room) -> None:
    """Adds what is known of a room or resource."""
    await tx.run(_ADD, **new._asdict())


async def set_(tx: WriteTx, changed: Room) -> None:
    """Writes what is known of a room or resource over what was."""
    values = {f"new_{name}": value for name, value in changed._asdict().items()}
    del values["new_principal_id"]
    await tx.run(_SET, of_id=changed.principal_id, **values)


async def forget_booker(tx: WriteTx, principal_id: int) -> None:
    """Lets nobody book the rooms that only this principal, who goes, could book."""
    await tx.run(_FORGET, gone_id=principal_id)
