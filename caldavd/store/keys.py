"""Secret keys of the server, kept where its data are."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects.postgresql import insert

from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import setting

ANSWERS: Final = "answer key"
"""The name of the key of the links by which people answer invitations."""
BOUNCES: Final = "bounce key"
"""The name of the key by which the server knows its own mails when they come back."""

_READ: Final = select(setting.c.value).where(setting.c.name == bindparam("name"))
_FIRST: Final = (
    insert(setting)
    .values(name=bindparam("name"), value=bindparam("value"))
    .on_conflict_do_nothing(index_elements=["name"])
)
_REMOVE: Final = delete(setting).where(setting.c.name == bindparam("name"))


async def get(tx: ReadTx, name: str) -> bytes | None:
    """A key; None if there is none yet."""
    row = await tx.one(_READ, name=name)
    return None if row is None else bytes.fromhex(row[0])


async def ensure(tx: WriteTx, name: str, new: bytes) -> bytes:
    """A key; it is `new` if there was none."""
    await tx.run(_FIRST, name=name, value=new.hex())
    return await get(tx, name) or new


async def remove(tx: WriteTx, name: str) -> bool:
    """Forgets a key: nothing that was made with it is valid any more. False if there is none."""
    return await tx.run(_REMOVE, name=name) > 0
