"""The members of a collection, as hrefs and resources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Final

from caldavd.acl.effective import effective, of_home
from caldavd.acl.privileges import Privilege
from caldavd.dav.facts import Item
from caldavd.dav.path import PROXY_GROUPS, encode
from caldavd.dav.resolve import Target, of_kind, reader_of
from caldavd.dav.respond import CHUNK, Page
from caldavd.dav.server import Context
from caldavd.model import (
    NO_GRANTS,
    Calendar,
    CalendarObject,
    Collection,
    Home,
    HomeCollection,
    Inbox,
    Notification,
    Notifications,
    Principal,
    PrincipalCollection,
    ProxyGroup,
    Resource,
    Root,
    Stored,
    StoredNotification,
)
from caldavd.service import homes, notify, views
from caldavd.service.views import Reader
from caldavd.store import aces, collections, notifications, objects, principals
from caldavd.store.engine import ReadTx
from caldavd.store.invitations import Member
from caldavd.store.members import identities_of

MAX_HOMES: Final = 1_000


async def members(tx: ReadTx, context: Context, resource: Resource, href: str) -> list[Item]:
    """What lies directly in a collection that holds no objects and is the actor's to see."""
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
            scheduling = context.server.scheduling
            found = await homes.members(
                tx, context.actor.id, collection.owner_id, scheduling=scheduling
            )
            return [home_item(href, one) for one in found]
        case Notifications(collection):
            told = await notifications.members(tx, collection.id)
            return [notification_item(href, collection, one) for one in told]
    return []


async def pages(tx: ReadTx, context: Context, target: Target) -> AsyncIterator[Page]:
    """What lies in a target; of a calendar, as many objects at a time as fit into memory."""
    if not isinstance(target.resource, (Calendar, Inbox)):
        yield Page(await members(tx, context, target.resource, target.href))
        return
    of = target.resource.collection
    reader = reader_of(context, of, target.grants)
    after = ""
    while page := await objects.listed(tx, of.id, after, CHUNK):
        shown = await views.seen(tx, reader, page)
        yield Page(object_items(target.href, of, reader, shown))
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


def home_item(home_href: str, member: Member) -> Item:
    """A calendar, or what else lies in a home, as its member; the href ends in a slash."""
    of, mount = member
    href = f"{home_href}{encode(of.name)}/"
    return href, of_kind(of) if mount is None else Calendar(of, mount)


def notification_item(href: str, of: Collection, stored: StoredNotification) -> Item:
    """A notification as a member of its collection, whose href ends in a slash."""
    return href + encode(stored.name), Notification(of, stored, notify.read(stored.content))


def object_items(
    calendar_href: str, of: Collection, reader: Reader, seen: Iterable[Stored]
) -> list[Item]:
    """Objects that a reader sees as members of their calendar, whose href ends in a slash."""
    how = reader.sight
    return [(calendar_href + encode(one.name), CalendarObject(of, one, how)) for one in seen]
