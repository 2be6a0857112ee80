"""Single values that the server notes for itself, by name: rows of `setting`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tables import setting

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
_REMOVE: Final = delete(setting).where(setting.c.name == bindparam("name"))


async def get(tx: ReadTx, name: str) -> str | None:
    """A value; None if there is none."""
    row = await tx.one(_READ, name=name)
    return None if row is None else str(row[0])


async def swap(tx: WriteTx, name: str, old: str | None, new: str) -> bool:
    """Notes a value in the place of `old`, None: of none; False if another is there by now."""
    if old is None:
        return await tx.run(_FIRST, name=name, value=new) == 1
    return await tx.run(_SWAP, of_name=name, old=old, new=new) == 1


async def remove(tx: WriteTx, name: str) -> bool:
    """Removes a value; False if there is none."""
    return await tx.run(_REMOVE, name=name) > 0
