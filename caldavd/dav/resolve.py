"""Path to Target: a resource together with what the actor may do there."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege, name
from caldavd.dav.path import Path
from caldavd.errors import Failed, NeedPrivileges, not_found
from caldavd.model import (
    Actor,
    Calendar,
    CalendarObject,
    Collection,
    Home,
    HomeCollection,
    Principal,
    PrincipalCollection,
    Resource,
    Root,
    Unmapped,
)
from caldavd.store import collections, objects, principals
from caldavd.store.engine import ReadTx


@dataclass(frozen=True, slots=True)
class Target:
    """A resource, how the client spelled its URL, and the actor's privileges on it."""

    resource: Resource
    href: str
    """Encoded; ends in a slash if and only if the resource is a collection."""
    privileges: Privilege


async def resolve(tx: ReadTx, actor: Actor, path: Path, *, content: bool = False) -> Target:
    """What a path leads to. Raises Failed(404) where the actor may not even know, LoginEnded.

    `content` loads an object's text with its row.
    """
    resource = await _resource(tx, actor, path.segments, content=content)
    if isinstance(resource, (CalendarObject, Unmapped)):
        return Target(resource, path.href, effective(actor, resource))
    return Target(resource, path.as_collection, effective(actor, resource))


def require(target: Target, privilege: Privilege) -> None:
    """Raises NeedPrivileges if the actor lacks a privilege on the target."""
    if privilege not in target.privileges:
        element = name(privilege)
        raise NeedPrivileges(element, target.href, f"you lack {element} here: ask the owner for it")


async def _resource(
    tx: ReadTx, actor: Actor, segments: tuple[str, ...], *, content: bool
) -> Resource:
    match segments:
        # `/` and `/principals/` help clients that find no well-known URL.
        case () | ("dav",):
            return await _checked(tx, actor, Root())
        case ("principals",) | ("dav", "principals"):
            return await _checked(tx, actor, PrincipalCollection())
        case ("dav", "calendars"):
            return await _checked(tx, actor, HomeCollection())
        case ("dav", "principals", owner):
            return await _principal(tx, actor, owner)
        case ("dav", "calendars", owner, *rest) if len(rest) <= 2:
            return await _below_homes(tx, actor, owner, rest, content=content)
        case ("dav", name):
            return Unmapped(Root(), name)
    raise not_found("this URL")


async def _checked(tx: ReadTx, actor: Actor, resource: Resource) -> Resource:
    if not await principals.is_valid(tx, actor):
        raise collections.LoginEnded
    return resource


async def _principal(tx: ReadTx, actor: Actor, owner: str) -> Principal:
    _require_self(actor, owner)
    await _checked(tx, actor, Root())
    found = await principals.by_id(tx, actor.id)
    if found is None:
        raise collections.LoginEnded
    return found


async def _below_homes(
    tx: ReadTx, actor: Actor, owner: str, rest: list[str], *, content: bool
) -> Resource:
    _require_self(actor, owner)
    match rest:
        case []:
            return Home(await _home(tx, actor))
        case [calendar]:
            found = await collections.own(tx, actor, calendar)
            if found is None:
                return Unmapped(Home(await _home(tx, actor)), calendar)
            return Calendar(found)
        case [calendar, name]:
            return await _object(tx, actor, calendar, name, content=content)
    raise Failed(404, "nothing lies below a calendar object")


async def _object(tx: ReadTx, actor: Actor, calendar: str, name: str, *, content: bool) -> Resource:
    found, stored, text = await objects.own(tx, actor, calendar, name, content=content)
    if found is None:
        return Unmapped(None, name)
    if stored is None:
        return Unmapped(Calendar(found), name)
    return CalendarObject(found, stored, text)


async def _home(tx: ReadTx, actor: Actor) -> Collection:
    home = await collections.own(tx, actor, "")
    if home is None:
        raise not_found("this calendar home")
    return home


def _require_self(actor: Actor, owner: str) -> None:
    """Others' URLs do not exist for the actor, whether or not there is such a principal."""
    if owner != actor.name:
        raise not_found("this URL")
