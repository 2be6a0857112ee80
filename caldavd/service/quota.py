"""How much an owner's calendars may hold together (RFC 4331)."""

from __future__ import annotations

from caldavd.errors import QUOTA_NOT_EXCEEDED, Refused
from caldavd.model import Collection
from caldavd.store import quota as store
from caldavd.store.engine import ReadTx


async def require_room(
    tx: ReadTx, collection: Collection, growth_bytes: int, quota_bytes: int, *, times: int = 1
) -> None:
    """Raises Refused(QUOTA_NOT_EXCEEDED) if the owner of a locked collection may not store that
    much more. `quota_bytes` is for owners who have no quota of their own; 0: none. `times`: of so
    many quotas.

    What makes nothing larger is always let in, and where there is no quota nothing is read.
    Writers to several calendars of one owner do not wait for each other: the last one may go over.
    """
    bound = bound_of(collection.quota_bytes, quota_bytes) * times
    if bound == 0 or growth_bytes <= 0:
        return
    used = (await store.of(tx, [collection.owner_id]))[collection.owner_id].used_bytes
    if used + growth_bytes > bound:
        raise Refused(
            QUOTA_NOT_EXCEEDED,
            f"{used} of {bound} bytes are used, and {growth_bytes} more are needed: "
            "delete something first",
        )


async def require_room_for(
    tx: ReadTx, home: Collection, calendar: Collection, quota_bytes: int
) -> None:
    """As `require_room`, for a copy of a whole calendar in a locked home."""
    if bound_of(home.quota_bytes, quota_bytes):
        await require_room(tx, home, await store.size_of(tx, calendar.id), quota_bytes)


def bound_of(own: int | None, quota_bytes: int) -> int:
    """The bound of an owner with a quota of that much, None: that of the server; 0: none."""
    return quota_bytes if own is None else own
