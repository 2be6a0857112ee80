"""What one process does at a time, of however many: whoever holds the lease."""

from __future__ import annotations

from typing import Final

from caldavd.store import noted
from caldavd.store.engine import WriteTx

MAILBOX: Final = "mailbox lease"
"""The name of the lease of the one mailbox."""


async def hold(tx: WriteTx, name: str, holder: str, now: int, until: int) -> bool:
    """Makes a lease the holder's until then, or prolongs it; False if somebody else has it."""
    held = await noted.get(tx, name)
    if held is not None:
        ends, _, other = held.partition(" ")
        if other != holder and int(ends) > now:
            return False
    return await noted.swap(tx, name, held, f"{until} {holder}")


async def release(tx: WriteTx, name: str, holder: str) -> None:
    """Gives a lease back; nothing, if somebody else has it by now."""
    held = await noted.get(tx, name)
    if held is not None and held.endswith(f" {holder}"):
        await noted.swap(tx, name, held, f"0 {holder}")
