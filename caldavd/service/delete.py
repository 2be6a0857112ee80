"""Delete a calendar object."""

from __future__ import annotations

from caldavd.model import Collection, Stored
from caldavd.store import changes, objects
from caldavd.store.engine import WriteTx


async def delete(tx: WriteTx, calendar: Collection, stored: Stored, now: int) -> None:
    """Removes an object of a locked calendar; syncing clients learn of it."""
    await objects.delete_(tx, stored.id)
    await changes.record(
        tx, calendar, stored.name, now, deleted=True, grown_bytes=-stored.size_bytes
    )
