"""Tell users of sharing: a notification in their collection (caldav-notifications §4)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Final

from caldavd.model import Answer, Collection, Kind, Level, Notice, StoredNotification
from caldavd.service import calendars
from caldavd.store import changes, collections, ids, notifications
from caldavd.store.engine import WriteTx

NAME: Final = calendars.NOTIFICATIONS
"""The collection's segment in the home."""
MAX_NOTIFICATIONS: Final = 1_000
"""Of one user: the oldest one goes for a new one."""


def empty(owner_id: int) -> Collection:
    """The collection of somebody whom nobody told anything so far; it has no row."""
    row = calendars.new_collection(owner_id, Kind.NOTIFICATIONS, NAME, (), 0)
    return replace(row, id=0, uuid="", incarnation=0)


def read(content: str) -> Notice:
    """The notice in a stored notification."""
    values = json.loads(content)
    values["answer"], values["level"] = Answer(values["answer"]), Level(values["level"])
    return Notice(**{**values, "components": tuple(values["components"])})


async def tell(tx: WriteTx, user_id: int, notice: Notice) -> None:
    """Puts a notice into somebody's collection, in place of an earlier one about the same.

    Who has a calendar of the collection's name, from before there were notifications, is told
    nothing.
    """
    of = await _collection(tx, user_id, notice.at)
    if of is None:
        return
    name = f"{notice.uid}{'-reply' if notice.reply else ''}.xml"
    known = await notifications.get(tx, of.id, name)
    if known is None and await notifications.count(tx, of.id) >= MAX_NOTIFICATIONS:
        oldest = (await notifications.members(tx, of.id))[0]
        await forget(tx, of, oldest.name, notice.at)
    content = json.dumps(asdict(notice), ensure_ascii=False)
    etag = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
    id_ = ids.new() if known is None else known.id
    new = StoredNotification(id_, user_id, of.id, name, content, etag, notice.at)
    await notifications.put(tx, new)
    await changes.record(tx, of, name, notice.at, deleted=False)


async def forget(tx: WriteTx, of: Collection, name: str, now: int) -> bool:
    """Removes a notification from a locked collection; False if there is none of that name."""
    removed = await notifications.remove(tx, of.id, name)
    if removed:
        await changes.record(tx, of, name, now, deleted=True)
    return removed


async def settle(tx: WriteTx, user_id: int, uid: str, now: int) -> None:
    """Takes away the invitation of that UID: it was answered by other ways than by a client."""
    found = await collections.by_name(tx, user_id, NAME)
    if found is not None and found.kind == Kind.NOTIFICATIONS.value:
        (locked,) = await collections.lock(tx, found.id)
        await forget(tx, locked, f"{uid}.xml", now)


async def _collection(tx: WriteTx, user_id: int, now: int) -> Collection | None:
    """The locked collection of somebody, made if need be."""
    found = await collections.by_name(tx, user_id, NAME)
    if found is None:
        home, _ = await calendars.lock_with_home(tx, user_id)
        found = await collections.by_name(tx, user_id, NAME)
        if found is None:
            found = calendars.new_collection(user_id, Kind.NOTIFICATIONS, NAME, (), now)
            await collections.create(tx, found)
            await changes.record(tx, home, NAME, now, deleted=False)
    if found.kind != Kind.NOTIFICATIONS.value:
        return None
    (locked,) = await collections.lock(tx, found.id)
    return locked
