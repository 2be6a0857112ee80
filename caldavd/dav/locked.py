"""The target of a write as it is under the lock, and the conditions decided on it."""

from __future__ import annotations

from dataclasses import replace

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions, State, StateOf
from caldavd.dav.resolve import resolve
from caldavd.dav.server import Context
from caldavd.errors import Failed
from caldavd.model import Calendar as CalendarResource
from caldavd.model import (
    CalendarObject,
    Collection,
    Home,
    Notification,
    Notifications,
    Resource,
    Stored,
    Unmapped,
)
from caldavd.service import homes, sync
from caldavd.store import collections, objects
from caldavd.store.engine import ReadTx, WriteTx


async def lock_object(
    tx: WriteTx, context: Context, calendar: Collection, name: str, demanded: Conditions
) -> tuple[Collection, Stored | None]:
    """Locks a calendar and reads its member `name` after that. Raises Failed(404, 412).

    What was resolved before may be out of date by now; this is what a write may decide on.
    """
    locked = alive(await collections.lock(tx, calendar.id), calendar.id)
    existing = await objects.get(tx, locked.id, name)
    resource: Resource
    if existing is None:
        resource = Unmapped(CalendarResource(locked), name)
    else:
        resource = CalendarObject(locked, existing)
    await require(tx, context, demanded, resource)
    return locked, existing


def alive(locked: list[Collection], id_: int) -> Collection:
    """The locked collection of that id. Raises Failed(404) if it was deleted meanwhile."""
    for found in locked:
        if found.id == id_ and found.trashed_at is None:
            return found
    raise Failed(404, "the calendar was deleted a moment ago")


def as_mounted(locked: Collection, mounted: CalendarResource) -> CalendarResource:
    """A mounted calendar with the state of its locked row."""
    was = mounted.collection
    row = replace(locked, name=was.name, uuid=was.uuid, incarnation=was.incarnation)
    return replace(mounted, collection=row)


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
            return await state(tx, context, resource)
        try:
            target = await resolve(tx, context, context.urls.parse(url))
        except Failed:
            return State()
        if Privilege.READ not in target.privileges:
            return State()
        return await state(tx, context, target.resource)

    return state_of


async def state(tx: ReadTx, context: Context, resource: Resource) -> State:
    """A resource's entity tag, state tokens and time of modification."""
    match resource:
        case Unmapped():
            return State()
        case CalendarObject(stored=stored):
            return State(True, stored.etag, modified_at=stored.modified_at)
        case CalendarResource(collection):
            return _collection(collection, sync.token(collection))
        case Home(collection):
            members = await homes.members(tx, context.actor.id, collection.owner_id)
            token = sync.home_token(collection, [of for of, _ in members])
            return _collection(collection, token)
        case Notifications(collection):
            return _collection(collection, sync.token(collection))
        case Notification(stored=told):
            return State(True, told.etag, modified_at=told.created_at)
    return State(True)


def _collection(collection: Collection, token: str) -> State:
    return State(True, collection.etag, frozenset({token}), collection.modified_at)
