"""LOCK (RFC 4918 §9.10): a new lock, or one that is to last longer.

On a URL of a calendar where nothing is, it reserves the name: a calendar holds nothing empty.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions, lockinfo
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import (
    alive,
    as_mounted,
    member,
    require_at_root,
    require_tokens,
    require_writable,
)
from caldavd.dav.locked import require as require_state
from caldavd.dav.lockinfo import LockInfo
from caldavd.dav.message import Headers, Request, Response
from caldavd.dav.resolve import Target, reader_of, require
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, body_of, depth
from caldavd.errors import LOCK_TOKEN_OF_REFRESH, Failed, Refused
from caldavd.model import Calendar, CalendarObject, Collection, Home, Lock, Resource, Unmapped
from caldavd.names import DAV
from caldavd.service import locks
from caldavd.service.locks import Locks, Spot
from caldavd.service.views import Reader
from caldavd.store import collections
from caldavd.store.engine import WriteTx
from caldavd.xml import write

NO_LOCK: Final = "DAV:no-lock"
"""A token that is never one: it makes conditions true (RFC 4918 §10.4.8)."""


@dataclass(frozen=True, slots=True)
class Command:
    """The lock to take; None: the one of the If header is to be refreshed."""

    info: LockInfo | None
    infinite: bool
    timeout_s: int
    conditions: Conditions


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) for a body that is no lockinfo, or a Depth of 1."""
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    info = None if root is None else lockinfo.lock_info(root)
    levels = depth(request.headers, INFINITY)
    if levels == "1":
        raise Failed(400, "the Depth of a lock is 0 or infinity")
    return Command(
        info,
        levels == INFINITY,
        lockinfo.timeout_s(request.headers.get("Timeout")),
        conditions.parse(request.headers),
    )


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """200 with all locks of the resource; 201 if a name was reserved."""
    resource, where = await _lock(tx, context, target, command)
    held = await locks.of_owners(tx, context.now, where.owner_id)
    expires_at = context.now + command.timeout_s
    if command.info is None:
        lock = _refreshed(context, command.conditions, held, where)
        if locks.root_of(lock) != where:
            # What reaches further was given for more than the target.
            require_at_root(context, target, lock, Privilege.WRITE_CONTENT)
        await require_state(tx, context, command.conditions, resource, held)
        held = await locks.refresh(tx, held, lock, expires_at)
        return _answer(200, _shown(context, target, held), where, context.now)
    await require_state(tx, context, command.conditions, resource, held)
    if isinstance(resource, Unmapped):
        _require_room_for_name(context, command.conditions, held, resource)
    new = Lock(
        token=f"urn:uuid:{uuid.uuid4()}",
        owner_id=where.owner_id,
        place=where.place,
        on_home=where.is_home,
        shared=command.info.shared,
        infinite=command.infinite,
        creator_id=context.actor.id,
        root=target.href,
        owner=command.info.owner,
        expires_at=expires_at,
    )
    reserved = isinstance(resource, Unmapped) and where.place not in held.at
    held = await locks.take(tx, held, new)
    token = ("Lock-Token", f"<{new.token}>")
    shown = _shown(context, target, held)
    return _answer(201 if reserved else 200, shown, where, context.now, token)


async def _lock(
    tx: WriteTx, context: Context, target: Target, command: Command
) -> tuple[Resource, Spot]:
    """Locks the rows that nobody may write under the new lock, and what is there now."""
    match target.resource:
        case Home(collection):
            require(target, Privilege.WRITE_CONTENT)
            home = alive(await collections.lock(tx, collection.id), collection.id)
            if command.infinite:
                # Who writes to a calendar locks that alone, and has looked for locks by then.
                below = await collections.in_home(tx, home.owner_id)
                await collections.lock(tx, *(one.id for one in below))
            return Home(home), locks.of_home(home)
        case Calendar(collection):
            require(target, Privilege.WRITE_CONTENT)
            calendar = alive(await collections.lock(tx, collection.id), collection.id)
            return as_mounted(calendar, target.resource), locks.of_collection(calendar)
        case CalendarObject(collection, stored):
            require(target, Privilege.WRITE_CONTENT)
            reader = reader_of(context, collection, target.grants)
            return await _lock_name(tx, reader, collection, stored.name, exists=True)
        case Unmapped(Calendar(collection), name):
            require(target, Privilege.BIND)
            reader = reader_of(context, collection, target.grants)
            return await _lock_name(tx, reader, collection, name, exists=False)
        case Unmapped(None):
            raise Failed(409, "there is no calendar of that name: make it first (MKCALENDAR)")
    raise Failed(403, "nothing but calendars can lie here: make one first (MKCALENDAR)")


async def _lock_name(
    tx: WriteTx, reader: Reader, calendar: Collection, name: str, *, exists: bool
) -> tuple[Resource, Spot]:
    calendar = alive(await collections.lock(tx, calendar.id), calendar.id)
    found = await member(tx, calendar, reader, name)
    require_writable(found, name)
    if (found.seen is not None) != exists:
        raise Failed(409, "it was made or deleted a moment ago: try again")
    where = locks.of_member(calendar, name)
    return found.seen or Unmapped(Calendar(calendar), name), where


def _refreshed(context: Context, demanded: Conditions, held: Locks, where: Spot) -> Lock:
    """The lock of the actor's that the If header names (RFC 4918 §9.10.2)."""
    tokens = demanded.submitted - {NO_LOCK}
    if len(tokens) != 1:
        raise Failed(400, "send a lockinfo, or one lock token in an If header to refresh that lock")
    for lock in held.covering(where):
        if lock.token in tokens:
            if lock.creator_id != context.actor.id:
                raise Failed(403, "the lock is somebody else's")
            return lock
    raise Refused(LOCK_TOKEN_OF_REFRESH, "there is no lock of that token here (any more)")


def _require_room_for_name(
    context: Context, demanded: Conditions, held: Locks, resource: Unmapped
) -> None:
    """A new name changes its calendar, which a lock of Depth 0 protects as well."""
    match resource.parent:
        case Calendar(collection):
            calendar = locks.of_collection(collection)
            covering = locks.gathered(one for one in held.covering(calendar) if not one.infinite)
            require_tokens(context, demanded, covering, [calendar])


def _shown(context: Context, target: Target, held: Locks) -> Locks:
    """The locks to tell of: who may not read knows of their own only."""
    if Privilege.READ in target.privileges:
        return held
    return locks.gathered(one for one in held.every if one.creator_id == context.actor.id)


def _answer(status: int, held: Locks, where: Spot, now: int, *headers: tuple[str, str]) -> Response:
    shown = write.element(DAV + "lockdiscovery", lockinfo.discovery(held.covering(where), now))
    sent: Headers = (
        ("Content-Type", write.CONTENT_TYPE),
        ("Cache-Control", "no-store"),
        *headers,
    )
    return Response(status, sent, write.document(DAV + "prop", shown))
