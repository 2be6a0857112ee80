"""Messages that did not arrive: the object that they were about says so (RFC 6638 §3.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from caldavd.itip import ticket
from caldavd.itip.bounce import Bounce
from caldavd.itip.imip import thread_of
from caldavd.itip.rewrite import with_statuses
from caldavd.service import schedule
from caldavd.service.offload import offloaded
from caldavd.service.routes import DELIVERED, Rules, known
from caldavd.service.save import save
from caldavd.store import collections, keys, mails, objects, scheduling, tasks
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tasks import Task

NOT_DELIVERED: Final = "5.1"


class Foreign(Exception):
    """What came back is no mail that this server sent."""


async def note(tx: WriteTx, owner_id: int, uid: str, address: str, now: int) -> bool:
    """Writes SCHEDULE-STATUS 5.1 where somebody's object names who cannot be told of it.

    The Schedule-Tag stays (§3.2.10). False if nothing changes: the object says so already, or it
    does not name them any more, or is gone.
    """
    return await _write(tx, owner_id, uid, ({address: NOT_DELIVERED}, None), now)


async def take_back(
    tx: WriteTx, owner_id: int, uid: str, address: str, status: str, now: int
) -> bool:
    """Writes this status where `note` wrote that a message could not be delivered, which now is.

    False if nothing changes.
    """
    return await _write(tx, owner_id, uid, ({address: status}, NOT_DELIVERED), now)


async def note_local(tx: WriteTx, rules: Rules, of: Task, now: int) -> bool:
    """As `note`, for the task of a message within this server that nobody tries any more."""
    found = await _sent(tx, rules, of)
    return found is not None and await note(tx, *found, mails.recipient_of(of.payload), now)


async def take_back_local(tx: WriteTx, rules: Rules, of: Task, now: int) -> bool:
    """As `take_back`, for one that failed before and is delivered in this transaction.

    One that never failed costs no statement.
    """
    found = None if of.error is None else await _sent(tx, rules, of)
    return found is not None and await take_back(
        tx, *found, mails.recipient_of(of.payload), DELIVERED, now
    )


async def _sent(tx: ReadTx, rules: Rules, of: Task) -> tuple[int, str] | None:
    """Who of this server sent the message of a local task, and about which UID."""
    if of.kind != tasks.ITIP or of.message_id is None:
        return None
    for message in (await tasks.messages(tx, [of.message_id])).values():
        for sender in (await known(tx, rules, [message.sender])).values():
            return sender.id, message.uid
    return None


_Statuses: TypeAlias = tuple[Mapping[str, str], str | None]
"""As `with_statuses` takes them: what to write for whom, and in the place of what alone."""


async def _write(tx: WriteTx, owner_id: int, uid: str, what: _Statuses, now: int) -> bool:
    wanted = {one.collection_id for one in await scheduling.of_uid(tx, owner_id, uid)}
    locked = {one.id: one for one in await collections.lock(tx, *sorted(wanted))} if wanted else {}
    for stored in await scheduling.of_uid(tx, owner_id, uid):
        calendar = locked.get(stored.collection_id)
        if calendar is None or stored.schedule_tag is None:
            continue
        before = (await objects.contents(tx, [stored.id]))[stored.id]
        text = await offloaded(tx, len(before), with_statuses, before, *what)
        document = await schedule.parsed(tx, text)
        return (await save(tx, calendar, stored, stored.name, document, now)).changed
    return False


async def returned(tx: WriteTx, of: Bounce, now: int) -> bool:
    """Notes that a mail came back for good; False if that changes nothing. Raises Foreign.

    Whoever reports it needs the ticket of that mail, which nobody else can make. One that another
    mail about the same followed says nothing of that.
    """
    key = await keys.get(tx, keys.BOUNCES)
    found = None if key is None else ticket.read(of.token, key)
    if found is None or found.expires_at <= now:
        raise Foreign
    if not of.is_final or not await _is_last(tx, of, found):
        return False
    return await note(tx, found.owner_id, found.uid, found.attendee, now)


async def _is_last(tx: ReadTx, of: Bounce, about: ticket.Ticket) -> bool:
    """Whether no later mail was sent to the same recipient about the same."""
    thread = thread_of(about.uid, about.attendee)
    sent = await mails.sent(tx, [about.owner_id], [thread])
    last = max((one.sent_at for one in sent), default=0)
    digest = of.message_id.partition(".")[0]
    return any(one.sent_at == last and one.digest == digest for one in sent)
