"""Make, delete, restore and move whole calendars."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from caldavd.errors import Failed
from caldavd.model import Collection, Kind
from caldavd.store import changes, collections, ids, invitations, locks
from caldavd.store.engine import Conflict, ReadTx, WriteTx

COMPONENTS: Final = ("VEVENT", "VTODO", "VJOURNAL")
"""What a calendar takes unless whoever makes it says otherwise."""
MAX_CALENDARS: Final = 1_000
NOTIFICATIONS: Final = "notifications"
"""A name in a home that no calendar can be given."""


def new_collection(
    owner_id: int, kind: Kind, name: str, components: Sequence[str], now: int
) -> Collection:
    """A collection row that is not stored yet."""
    return Collection(
        id=ids.new(),
        owner_id=owner_id,
        kind=kind.value,
        name=name,
        uuid=str(uuid.uuid4()),
        components=tuple(components),
        incarnation=secrets.randbits(48),
        revision=1,
        floor=0,
        created_at=now,
        modified_at=now,
        trashed_at=None,
    )


async def create(
    tx: WriteTx,
    home: Collection,
    name: str,
    components: Sequence[str],
    now: int,
    *,
    subscribed: bool = False,
) -> Collection:
    """Makes a calendar in a locked home. Raises Conflict if the home has one of that name.

    `subscribed`: one that a feed fills, and nobody else.
    """
    if await collections.count(tx, home.owner_id) > MAX_CALENDARS:
        raise Failed(507, f"a home holds at most {MAX_CALENDARS} calendars: delete one first")
    await _require_free(tx, home.owner_id, name)
    made = new_collection(home.owner_id, Kind.CALENDAR, name, components, now)
    made = replace(made, subscribed=int(subscribed))
    await collections.create(tx, made)
    await changes.record(tx, home, name, now, deleted=False)
    return made


async def trash(tx: WriteTx, home: Collection, calendar: Collection, now: int) -> None:
    """Deletes a locked calendar of a locked home: it lies in the trash until it is purged.

    Write locks on it, and on what is in it, are at their end.
    """
    await collections.trash(tx, calendar.id, now)
    await locks.remove_in(tx, calendar.id)
    await changes.record(tx, home, calendar.name, now, deleted=True)
    await _tell_sharees(tx, calendar, now, deleted=True)


async def restore(tx: WriteTx, home: Collection, calendar: Collection, now: int) -> Collection:
    """Takes a calendar out of the trash, under another name if its own was given away.

    Raises Failed(404) if it is not there any more, or is being purged at this moment.
    """
    locked = await collections.lock(tx, calendar.id)
    if not locked or locked[0].trashed_at in (None, collections.PURGING):
        raise Failed(404, f"{calendar.name} is not in the trash any more")
    name = await free_name(tx, home.owner_id, calendar.name)
    await collections.restore(tx, calendar.id, name)
    await changes.record(tx, home, name, now, deleted=False)
    await _tell_sharees(tx, calendar, now, deleted=False)
    return replace(calendar, name=name, trashed_at=None)


async def rename(
    tx: WriteTx, home: Collection, calendar: Collection, name: str, now: int
) -> Collection:
    """Moves a locked calendar to another name of its home. Raises Conflict if it is taken.

    Its write locks stay behind, and are at their end (RFC 4918 §7.6).
    """
    await _require_free(tx, home.owner_id, name)
    await collections.rename(tx, calendar.id, name)
    await locks.remove_in(tx, calendar.id)
    await changes.record(tx, home, calendar.name, now, deleted=True)
    await changes.record(tx, home, name, now, deleted=False)
    return replace(calendar, name=name)


async def free_name(tx: ReadTx, owner_id: int, wanted: str) -> str:
    """The wanted name, or if it is taken in a locked home the next one with a number."""
    name, number = wanted, 1
    while name == NOTIFICATIONS or await _is_taken(tx, owner_id, name):
        number += 1
        name = f"{wanted}-{number}"
    return name


async def _is_taken(tx: ReadTx, owner_id: int, name: str) -> bool:
    own = await collections.by_name(tx, owner_id, name)
    return own is not None or await invitations.is_taken(tx, owner_id, name)


async def _require_free(tx: ReadTx, owner_id: int, name: str) -> None:
    """Raises Conflict for the name of a mount, which no constraint of the database keeps."""
    if name == NOTIFICATIONS or await invitations.is_taken(tx, owner_id, name):
        raise Conflict(name)


async def _tell_sharees(tx: WriteTx, calendar: Collection, now: int, *, deleted: bool) -> None:
    """Lets those know who have a calendar in their homes that it went, or is there again."""
    if not calendar.shared:
        return
    mounted = [(one.owner_id, one.name) for one in await invitations.mounted(tx, calendar.id)]
    homes = {one.owner_id: one for one in await collections.homes(tx, [id_ for id_, _ in mounted])}
    await collections.lock(tx, *(one.id for one in homes.values()))
    for owner_id, name in mounted:
        if name is not None:
            await changes.record(tx, homes[owner_id], name, now, deleted=deleted)


async def lock_with_home(
    tx: WriteTx, owner_id: int, calendar_id: int | None = None
) -> tuple[Collection, Collection | None]:
    """Locks a home, and a calendar of it: the home first, as its id is the lower one.

    The calendar is None if it was not asked for, or was deleted meanwhile.
    """
    home = await collections.by_name(tx, owner_id, "")
    if home is None:
        raise LookupError(f"principal {owner_id} has no calendar home")
    wanted = [home.id] if calendar_id is None else [home.id, calendar_id]
    locked = {found.id: found for found in await collections.lock(tx, *wanted)}
    calendar = locked.get(calendar_id) if calendar_id is not None else None
    if calendar is not None and calendar.trashed_at is not None:
        calendar = None
    return locked[home.id], calendar
