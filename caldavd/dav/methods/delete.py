"""DELETE of objects and of whole calendars (RFC 4918 §9.6, RFC 4791 §5.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import (
    Member,
    lock_object,
    require_removable,
    require_unlocked,
    require_writable,
)
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target, reader_of, require_above
from caldavd.dav.sending import sender_of
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth
from caldavd.errors import Failed, not_found
from caldavd.model import Calendar, CalendarObject, Collection, Notification
from caldavd.service import boxes, calendars, locks, mounts, notify, schedule
from caldavd.service.delete import delete
from caldavd.store import collections, principals
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """In which state, and how deep."""

    conditions: Conditions
    depth: str
    reply: bool
    """Whether an attendee who removes a meeting says so (RFC 6638 §8.1)."""


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) for a Depth that is none."""
    said = request.headers.get("Schedule-Reply", "").strip().upper()
    return Command(
        conditions.parse(request.headers), depth(request.headers, INFINITY), reply=said != "F"
    )


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """204; a calendar goes to the trash, never without its objects (RFC 4918 §9.6.1)."""
    require_above(target, Privilege.UNBIND)
    match target.resource:
        case CalendarObject(collection, stored):
            reader = reader_of(context, collection, target.grants)
            found = await lock_object(
                tx, context, collection, reader, stored.name, command.conditions, unbinds=target
            )
            await _object(tx, context, target, found, reply=command.reply)
        case Notification() as told:
            await _notification(tx, context, told, command.conditions)
        case Calendar(collection, mount):
            if command.depth != INFINITY:
                raise Failed(400, "a calendar is deleted with its objects: send Depth: infinity")
            if mount is None:
                await _calendar(tx, context, target, collection, command)
            else:
                await _leave(tx, context, target.resource, command.conditions)
        case _:
            raise Failed(405, "only objects and calendars can be deleted")
    return Response(204)


async def _object(
    tx: WriteTx, context: Context, target: Target, found: Member, *, reply: bool
) -> None:
    if found.stored is None or found.seen is None:
        raise not_found("this object")
    require_writable(found, target.href)
    sender = sender_of(context)
    if sender is not None:
        await schedule.removed(tx, sender, found.calendar, found.stored, context.now, reply=reply)
    await delete(tx, found.calendar, found.stored, context.now)
    await locks.drop(tx, found.locks, locks.of_member(found.calendar, found.stored.name))


async def _notification(
    tx: WriteTx, context: Context, told: Notification, command: Conditions
) -> None:
    (locked,) = await collections.lock(tx, told.collection.id)
    await require_state(tx, context, command, told)
    if not await notify.forget(tx, locked, told.stored.name, context.now):
        raise not_found("this notification")


async def _leave(tx: WriteTx, context: Context, calendar: Calendar, command: Conditions) -> None:
    """What is somebody else's is only taken out of the home (caldav-sharing §5.4.2)."""
    await require_state(tx, context, command, calendar)
    user = await principals.by_id(tx, context.actor.id)
    if user is None:
        raise principals.LoginEnded
    await mounts.leave(tx, user, calendar.collection.id, context.now)


async def _calendar(
    tx: WriteTx, context: Context, target: Target, calendar: Collection, command: Command
) -> None:
    wanted = command.conditions
    home, locked = await calendars.lock_with_home(tx, calendar.owner_id, calendar.id)
    if locked is None:
        raise not_found("this calendar")
    await require_state(tx, context, wanted, Calendar(locked))
    held = await require_unlocked(tx, context, wanted, locks.of_home(home), removed=target)
    require_removable(context, wanted, held, locked, target)
    if context.server.scheduling:
        await boxes.require_not_needed(tx, locked)
    sender = sender_of(context)
    if sender is not None:
        await schedule.all_removed(tx, sender, locked, context.now, reply=command.reply)
    await calendars.trash(tx, home, locked, context.now)
