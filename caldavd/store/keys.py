"""Secret keys of the server, kept where its data are."""

from __future__ import annotations

from typing import Final

from caldavd.store import noted
from caldavd.store.engine import ReadTx, WriteTx

ANSWERS: Final = "answer key"
"""The name of the key of the links by which people answer invitations."""
BOUNCES: Final = "bounce key"
"""The name of the key by which the server knows its own mails when they come back."""


async def get(tx: ReadTx, name: str) -> bytes | None:
    """A key; None if there is none yet."""
    found = await noted.get(tx, name)
    return None if found is None else bytes.fromhex(found)


async def ensure(tx: WriteTx, name: str, new: bytes) -> bytes:
    """A key; it is `new` if there was none."""
    await noted.swap(tx, name, None, new.hex())
    return await get(tx, name) or new


async def remove(tx: WriteTx, name: str) -> bool:
    """Forgets a key: nothing that was made with it is valid any more. False if there is none."""
    return await noted.remove(tx, name)
