"""What lies in a calendar home, as somebody sees it."""

from __future__ import annotations

from typing import Final

from caldavd.model import Kind
from caldavd.store import collections, invitations
from caldavd.store.engine import ReadTx
from caldavd.store.invitations import Member

BOXES: Final = frozenset({Kind.INBOX.value, Kind.OUTBOX.value})


async def members(tx: ReadTx, reader_id: int, owner_id: int, *, scheduling: bool) -> list[Member]:
    """The calendars of a home; mounts and notifications with them for whose home it is.

    `scheduling`: the inbox and the outbox too.

    Somebody else who may see a home sees what is its owner's, and not what others share with the
    owner.
    """
    if reader_id == owner_id:
        found = await invitations.in_home(tx, reader_id)
    else:
        found = [(of, None) for of in await collections.in_home(tx, owner_id)]
    return found if scheduling else [one for one in found if one[0].kind not in BOXES]
