"""The target of a write as it is under the lock, and the conditions decided on it."""

from __future__ import annotations

from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.resolve import resolve
from caldavd.dav.server import Context
from caldavd.errors import Failed
from caldavd.model import Calendar as CalendarResource
from caldavd.model import CalendarObject, Collection, Resource, Stored, Unmapped
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


async def require(tx: ReadTx, context: Context, demanded: Conditions, resource: Resource) -> None:
    """Raises Failed(412) unless the conditions hold; resolves the URLs that an If header names."""

    async def resolver(url: str) -> Resource | None:
        try:
            path = context.urls.parse(url)
            return (await resolve(tx, context.actor, path)).resource
        except Failed:
            return None

    await conditions.require(demanded, resource, resolver)
