"""The members of a collection, as hrefs and resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

from caldavd.acl.effective import effective, of_home
from caldavd.acl.privileges import Privilege
from caldavd.dav.facts import Item
from caldavd.dav.path import PROXY_GROUPS, encode
from caldavd.dav.respond import CHUNK, Page
from caldavd.dav.server import Context
from caldavd.model import (
    NO_GRANTS,
    Calendar,
    CalendarObject,
    Collection,
    Home,
    HomeCollection,
    Principal,
    PrincipalCollection,
    ProxyGroup,
    Resource,
    Root,
    Stored,
)
from caldavd.store import aces, collections, objects, principals
from caldavd.store.engine import ReadTx
from caldavd.store.members import identities_of

MAX_HOMES: Final = 1_000


async def members(tx: ReadTx, context: Context, resource: Resource, href: str) -> list[Item]:
    """What lies directly in a collection and is the actor's to see."""
    urls = context.urls
    match resource:
        case Root():
            return [(urls.principals, PrincipalCollection()), (urls.homes, HomeCollection())]
        case PrincipalCollection():
            return [(urls.principal(one.name), one) for one in await visible(tx, context)]
        case HomeCollection():
            return await _homes(tx, context)
        case Principal():
            return await proxy_groups(tx, context, resource)
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


async def visible(tx: ReadTx, context: Context) -> list[Principal]:
    """The principals that the actor sees, by name and with their addresses."""
    if context.server.all_principals:
        return [one for one, _ in await principals.everyone(tx)]
    return await principals.by_ids(tx, await identities_of(tx, context.actor.id))


async def proxy_groups(tx: ReadTx, context: Context, of: Principal) -> list[Item]:
    """The groups of a user's delegates, for those whom they concern."""
    if of.is_group:
        return []
    actor, base = context.actor, context.urls.principal(of.name)
    grants = NO_GRANTS if of.id == actor.id else await aces.given_by(tx, actor.id, of.id)
    groups = [(f"{base}{name}/", ProxyGroup(of, level)) for name, level in PROXY_GROUPS.items()]
    return [
        (href, group) for href, group in groups if Privilege.READ in effective(actor, group, grants)
    ]


async def _homes(tx: ReadTx, context: Context) -> list[Item]:
    """The homes that the actor may read, its own first; of others' so many at most."""
    actor = context.actor
    grants = await aces.given_homes(tx, actor.id)
    ids = [
        id_
        for id_ in dict.fromkeys((actor.id, *grants.homes, *grants.proxies))
        if Privilege.READ in of_home(actor, id_, grants)
    ][:MAX_HOMES]
    names = {actor.id: actor.name}
    if len(ids) > 1:
        names |= await principals.names(tx, ids)
    found = await collections.homes(tx, ids)
    found.sort(key=lambda home: (home.owner_id != actor.id, names[home.owner_id]))
    return [(context.urls.home(names[one.owner_id]), Home(one)) for one in found]


def calendar_item(home_href: str, of: Collection) -> Item:
    """A calendar as a member of its home, whose href ends in a slash."""
    return f"{home_href}{encode(of.name)}/", Calendar(of)


def object_item(calendar_href: str, of: Collection, stored: Stored) -> Item:
    """An object as a member of its calendar, whose href ends in a slash."""
    return calendar_href + encode(stored.name), CalendarObject(of, stored)
