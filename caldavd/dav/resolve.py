"""Path to Target: a resource together with what the actor may do there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from caldavd.acl.effective import above, effective, knows, knows_members, of_home, sight
from caldavd.acl.privileges import Privilege, name
from caldavd.dav.path import PROXY_GROUPS, Path, host_of
from caldavd.dav.server import Context
from caldavd.errors import (
    ALLOWED_PRINCIPAL,
    RECOGNIZED_PRINCIPAL,
    Failed,
    NeedPrivileges,
    Refused,
    not_found,
)
from caldavd.model import (
    NO_GRANTS,
    Actor,
    Calendar,
    CalendarObject,
    Collection,
    Grants,
    Home,
    HomeCollection,
    Inbox,
    Kind,
    Notification,
    Notifications,
    Outbox,
    Principal,
    PrincipalCollection,
    Proxy,
    ProxyGroup,
    Resource,
    Root,
    Sight,
    Unmapped,
)
from caldavd.service import notify, views
from caldavd.service.views import Reader
from caldavd.store import (
    aces,
    collections,
    invitations,
    members,
    notifications,
    objects,
    principals,
)
from caldavd.store.engine import ReadTx

InHome = Calendar | Notifications | Inbox | Outbox
_NOBODY: Final = 0
"""An id that no principal has: who does not exist is looked for as who does."""


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, how the client spelled its URL, and the actor's privileges on it."""

    resource: Resource
    href: str
    """Encoded; ends in a slash if and only if the resource is a collection."""
    privileges: Privilege
    above: Privilege = Privilege.NONE
    """The privileges on the collection that it lies in, which adding and removing needs."""
    grants: Grants = NO_GRANTS
    """What the privileges were made of, for what lies below; nothing where all is the actor's."""


async def resolve(tx: ReadTx, context: Context, path: Path, *, content: bool = False) -> Target:
    """What a path leads to. Raises Failed(404) where the actor may not even know, LoginEnded.

    `content` loads an object's text with its row.
    """
    actor = context.actor
    resource, grants = await _resource(tx, context, path.segments, content=content)
    held = effective(actor, resource, grants)
    single = isinstance(resource, (CalendarObject, Notification, Unmapped))
    href = path.href if single else path.as_collection
    return Target(resource, href, held, above(actor, resource, grants), grants)


async def principals_at(tx: ReadTx, context: Context, hrefs: Iterable[str]) -> dict[str, Principal]:
    """The principals that a client names, by href, without their addresses.

    One statement finds them, and a second who the actor sees, if that is not everybody. Raises
    Refused: RECOGNIZED_PRINCIPAL for what is none, or none that the actor sees, and
    ALLOWED_PRINCIPAL for a group of delegates, which stays its owner's.
    """
    wanted = {href: _principal_name(context, href) for href in hrefs}
    found = {one.name: one for one in await principals.by_names(tx, set(wanted.values()))}
    if not context.server.all_principals:
        visible = await members.identities_of(tx, context.actor.id)
        found = {name: one for name, one in found.items() if one.id in visible}
    for href, name_ in wanted.items():
        if name_ not in found:
            raise _unrecognized(href)
    return {href: found[name_] for href, name_ in wanted.items()}


def _principal_name(context: Context, href: str) -> str:
    """The name in a principal's URL on this host."""
    try:
        host, segments = host_of(href), context.urls.parse(href).segments
    except Failed:
        raise _unrecognized(href) from None
    if host is not None and host != host_of(f"//{context.host}"):
        raise _unrecognized(href)
    match segments:
        case ("dav", "principals", name_):
            return name_
        case ("dav", "principals", _, group) if group in PROXY_GROUPS:
            raise Refused(ALLOWED_PRINCIPAL, "a group of delegates cannot be granted anything")
    raise _unrecognized(href)


def _unrecognized(href: str) -> Refused:
    return Refused(RECOGNIZED_PRINCIPAL, f"{href[:80]} is no principal here", href=None)


def reader_of(context: Context, calendar: Collection, grants: Grants) -> Reader:
    """How the actor sees the objects of a calendar."""
    return Reader(context.actor.id, sight(context.actor, calendar, grants))


def require(target: Target, privilege: Privilege) -> None:
    """Raises NeedPrivileges if the actor lacks a privilege on the target.

    What does not exist yet is a matter of the collection that it would lie in.
    """
    href = _above(target.href) if isinstance(target.resource, Unmapped) else target.href
    _require(target.privileges, privilege, href)


