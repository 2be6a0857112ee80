"""What one process does at a time, of however many: whoever holds the lease."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from caldavd.store.engine import WriteTx
from caldavd.store.tables import setting

MAILBOX: Final = "mailbox lease"
"""The name of the lease of the one mailbox."""

_READ: Final = select(setting.c.value).where(setting.c.name == bindparam("name"))
_FIRST: Final = (
    insert(setting)
    .values(name=bindparam("name"), value=bindparam("value"))
    .on_conflict_do_nothing(index_elements=["name"])
)
_SWAP: Final = (
    update(setting)
    .where(setting.c.name == bindparam("of_name"), setting.c.value == bindparam("old"))
    .values(value=bindparam("new"))
)


async def hold(tx: WriteTx, name: str, holder: str, now: int, until: int) -> bool:
    """Makes a lease the holder's until then, or prolongs it; False if somebody else has it."""
    row = await tx.one(_READ, name=name)
    if row is None:
        return await tx.run(_FIRST, name=name, value=f"{until} {holder}") == 1
    ends, _, other = str(row[0]).partition(" ")
    if other != holder and int(ends) > now:
        return False
    return await tx.run(_SWAP, of_name=name, old=row[0], new=f"{until} {holder}") == 1


async def release(tx: WriteTx, name: str, holder: str) -> None:
    """Gives a lease back; nothing, if somebody else has it by now."""
    row = await tx.one(_READ, name=name)
    if row is not None and str(row[0]).endswith(f" {holder}"):
        await tx.run(_SWAP, of_name=name, old=row[0], new=f"0 {holder}")
