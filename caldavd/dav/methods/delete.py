"""DELETE of objects and of whole calendars (RFC 4918 §9.6, RFC 4791 §5.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import lock_object, require_removable, require_unlocked
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target, require_above
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth
from caldavd.errors import Failed, not_found
from caldavd.model import Calendar, CalendarObject, Collection, Stored
from caldavd.service import calendars, locks
from caldavd.service.delete import delete
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """In which state, and how deep."""

    conditions: Conditions
    depth: str


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) for a Depth that is none."""
    return Command(conditions.parse(request.headers), depth(request.headers, INFINITY))


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """204; a calendar goes to the trash, never without its objects (RFC 4918 §9.6.1)."""
    require_above(target, Privilege.UNBIND)
    match target.resource:
        case CalendarObject(collection, stored):
            await _object(tx, context, target, collection, stored, command.conditions)
        case Calendar(collection):
            if command.depth != INFINITY:
                raise Failed(400, "a calendar is deleted with its objects: send Depth: infinity")
            await _calendar(tx, context, target, collection, command.conditions)
        case _:
            raise Failed(405, "only objects and calendars can be deleted")
    return Response(204)


async def _object(
    tx: WriteTx,
    context: Context,
    target: Target,
    calendar: Collection,
    stored: Stored,
    command: Conditions,
) -> None:
    locked, existing, held = await lock_object(
        tx, context, calendar, stored.name, command, unbinds=target
    )
    if existing is None:
        raise not_found("this object")
    await delete(tx, locked, existing, context.now)
    await locks.drop(tx, held, locks.of_member(locked, existing.name))


async def _calendar(
    tx: WriteTx, context: Context, target: Target, calendar: Collection, command: Conditions
) -> None:
    home, locked = await calendars.lock_with_home(tx, calendar.owner_id, calendar.id)
    if locked is None:
        raise not_found("this calendar")
    await require_state(tx, context, command, Calendar(locked))
    held = await require_unlocked(tx, context, command, locks.of_home(home), removed=target)
    require_removable(context, command, held, locked, target)
    await calendars.trash(tx, home, locked, context.now)
