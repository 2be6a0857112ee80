"""What lies in a scheduling Inbox (RFC 6638 §2.2): messages, one for each key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from caldavd.ical.masked import access_of
from caldavd.ical.parse import Document
from caldavd.itip import schedule_changes
from caldavd.itip.outcome import Changes
from caldavd.model import Collection, Stored
from caldavd.service.delete import delete
from caldavd.service.save import etag, is_private
from caldavd.store import changes, ids, objects, properties
from caldavd.store.engine import WriteTx


def key(uid: str, attendee: str = "") -> str:
    """What stands for a message: of an organizer the UID, of an attendee the address besides."""
    return f"{uid} {attendee}" if attendee else uid


async def put(
    tx: WriteTx,
    inbox: Collection,
    of: str,
    message: Document,
    now: int,
    what_it_did: Changes | None = None,
) -> Stored:
    """Puts a message into a locked inbox, in place of the one that its key stands for.

    It is a new member: nobody takes it for the one before. It is in no index.
    """
    name = await objects.name_of_uid(tx, inbox.id, of)
    before = None if name is None else await objects.get(tx, inbox.id, name)
    if before is not None:
        await delete(tx, inbox, before, now)
    id_ = ids.new()
    stored = Stored(
        id=id_,
        owner_id=inbox.owner_id,
        collection_id=inbox.id,
        name=f"{hashlib.blake2b(f'{of} {id_}'.encode(), digest_size=16).hexdigest()}.ics",
        uid=of,
        component=message.component,
        etag=etag(message.text),
        size_bytes=message.size_bytes,
        created_at=now,
        modified_at=now,
        access=access_of(message).value,
    )
    await objects.insert_(tx, stored, message.text, (None, None))
    await changes.record(
        tx,
        inbox,
        stored.name,
        now,
        deleted=False,
        private=is_private(stored),
        grown_bytes=stored.size_bytes,
    )
    if what_it_did is not None:
        told = schedule_changes.element(what_it_did, datetime.fromtimestamp(now, UTC))
        name, everyone = schedule_changes.NAME, properties.EVERYONE
        await properties.set_(tx, stored.owner_id, stored.id, everyone, name, told)
    return stored
