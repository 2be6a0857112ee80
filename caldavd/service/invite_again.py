"""What follows for others when a calendar comes back from the trash (RFC 6638 §3.2).

When it went they were told that its meetings are cancelled, or declined. So an organizer's objects
are as new. An attendee takes back that all was declined: what was never answered needs an answer
again. What an organizer of this server has called off meanwhile stays so.
"""

from __future__ import annotations

from collections import Counter
from enum import Enum
from typing import Final

from caldavd.errors import Refused
from caldavd.ical.parse import Document
from caldavd.itip import again
from caldavd.itip.snapshot import Role, meeting
from caldavd.model import Collection, Principal, PrincipalKind, Stored
from caldavd.service import deliver, schedule
from caldavd.service.routes import known
from caldavd.service.save import save
from caldavd.service.schedule import PAGE, Sender
from caldavd.store import collections, principals, scheduling
from caldavd.store.engine import ReadTx, WriteTx

_NOT_A_MEETING: Final = ""
"""The Schedule-Tag, as `save` takes it, of what nobody is told of."""


class Became(Enum):
    """What became of a meeting that came back."""

    INVITED = "invited"
    """Its owner organizes it, and everybody is invited again."""
    ANSWERED = "answered"
    """Its owner is invited to it, and has told the organizer again what they had said."""
    CALLED_OFF = "called off"
    """Its owner is not invited to it any more: it is shown as cancelled."""
    COPY = "copy"
    """Another calendar of its owner has it, or it cannot be sent: nobody is told of this one."""


async def invite_again(
    tx: WriteTx, sender: Sender, owner: Principal, calendar: Collection, now: int
) -> Counter[Became]:
    """Tells others of the meetings of a calendar that was restored in this transaction.

    How many became what.
    """
    counts: Counter[Became] = Counter()
    for locked in await collections.lock(tx, calendar.id):
        after = 0
        while page := await scheduling.in_calendar(tx, locked.id, after, PAGE):
            after = page[-1].id
            for stored in page:
                became = await _one(tx, sender, owner, (locked, stored), now)
                counts.update([] if became is None else [became])
    return counts


async def _one(
    tx: WriteTx, sender: Sender, owner: Principal, at: tuple[Collection, Stored], now: int
) -> Became | None:
    """What became of one; None for what was cancelled before it went."""
    calendar, stored = at
    document = await schedule.document_of(tx, stored)
    me = schedule.addresses(owner, sender.rules)
    found = await tx.offload(meeting, document)
    role = found.role(me)
    if found.is_cancelled or role is Role.NONE:
        return None
    if role is Role.ORGANIZER:
        document = await schedule.parsed(tx, await tx.offload(again.renewed, document))
        return await _put(tx, sender, at, (None, document), now, Became.INVITED)
    moment = schedule.moment(now)
    change = (await tx.offload(again.declined, document, me, moment), document)
    organizer = await _organizer(tx, sender, found.organizers)
    if organizer is None:
        return await _put(tx, sender, at, change, now, Became.ANSWERED)
    theirs = await _theirs(tx, organizer, stored.uid)
    if theirs is None or not await tx.offload(again.invites, theirs, me):
        document = await schedule.parsed(tx, await tx.offload(again.called_off, document))
        await save(tx, calendar, stored, stored.name, document, now, schedule.new_tag())
        return Became.CALLED_OFF
    became = await _put(tx, sender, at, change, now, Became.ANSWERED)
    if became is Became.ANSWERED:
        # What the organizer has is told as it is: what it was before is what came back.
        told = await deliver.refresh(tx, sender.rules, organizer, theirs, me, now)
        sender.outgoing.extend(told)
    return became


async def _put(
    tx: WriteTx,
    sender: Sender,
    at: tuple[Collection, Stored],
    change: tuple[Document | None, Document],
    now: int,
    became: Became,
) -> Became:
    """Does what follows from an object that is put where others believe another one, or none."""
    calendar, stored = at
    try:
        prepared = await schedule.prepare_from(tx, sender, calendar, None, change, now)
    except Refused:
        before = await schedule.document_of(tx, stored)
        await save(tx, calendar, stored, stored.name, before, now, _NOT_A_MEETING)
        return Became.COPY
    await save(tx, calendar, stored, stored.name, prepared.document, now, prepared.tag)
    await schedule.send(tx, sender, calendar, prepared, now, most=None)
    return became


async def _organizer(tx: ReadTx, sender: Sender, addresses: frozenset[str]) -> Principal | None:
    """The organizer, if they have an account here."""
    found = (await known(tx, sender.rules, addresses)).values()
    local = [one.id for one in found if one.kind is not PrincipalKind.GROUP]
    return await principals.by_id(tx, local[0]) if local else None


async def _theirs(tx: ReadTx, organizer: Principal, uid: str) -> Document | None:
    """The organizer's object, as it stands."""
    for one in await scheduling.of_uid(tx, organizer.id, uid):
        if one.schedule_tag is not None:
            return await schedule.document_of(tx, one)
    return None
