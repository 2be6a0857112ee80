"""The members of a collection, as hrefs and resources."""

from __future__ import annotations

from collections.abc import AsyncIterator

from caldavd.dav.path import encode
from caldavd.dav.respond import CHUNK, Item, Page
from caldavd.dav.server import Context
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    HomeCollection,
    PrincipalCollection,
    Resource,
    Root,
    Stored,
)
from caldavd.store import collections, objects, principals
from caldavd.store.engine import ReadTx


async def members(tx: ReadTx, context: Context, resource: Resource, href: str) -> list[Item]:
    """What lies directly in a collection and is the actor's to see."""
    urls, actor = context.urls, context.actor
    match resource:
        case Root():
            return [(urls.principals, PrincipalCollection()), (urls.homes, HomeCollection())]
        case PrincipalCollection():
            found = await principals.by_id(tx, actor.id)
            return [] if found is None else [(urls.principal(found.name), found)]
        case HomeCollection():
            home = await collections.by_name(tx, actor.id, "")
            return [] if home is None else [(urls.home(actor.name), Home(home))]
        case Home(collection):
            return [
                calendar_item(href, of)
                for of in await collections.calendars(tx, collection.owner_id)
            ]
        case Calendar(collection):
            stored = await objects.members(tx, collection.id)
            return [object_item(href, collection, one) for one in stored]
    return []


async def pages(tx: ReadTx, context: Context, resource: Resource, href: str) -> AsyncIterator[Page]:
    """What `members` returns; of a calendar, as many objects at a time as fit into memory."""
    if not isinstance(resource, Calendar):
        yield Page(await members(tx, context, resource, href))
        return
    of = resource.collection
    after = ""
    while page := await objects.listed(tx, of.id, after, CHUNK):
        yield Page([object_item(href, of, one) for one in page])
        after = page[-1].name


def calendar_item(home_href: str, of: Collection) -> Item:
    """A calendar as a member of its home, whose href ends in a slash."""
    return f"{home_href}{encode(of.name)}/", Calendar(of)


def object_item(calendar_href: str, of: Collection, stored: Stored) -> Item:
    """An object as a member of its calendar, whose href ends in a slash."""
    return calendar_href + encode(stored.name), CalendarObject(of, stored)