def require_above(target: Target, privilege: Privilege) -> None:
    """Raises NeedPrivileges if the actor lacks a privilege on what the target lies in."""
    _require(target.above, privilege, _above(target.href))


def _require(held: Privilege, privilege: Privilege, href: str) -> None:
    if privilege not in held:
        element = name(privilege)
        raise NeedPrivileges(element, href, f"you lack {element} here: ask the owner for it")


def _above(href: str) -> str:
    return href.rstrip("/").rpartition("/")[0] + "/"


async def _resource(
    tx: ReadTx, context: Context, segments: tuple[str, ...], *, content: bool
) -> tuple[Resource, Grants]:
    actor = context.actor
    match segments:
        # `/` and `/principals/` help clients that find no well-known URL.
        case () | ("dav",):
            return await _checked(tx, actor, Root()), NO_GRANTS
        case ("principals",) | ("dav", "principals"):
            return await _checked(tx, actor, PrincipalCollection()), NO_GRANTS
        case ("dav", "calendars"):
            return await _checked(tx, actor, HomeCollection()), NO_GRANTS
        case ("dav", "principals", owner, *rest) if len(rest) <= 1:
            return await _below_principals(tx, context, owner, rest)
        case ("dav", "calendars", owner, *rest) if len(rest) <= 2:
            return await _below_homes(tx, actor, owner, rest, content=content)
        case ("dav", name):
            return Unmapped(Root(), name), NO_GRANTS
    raise not_found("this URL")


async def _checked(tx: ReadTx, actor: Actor, resource: Resource) -> Resource:
    if not await principals.is_valid(tx, actor):
        raise principals.LoginEnded
    return resource


async def _below_principals(
    tx: ReadTx, context: Context, owner: str, rest: list[str]
) -> tuple[Resource, Grants]:
    match rest:
        case []:
            return await _principal(tx, context, owner), NO_GRANTS
        case [group] if group in PROXY_GROUPS:
            return await _proxy_group(tx, context.actor, owner, PROXY_GROUPS[group])
    raise not_found("this URL")


async def _below_homes(
    tx: ReadTx, actor: Actor, owner: str, rest: list[str], *, content: bool
) -> tuple[Resource, Grants]:
    if owner == actor.name:
        return await _own(tx, actor, rest, content=content)
    return await _others(tx, actor, owner, rest, content=content)


async def _principal(tx: ReadTx, context: Context, owner: str) -> Principal:
    actor = context.actor
    if owner == actor.name:
        return await _self(tx, actor)
    found = await principals.other(tx, actor, owner)
    if not context.server.all_principals:
        visible = await members.identities_of(tx, actor.id)
        found = found if found is not None and found.id in visible else None
    if found is None:
        raise not_found("this URL")
    return replace(found, addresses=await principals.addresses(tx, found.id))


async def _self(tx: ReadTx, actor: Actor) -> Principal:
    await _checked(tx, actor, Root())
    found = await principals.by_id(tx, actor.id)
    if found is None:
        raise principals.LoginEnded
    return found


async def _proxy_group(
    tx: ReadTx, actor: Actor, owner: str, level: Proxy
) -> tuple[Resource, Grants]:
    if owner == actor.name:
        return ProxyGroup(await _self(tx, actor), level), NO_GRANTS
    found = await principals.other(tx, actor, owner)
    grants = await aces.given_by(tx, actor.id, _NOBODY if found is None else found.id)
    if found is None or not effective(actor, ProxyGroup(found, level), grants):
        raise not_found("this URL")
    return ProxyGroup(found, level), grants


async def _own(
    tx: ReadTx, actor: Actor, rest: list[str], *, content: bool
) -> tuple[Resource, Grants]:
    match rest:
        case [calendar, name]:
            return await _own_object(tx, actor, calendar, name, content=content)
        case [calendar]:
            found = await collections.own(tx, actor, calendar)
            if found is not None:
                return of_kind(found), NO_GRANTS
            return await _mounted(tx, actor, calendar)
    return Home(await _own_home(tx, actor)), NO_GRANTS


_KINDS: Final[Mapping[str, Callable[[Collection], InHome]]] = {
    Kind.CALENDAR.value: Calendar,
    Kind.NOTIFICATIONS.value: Notifications,
    Kind.INBOX.value: Inbox,
    Kind.OUTBOX.value: Outbox,
}


