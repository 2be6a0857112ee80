"""The target of a write as it is under the lock, and the conditions decided on it."""

from __future__ import annotations

from typing import NamedTuple

from caldavd.acl.effective import is_masked
from caldavd.acl.privileges import Privilege
from caldavd.acl.privileges import name as privilege_name
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions, State, StateOf
from caldavd.dav.path import encode
from caldavd.dav.resolve import resolve
from caldavd.dav.server import Context
from caldavd.errors import NO_UID_CONFLICT, Failed, NeedPrivileges, Refused
from caldavd.model import Calendar as CalendarResource
from caldavd.model import CalendarObject, Collection, Home, Resource, Sight, Stored, Unmapped
from caldavd.service import sync, views
from caldavd.service.put import UidConflict
from caldavd.service.views import Reader
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx, WriteTx


class Member(NamedTuple):
    """A name in a locked calendar: the object that has it, and as whoever asks sees it, if so."""

    calendar: Collection
    stored: Stored | None
    seen: CalendarObject | None


async def lock_object(
    tx: WriteTx,
    context: Context,
    calendar: Collection,
    reader: Reader,
    name: str,
    demanded: Conditions,
) -> Member:
    """Locks a calendar and reads its member `name` after that. Raises Failed(404, 412).

    What was resolved before may be out of date by now; this is what a write may decide on.
    """
    locked = alive(await collections.lock(tx, calendar.id), calendar.id)
    found = await member(tx, locked, reader, name)
    resource: Resource = found.seen or Unmapped(CalendarResource(locked), name)
    await require(tx, context, demanded, resource)
    return found


async def member(tx: WriteTx, locked: Collection, reader: Reader, name: str) -> Member:
    """What has a name in a locked calendar."""
    stored = await objects.get(tx, locked.id, name)
    seen = await views.seen(tx, reader, [] if stored is None else [stored])
    shown = CalendarObject(locked, seen[0], reader.sight) if seen else None
    return Member(locked, stored, shown)


def require_writable(found: Member, href: str) -> None:
    """Raises what a write over this member is refused with, be it as it was resolved or not."""
    if found.stored is not None and found.seen is None:
        raise Failed(403, "this name cannot be used here: choose another")
    if found.seen is not None and is_masked(found.seen.stored, found.seen.sight):
        element = privilege_name(Privilege.WRITE_CONTENT)
        raise NeedPrivileges(element, href, "you see that its owner is busy: change it you cannot")


async def uid_refusal(
    tx: WriteTx, calendar: Collection, reader: Reader, conflict: UidConflict, href: str
) -> Refused:
    """How a UID conflict is told: with the href of the object, if whoever asks sees that one.

    `href` is that of a member of the calendar.
    """
    holder = await member(tx, calendar, reader, conflict.name)
    if holder.seen is None:
        return Refused(NO_UID_CONFLICT, "this UID cannot be used here: use another")
    conflict.href = f"{href.rpartition('/')[0]}/{encode(conflict.name)}"
    return conflict


def alive(locked: list[Collection], id_: int) -> Collection:
    """The locked collection of that id. Raises Failed(404) if it was deleted meanwhile."""
    for found in locked:
        if found.id == id_ and found.trashed_at is None:
            return found
    raise Failed(404, "the calendar was deleted a moment ago")


async def require(tx: ReadTx, context: Context, demanded: Conditions, resource: Resource) -> None:
    """Raises Failed(412) unless the conditions hold; resolves the URLs that an If header names."""
    await conditions.require(demanded, states(tx, context, resource))


def states(tx: ReadTx, context: Context, resource: Resource) -> StateOf:
    """The state of the target of a request, and of other resources by their URL.

    Each is looked up once: nothing else changes it during the transaction.
    """
    known: dict[str | None, State] = {}

    async def state_of(url: str | None) -> State:
        if url not in known:
            known[url] = await look_up(url)
        return known[url]

    async def look_up(url: str | None) -> State:
        if url is None:
            return await state(tx, resource)
        try:
            target = await resolve(tx, context, context.urls.parse(url))
        except Failed:
            return State()
        if Privilege.READ not in target.privileges:
            return State()
        return await state(tx, target.resource)

    return state_of


async def state(tx: ReadTx, resource: Resource) -> State:
    """A resource's entity tag, state tokens and time of modification."""
    match resource:
        case Unmapped():
            return State()
        case CalendarObject(stored=stored):
            return State(True, stored.etag, modified_at=stored.modified_at)
        case CalendarResource(collection):
            # A token holds for whoever has it, however they see the calendar.
            return _collection(collection, *(sync.token(collection, how) for how in Sight))
        case Home(collection):
            calendars = await collections.calendars(tx, collection.owner_id)
            return _collection(collection, sync.home_token(collection, calendars))
    return State(True)


def _collection(collection: Collection, *tokens: str) -> State:
    return State(True, collection.etag, frozenset(tokens), collection.modified_at)
