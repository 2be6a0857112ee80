"""What lies in a calendar home, as somebody sees it."""

from __future__ import annotations

from caldavd.store import collections, invitations
from caldavd.store.engine import ReadTx
from caldavd.store.invitations import Member


async def members(tx: ReadTx, reader_id: int, owner_id: int) -> list[Member]:
    """The calendars of a home; mounts and notifications with them for whose home it is.

    Somebody else who may see a home sees what is its owner's, and not what others share with the
    owner.
    """
    if reader_id == owner_id:
        return await invitations.in_home(tx, reader_id)
    return [(of, None) for of in await collections.calendars(tx, owner_id)]