def of_kind(found: Collection) -> InHome:
    """What a collection in a home is."""
    return _KINDS[found.kind](found)


async def _own_object(
    tx: ReadTx, actor: Actor, calendar: str, name: str, *, content: bool
) -> tuple[Resource, Grants]:
    found, stored, text = await objects.own(tx, actor, calendar, name, content=content)
    if found is None:
        parent, grants = await _mounted(tx, actor, calendar)
        match parent:
            case Calendar():
                reader = Reader(actor.id, sight(actor, parent.collection, grants))
                return await _member(tx, reader, parent, name, content=content), grants
            case Notifications():
                return Unmapped(parent, name), NO_GRANTS
        return Unmapped(None, name), NO_GRANTS
    if found.kind == Kind.NOTIFICATIONS.value:
        return await _notification(tx, found, name), NO_GRANTS
    if stored is None:
        return Unmapped(of_kind(found), name), NO_GRANTS
    return CalendarObject(found, stored, Sight.FULL, text), NO_GRANTS


async def _mounted(tx: ReadTx, actor: Actor, name: str) -> tuple[Resource, Grants]:
    """What has a name in the actor's home besides its own calendars: a mount, or nothing.

    A declined invitation is what there never was.
    """
    found = await invitations.mount(tx, actor.id, name)
    if found is not None:
        grants = await aces.given_by(tx, actor.id, found[0].owner_id)
        return Calendar(*found), grants
    if name == notify.NAME:
        return Notifications(notify.empty(actor.id)), NO_GRANTS
    return Unmapped(Home(await _own_home(tx, actor)), name), NO_GRANTS


async def _notification(tx: ReadTx, of: Collection, name: str) -> Resource:
    stored = await notifications.get(tx, of.id, name)
    if stored is None:
        return Unmapped(Notifications(of), name)
    return Notification(of, stored, notify.read(stored.content))


async def _own_home(tx: ReadTx, actor: Actor) -> Collection:
    home = await collections.own(tx, actor, "")
    if home is None:
        raise not_found("this calendar home")
    return home


async def _others(
    tx: ReadTx, actor: Actor, owner: str, rest: list[str], *, content: bool
) -> tuple[Resource, Grants]:
    """Something of another user. Raises Failed(404) where the actor holds nothing.

    Up to there it takes the same statements, whether or not it exists.
    """
    found = await principals.other(tx, actor, owner)
    owner_id = _NOBODY if found is None else found.id
    grants = await aces.given_by(tx, actor.id, owner_id)
    collection = await collections.by_name(tx, owner_id, rest[0] if rest else "")
    if collection is None:
        return await _missing(tx, actor, owner_id, rest, grants), grants
    resource = of_kind(collection) if rest else Home(collection)
    held = effective(actor, resource, grants)
    if not knows(held) or (len(rest) == 2 and not knows_members(held)):
        raise not_found("this URL")
    if len(rest) < 2 or isinstance(resource, (Home, Notifications)):
        return resource, grants
    if isinstance(resource, Outbox):
        return Unmapped(resource, rest[1]), grants
    reader = Reader(actor.id, sight(actor, collection, grants))
    return await _member(tx, reader, resource, rest[1], content=content), grants


async def _missing(
    tx: ReadTx, actor: Actor, owner_id: int, rest: list[str], grants: Grants
) -> Resource:
    """A calendar that does not exist: only who holds something on the home may make it."""
    if not of_home(actor, owner_id, grants):
        raise not_found("this URL")
    home = await collections.by_name(tx, owner_id, "")
    if home is None or not rest:
        raise not_found("this calendar home")
    return Unmapped(Home(home), rest[0]) if len(rest) == 1 else Unmapped(None, rest[1])


async def _member(
    tx: ReadTx, reader: Reader, parent: Calendar | Inbox, name: str, *, content: bool
) -> CalendarObject | Unmapped:
    """An object as the reader sees it; one that they do not see is not there."""
    calendar = parent.collection
    if content:
        loaded = await objects.get_with_content(tx, calendar.id, name)
        shown = None if loaded is None else await views.whole(tx, reader, *loaded)
        if shown is not None:
            return CalendarObject(calendar, shown[0], reader.sight, shown[1])
    else:
        stored = await objects.get(tx, calendar.id, name)
        for one in await views.seen(tx, reader, [] if stored is None else [stored]):
            return CalendarObject(calendar, one, reader.sight)
    return Unmapped(parent, name)
