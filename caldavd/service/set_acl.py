"""Say who may do what with a home or a calendar (RFC 3744 §8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from caldavd.model import Ace, Collection
from caldavd.store import aces, collections
from caldavd.store.engine import WriteTx

MAX_ACES: Final = 100
"""Entries of one list."""


async def set_acl(tx: WriteTx, locked: Collection, entries: Sequence[Ace], now: int) -> None:
    """Puts entries in place of those of a locked home or calendar; syncing clients look again."""
    await aces.replace(tx, locked.owner_id, locked.id, entries)
    await collections.modified(tx, locked.id, now)
