"""COPY and MOVE (RFC 4918 §9.8, §9.9)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import alive, require_tokens, require_unlocked
from caldavd.dav.locked import require as require_state
from caldavd.dav.message import Request, Response
from caldavd.dav.path import Path, encode, host_of
from caldavd.dav.resolve import Target, require, require_above, resolve
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth
from caldavd.errors import (
    CALENDAR_COLLECTION_LOCATION,
    Failed,
    Refused,
    not_found,
)
from caldavd.model import Calendar, CalendarObject, Collection, Home, Stored, Unmapped
from caldavd.service import calendars, locks
from caldavd.service.copy_move import Destination, copy_calendar, copy_object, move_object
from caldavd.service.put import UidConflict
from caldavd.store import collections, objects
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
    """201 if the destination is new, 204 if something was overwritten."""
    require(target, Privilege.READ)
    if command.moves:
        require_above(target, Privilege.UNBIND)
    destination = await resolve(tx, context, command.destination)
    if isinstance(destination.resource, Unmapped) and destination.resource.parent is None:
        raise Failed(409, "the destination's parent does not exist: make it first")
    exists = not isinstance(destination.resource, Unmapped)
    _require_place(destination, moves=command.moves, exists=exists)
    match target.resource:
        case CalendarObject(collection, stored):
            overwritten = await _object(tx, context, collection, stored, destination, command)
        case Calendar(collection):
            overwritten = await _calendar(tx, context, collection, destination, command)
        case _:
            raise Failed(405, "only objects and calendars can be copied and moved")
    return Response(204 if overwritten else 201)


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


async def _object(
    tx: WriteTx,
    context: Context,
    source: Collection,
    stored: Stored,
    destination: Target,
    command: Command,
) -> bool:
    to, name = _place_in_calendar(destination)
    if (to.id, name) == (source.id, stored.name):
        raise Failed(403, "source and destination are the same object")
    locked = await collections.lock(tx, source.id, to.id)
    source, to = alive(locked, source.id), alive(locked, to.id)
    existing = await objects.get(tx, source.id, stored.name)
    if existing is None:
        raise not_found("this object")
    await require_state(tx, context, command.conditions, CalendarObject(source, existing))
    over = await objects.get(tx, to.id, name)
    _require_place(destination, moves=command.moves, exists=over is not None)
    _require_overwrite(command, exists=over is not None)
    changed = [locks.of_member(to, name), locks.of_collection(to)]
    if command.moves:
        changed += [locks.of_member(source, stored.name), locks.of_collection(source)]
    held = await require_unlocked(tx, context, command.conditions, *changed)
    place = Destination(to, name, over)
    quota_bytes = context.server.limits.quota_bytes
    try:
        if command.moves:
            await move_object(tx, existing, source, place, context.now, quota_bytes)
            # A lock is on a URL, and stays there (RFC 4918 §7.6): nothing is there any more.
            await locks.drop(tx, held, locks.of_member(source, stored.name))
        else:
            await copy_object(tx, existing, place, context.now, quota_bytes)
    except UidConflict as conflict:
        conflict.href = destination.href.rpartition("/")[0] + "/" + encode(conflict.name)
        raise
    return over is not None


def _place_in_calendar(destination: Target) -> tuple[Collection, str]:
    match destination.resource:
        case CalendarObject(collection, stored):
            return collection, stored.name
        case Unmapped(Calendar(collection), name):
            return collection, name
    raise Failed(403, "an object can only lie directly in a calendar")


async def _calendar(
    tx: WriteTx, context: Context, source: Collection, destination: Target, command: Command
) -> bool:
    _require_depth(command)
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
    await require_state(tx, context, command.conditions, Calendar(locked))
    _require_place(destination, moves=command.moves, exists=over is not None)
    _require_overwrite(command, exists=over is not None)
    held = await require_unlocked(tx, context, command.conditions, locks.of_home(home))
    for changed in (locked if command.moves else None, over):
        if changed is not None:
            require_tokens(context, command.conditions, held, locks.whole(held, changed))
    if over is not None:
        await calendars.trash(tx, home, over, context.now)
    made = await _made(tx, context, home, locked, name, command)
    if over is not None:
        await locks.inherit(tx, held, over, made)
    return over is not None


async def _made(
    tx: WriteTx,
    context: Context,
    home: Collection,
    source: Collection,
    name: str,
    command: Command,
) -> Collection:
    """The calendar that is at the destination now."""
    if command.moves:
        return await calendars.rename(tx, home, source, name, context.now)
    return await copy_calendar(
        tx,
        home,
        source,
        name,
        context.now,
        members=command.depth == INFINITY,
        quota_bytes=context.server.limits.quota_bytes,
    )


def _place_in_home(destination: Target) -> tuple[int, str, Collection | None]:
    """Whose home it is in, its name there, and the calendar that has the name now."""
    match destination.resource:
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
