"""COPY and MOVE (RFC 4918 §9.8, §9.9)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import (
    alive,
    as_mounted,
    member,
    require_removable,
    require_unlocked,
    require_writable,
    uid_refusal,
)
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Headers, Request, Response, schedule_tag
from caldavd.dav.path import Path, host_of
from caldavd.dav.resolve import Target, reader_of, require, require_above, resolve
from caldavd.dav.sending import scheduled_refusal, sender_of
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth
from caldavd.errors import (
    CALENDAR_COLLECTION_LOCATION,
    VALID_CALENDAR_OBJECT,
    Failed,
    Refused,
    not_found,
)
from caldavd.model import Calendar, CalendarObject, Collection, Home, Kind, Mount, Stored, Unmapped
from caldavd.service import boxes, calendars, locks, mounts, schedule, views
from caldavd.service.copy_move import Destination, copy_calendar, copy_object, move_object
from caldavd.service.put import UidConflict
from caldavd.service.schedule import AlreadyScheduled
from caldavd.service.views import Reader
from caldavd.store import collections
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """Where to, and on which conditions."""

    moves: bool
    destination: Path
    overwrite: bool
    depth: str
    """Of a collection; it means nothing for an object."""
    conditions: Conditions


def parse_copy(context: Context, request: Request) -> Command:
    """Raises Failed: 400 without a Destination, 502 for one on another server."""
    return _parse(context, request, moves=False)


def parse_move(context: Context, request: Request) -> Command:
    """As `parse_copy`; a collection moves with all it has."""
    return _parse(context, request, moves=True)


def _parse(context: Context, request: Request, *, moves: bool) -> Command:
    destination = request.headers.get("Destination", "").strip()
    if not destination:
        raise Failed(400, "COPY and MOVE need a Destination header")
    host = host_of(destination)
    if host is not None and host != host_of(f"//{request.host}"):
        raise Failed(502, f"the Destination is on {host}, which is another server")
    overwrite = request.headers.get("Overwrite", "T").strip().upper()
    if overwrite not in ("T", "F"):
        raise Failed(400, "Overwrite is T or F")
    return Command(
        moves,
        context.urls.parse(destination),
        overwrite == "T",
        depth(request.headers, INFINITY),
        conditions.parse(request.headers),
    )


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """201 if the destination is new, 204 if something was overwritten.

    With the Schedule-Tag of the scheduling object resource that is there now (RFC 6638 §3.2.10).
    """
    require(target, Privilege.READ)
    _require_no_message(target)
    if command.moves:
        _require_home(target)
        require_above(target, Privilege.UNBIND)
    destination = await resolve(tx, context, command.destination)
    if isinstance(destination.resource, Unmapped) and destination.resource.parent is None:
        raise Failed(409, "the destination's parent does not exist: make it first")
    exists = not isinstance(destination.resource, Unmapped)
    _require_place(destination, moves=command.moves, exists=exists)
    headers: Headers = ()
    match target.resource:
        case CalendarObject():
            overwritten, stored = await _object(tx, context, target, destination, command)
            headers = schedule_tag(stored)
        case Calendar(mount=Mount()) as mounted if command.moves:
            await _mount(tx, context, mounted, destination, command)
            overwritten = False
        case Calendar():
            overwritten = await _calendar(tx, context, target, destination, command)
        case _:
            raise Failed(405, "only objects and calendars can be copied and moved")
    return Response(204 if overwritten else 201, headers)


def _require_place(destination: Target, *, moves: bool, exists: bool) -> None:
    """Raises NeedPrivileges: something new needs bind, what is overwritten more (RFC 3744 §B).

    `exists` is as known now: what was resolved before may be out of date.
    """
    match destination.resource:
        case CalendarObject() | Unmapped(Calendar()) if exists and not moves:
            require(destination, Privilege.WRITE_CONTENT)
            require(destination, Privilege.WRITE_PROPERTIES)
        case CalendarObject() | Calendar() | Unmapped():
            require_above(destination, Privilege.BIND)
            if exists:
                require_above(destination, Privilege.UNBIND)
        case _:
            require(destination, Privilege.BIND)


def _require_no_message(target: Target) -> None:
    """Raises Refused: a message has a METHOD, and what lies in a calendar has none."""
    match target.resource:
        case CalendarObject(Collection(kind=Kind.INBOX.value)):
            raise Refused(VALID_CALENDAR_OBJECT, "a message is read, and then deleted")


def _require_home(target: Target) -> None:
    """Raises Failed(403): sharees move nothing out of a calendar (caldav-sharing §5.5.5)."""
    match target.resource:
        case CalendarObject(collection) if collection.id in target.grants.shares:
            raise Failed(403, "what is shared with you stays where it is: copy it")


async def _object(
    tx: WriteTx,
    context: Context,
    target: Target,
    destination: Target,
    command: Command,
) -> tuple[bool, Stored]:
    """Whether something was overwritten, and what is there now."""
    source, from_name = _place_in_calendar(target)
    to, name = _place_in_calendar(destination)
    if (to.id, name) == (source.id, from_name):
        raise Failed(403, "source and destination are the same object")
    locked = await collections.lock(tx, source.id, to.id)
    source, to = alive(locked, source.id), alive(locked, to.id)
    reader = reader_of(context, source, target.grants)
    found = await member(tx, source, reader, from_name)
    if found.stored is None or found.seen is None:
        raise not_found("this object")
    await require_state(tx, context, command.conditions, found.seen)
    if command.moves:
        require_writable(found, target.href)
    writer = reader_of(context, to, destination.grants)
    over = await member(tx, to, writer, name)
    _require_place(destination, moves=command.moves, exists=over.stored is not None)
    _require_overwrite(command, exists=over.seen is not None)
    require_writable(over, destination.href)
    if not views.may_hold(writer, found.stored.access):
        raise Failed(403, "you could not see this object any more: CLASS closes it")
    changed = [locks.of_member(to, name), locks.of_collection(to)]
    if command.moves:
        changed += [locks.of_member(source, from_name), locks.of_collection(source)]
    held = await require_unlocked(tx, context, command.conditions, *changed)
    place = Destination(to, name, over.stored, sender_of(context))
    try:
        made = await _transfer(
            tx, context, reader, found.stored, source, place, moves=command.moves
        )
    except (UidConflict, AlreadyScheduled) as refused:
        raise await _told(tx, context, to, writer, destination.href, refused) from None
    if command.moves:
        # A lock is on a URL, and stays there (RFC 4918 §7.6): nothing is there any more.
        await locks.drop(tx, held, locks.of_member(source, from_name))
    return over.stored is not None, made


async def _told(
    tx: WriteTx,
    context: Context,
    to: Collection,
    writer: Reader,
    href: str,
    refused: UidConflict | AlreadyScheduled,
) -> Refused:
    if isinstance(refused, AlreadyScheduled):
        return await scheduled_refusal(tx, context, refused)
    return await uid_refusal(tx, to, writer, refused, href)


async def _transfer(
    tx: WriteTx,
    context: Context,
    reader: Reader,
    stored: Stored,
    source: Collection,
    to: Destination,
    *,
    moves: bool,
) -> Stored:
    quota_bytes = context.server.limits.quota_bytes
    if moves:
        return await move_object(tx, reader, stored, source, to, context.now, quota_bytes)
    return await copy_object(tx, reader, stored, to, context.now, quota_bytes)


def _place_in_calendar(destination: Target) -> tuple[Collection, str]:
    match destination.resource:
        case CalendarObject(collection, stored):
            return collection, stored.name
        case Unmapped(Calendar(collection), name):
            return collection, name
    raise Failed(403, "an object can only lie directly in a calendar")


async def _calendar(
    tx: WriteTx, context: Context, target: Target, destination: Target, command: Command
) -> bool:
    _require_depth(command)
    calendar = _calendar_of(target)
    source = calendar.collection
    owner_id, name, over = _place_in_home(destination)
    if over is not None and over.id == source.id:
        raise Failed(403, "source and destination are the same calendar")
    if command.moves and owner_id != source.owner_id:
        raise Failed(403, "a calendar stays with its owner: copy it")
    # Under the home's lock names stay what they lead to; its calendars are locked together.
    home, _ = await calendars.lock_with_home(tx, owner_id)
    over = await collections.by_name(tx, home.owner_id, name)
    wanted = [source.id] if over is None else [source.id, over.id]
    locked = alive(await collections.lock(tx, *wanted), source.id)
    await require_state(tx, context, command.conditions, as_mounted(locked, calendar))
    _require_place(destination, moves=command.moves, exists=over is not None)
    _require_overwrite(command, exists=over is not None)
    held = await require_unlocked(tx, context, command.conditions, locks.of_home(home))
    if command.moves:
        require_removable(context, command.conditions, held, locked, target)
    if over is not None:
        require_removable(context, command.conditions, held, over, destination)
        await _give_way(tx, context, home, over)
    reader = reader_of(context, locked, target.grants)
    made = await _made(tx, context, reader, home, locked, name, command)
    if over is not None:
        await locks.inherit(tx, held, over, made)
    return over is not None


async def _give_way(tx: WriteTx, context: Context, home: Collection, over: Collection) -> None:
    """Moves a calendar to the trash as DELETE does: whom its meetings concern is told."""
    sender = sender_of(context)
    if sender is not None:
        await boxes.require_not_needed(tx, over)
        await schedule.all_removed(tx, sender, over, context.now)
    await calendars.trash(tx, home, over, context.now)


async def _mount(
    tx: WriteTx, context: Context, mounted: Calendar, destination: Target, command: Command
) -> None:
    """Gives a mount another name in the home that it lies in."""
    _require_depth(command)
    match destination.resource:
        case Unmapped(Home(home), name) if home.owner_id == context.actor.id:
            await require_state(tx, context, command.conditions, mounted)
            locked, _ = await calendars.lock_with_home(tx, home.owner_id)
            if await calendars.free_name(tx, locked.owner_id, name) != name:
                raise Failed(409, "something of that name was made a moment ago")
            await mounts.rename(tx, home.owner_id, mounted.collection.id, name, context.now)
        case Calendar():
            raise Failed(403, "there is a calendar of that name: delete it first")
        case _:
            raise Failed(403, "a calendar that is shared with you stays in your home: copy it")


async def _made(
    tx: WriteTx,
    context: Context,
    reader: Reader,
    home: Collection,
    source: Collection,
    name: str,
    command: Command,
) -> Collection:
    """The calendar that is at the destination now."""
    if command.moves:
        return await calendars.rename(tx, home, source, name, context.now)
    whose = reader if command.depth == INFINITY else None
    quota_bytes = context.server.limits.quota_bytes
    return await copy_calendar(tx, whose, home, source, name, context.now, quota_bytes)


def _calendar_of(target: Target) -> Calendar:
    match target.resource:
        case Calendar() as found:
            return found
    raise TypeError(f"{target.href} is no calendar")


def _place_in_home(destination: Target) -> tuple[int, str, Collection | None]:
    """Whose home it is in, its name there, and the calendar that has the name now."""
    match destination.resource:
        case Calendar(mount=Mount()):
            raise Failed(403, "a calendar that is shared with you is not overwritten: leave it")
        case Calendar(collection):
            return collection.owner_id, collection.name, collection
        case Unmapped(Home(home), name):
            return home.owner_id, name, None
    raise Refused(CALENDAR_COLLECTION_LOCATION, "a calendar lies directly in a calendar home")


def _require_depth(command: Command) -> None:
    """A collection moves with all it has, and is copied with it or alone (RFC 4918 §9.8.3)."""
    if command.depth != INFINITY and (command.moves or command.depth != "0"):
        raise Failed(400, "send Depth: infinity, or to copy a calendar without its objects 0")


def _require_overwrite(command: Command, *, exists: bool) -> None:
    if exists and not command.overwrite:
        raise Failed(412, "there is something at the destination, and Overwrite is F")
