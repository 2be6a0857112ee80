"""What a request sends to others: for whom it may, and who sees to it (RFC 6638 §3.2, §6.2)."""

from __future__ import annotations

from functools import partial

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.acl.privileges import name as privilege_name
from caldavd.dav.path import encode
from caldavd.dav.server import Context
from caldavd.errors import NeedPrivileges
from caldavd.model import Collection, Kind, Outbox
from caldavd.service.schedule import AlreadyScheduled, Sender
from caldavd.store import aces, collections, principals, scheduling
from caldavd.store.engine import ReadTx, WriteTx


def sender_of(context: Context) -> Sender | None:
    """Who writes, where others are told of it; None where there is no scheduling."""
    if not context.server.scheduling:
        return None
    return Sender(context.server.rules, partial(_require, context), context.outgoing)


async def scheduled_refusal(
    tx: ReadTx, context: Context, refused: AlreadyScheduled
) -> AlreadyScheduled:
    """The refusal with the URL of the other object, for its owner."""
    holder = refused.holder
    if holder.owner_id == context.actor.id:
        for of in (await collections.by_ids(tx, [holder.collection_id])).values():
            home = context.urls.home(context.actor.name)
            refused.href = f"{home}{encode(of.name)}/{encode(holder.name)}"
    return refused


async def _require(context: Context, tx: WriteTx, calendar: Collection, needed: Privilege) -> None:
    """Raises NeedPrivileges unless the actor may send for the owner of a calendar."""
    actor, owner_id = context.actor, calendar.owner_id
    if owner_id == actor.id:
        return
    box = (await scheduling.boxes(tx, [owner_id])).get((owner_id, Kind.OUTBOX))
    names = await principals.names(tx, [owner_id])
    element = privilege_name(needed)
    reason = f"others are told of this change: without {element} leave it to the owner"
    if box is None:
        raise NeedPrivileges(element, context.path.href, reason)
    grants = await aces.given(tx, actor.id, [owner_id], [box.id])
    if needed not in effective(actor, Outbox(box), grants):
        href = f"{context.urls.home(names[owner_id])}{encode(box.name)}/"
        raise NeedPrivileges(element, href, reason)
