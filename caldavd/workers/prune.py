"""Removes for good what was kept for a time: calendars in the trash, removals in the change log,
write locks, messages in scheduling inboxes.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from functools import partial
from itertools import groupby
from typing import Final

from caldavd.model import Stored
from caldavd.service.delete import delete
from caldavd.store import changes, collections, locks, mails, objects, scheduling, tasks
from caldavd.store.engine import Database, WriteTx

_log: Final = logging.getLogger(__name__)

DAY_S: Final = 86_400
OBJECTS_AT_ONCE: Final = 500
CALENDARS_AT_ONCE: Final = 100
MESSAGES_AT_ONCE: Final = 200
MESSAGES_A_RUN: Final = 10_000
"""Of inboxes; what is left after them goes with the next run."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long things are kept."""

    trash_days: int = 30
    removals_days: int = 180
    """A client that was away for longer synchronises from the start (RFC 6578 §3.2)."""
    sent_days: int = 400
    """How long it is known what was mailed: a meeting may be answered until then."""
    kept_mail_days: int = 30
    inbox_days: int = 30
    """Messages in inboxes; 0: until a client removes them."""
    messages_days: int = 60
    """What was sent, once it is delivered: mails of later changes tell what was before."""
    given_up_days: int = 90
    """How long an operator can see what was not delivered, and have it tried again."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """How much was removed."""

    calendars: int
    removals: int
    locks: int = 0
    mails: int = 0
    messages: int = 0
    deliveries: int = 0
    """Tasks that were given up, and messages that no task is about any more."""


async def prune(db: Database, keep: Keep, now: int) -> Pruned:
    """Removes what is older, in many short transactions; several processes may do it at once."""
    pruned = Pruned(
        calendars=await _empty_trash(db, now - keep.trash_days * DAY_S),
        removals=await _forget_removals(db, now - keep.removals_days * DAY_S),
        locks=await db.write(lambda tx: locks.remove_expired(tx, now)),
        mails=await db.write(lambda tx: _forget_mails(tx, keep, now)),
        messages=await _empty_inboxes(db, keep.inbox_days, now),
        deliveries=await _forget_deliveries(db, keep, now),
    )
    if pruned != Pruned(0, 0):
        _log.info("pruned", extra=asdict(pruned))
    return pruned


async def _forget_mails(tx: WriteTx, keep: Keep, now: int) -> int:
    sent, kept = now - keep.sent_days * DAY_S, now - keep.kept_mail_days * DAY_S
    return await mails.forget(tx, sent, kept)


async def _empty_inboxes(db: Database, days: int, now: int) -> int:
    """Removes old messages, those of one inbox in a transaction; synchronisation tells of it."""
    before, removed = now - days * DAY_S, 0
    while days and removed < MESSAGES_A_RUN:
        found = await db.read(
            lambda tx: scheduling.messages_before(tx, before, OBJECTS_AT_ONCE), snapshot=False
        )
        for _, of in groupby(found, key=lambda one: one.collection_id):
            await db.write(partial(_remove_messages, of=list(of), now=now))
        removed += len(found)
        if len(found) < OBJECTS_AT_ONCE:
            break
    return removed


async def _remove_messages(tx: WriteTx, of: list[Stored], now: int) -> None:
    for inbox in await collections.lock(tx, of[0].collection_id):
        for one in of:
            there = await objects.get(tx, inbox.id, one.name)
            if there is not None and there.id == one.id:
                await delete(tx, inbox, there, now)


async def _forget_deliveries(db: Database, keep: Keep, now: int) -> int:
    given_up = now - keep.given_up_days * DAY_S
    forgotten = await db.write(lambda tx: tasks.forget_dead(tx, given_up))
    forget = partial(
        tasks.forget_messages, before=now - keep.messages_days * DAY_S, limit=MESSAGES_AT_ONCE
    )
    while some := await db.write(forget):
        forgotten += some
    return forgotten


async def _empty_trash(db: Database, before: int) -> int:
    expired = await db.read(lambda tx: collections.expired(tx, before))
    for id_ in expired:
        while await db.write(partial(_purge_some, id_=id_, before=before)):
            pass
    return len(expired)


async def _purge_some(tx: WriteTx, id_: int, before: int) -> bool:
    """Removes a part of a calendar in the trash, and at last the calendar; whether more is left."""
    locked = await collections.lock(tx, id_)
    if not locked or locked[0].trashed_at is None or locked[0].trashed_at >= before:
        return False  # removed by somebody else, or restored
    await collections.trash(tx, id_, collections.PURGING)
    if await collections.purge_objects(tx, id_, OBJECTS_AT_ONCE):
        return True
    await collections.purge(tx, id_)
    return False


async def _forget_removals(db: Database, before: int) -> int:
    forgotten = 0
    while found := await db.read(
        lambda tx: changes.removed_before(tx, before, CALENDARS_AT_ONCE), snapshot=False
    ):
        for collection_id, revision in found:
            forgotten += await _forget(db, collection_id, revision)
        if len(found) < CALENDARS_AT_ONCE:
            break
    return forgotten


async def _forget(db: Database, collection_id: int, revision: int) -> int:
    async def work(tx: WriteTx) -> int:
        await collections.lock(tx, collection_id)
        return await changes.prune(tx, collection_id, revision)

    return await db.write(work)
