"""The target of a write as it is under the lock: conditions and write locks decide on that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from caldavd.acl.effective import is_masked, of_home
from caldavd.acl.privileges import Privilege
from caldavd.acl.privileges import name as privilege_name
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions, State, StateOf
from caldavd.dav.path import encode
from caldavd.dav.resolve import Target, require_above, resolve
from caldavd.dav.resolve import require as require_privilege
from caldavd.dav.server import Context
from caldavd.errors import NO_UID_CONFLICT, Failed, NeedPrivileges, Refused
from caldavd.model import (
    Actor,
    CalendarObject,
    Collection,
    Home,
    Inbox,
    Lock,
    Notification,
    Notifications,
    Outbox,
    Resource,
    Sight,
    Stored,
    Unmapped,
)
from caldavd.model import Calendar as CalendarResource
from caldavd.service import homes, locks, sync, views
from caldavd.service.locks import Locks, Spot
from caldavd.service.put import UidConflict
from caldavd.service.views import Reader
from caldavd.store import collections, objects
from caldavd.store import locks as store
from caldavd.store.engine import ReadTx, WriteTx


class Member(NamedTuple):
    """A name in a locked calendar, and what has it."""

    calendar: Collection
    stored: Stored | None
    seen: CalendarObject | None
    """The object as whoever asks sees it, if so."""
    locks: Locks
    """The write locks of the home."""


async def lock_object(
    tx: WriteTx,
    context: Context,
    calendar: Collection,
    reader: Reader,
    name: str,
    demanded: Conditions,
    *,
    unbinds: Target | None = None,
) -> Member:
    """Locks a calendar and reads its member `name` after that. Raises Failed(404, 412), Refused.

    What was resolved before may be out of date by now; this is what a write may decide on. A new
    member, or one that is taken away (the target `unbinds`), changes the calendar too.
    """
    locked = alive(await collections.lock(tx, calendar.id), calendar.id)
    existing, found = await store.member(tx, locked, name, context.now)
    held = locks.gathered(found) if found else locks.NONE
    seen = await _seen(tx, locked, reader, existing)
    resource: Resource = seen or Unmapped(CalendarResource(locked), name)
    await require(tx, context, demanded, resource, held)
    changed = [locks.of_member(locked, name)]
    if existing is None or unbinds is not None:
        changed.append(locks.of_collection(locked))
    require_tokens(context, demanded, held, changed, unbinds)
    return Member(locked, existing, seen, held)


async def member(tx: WriteTx, locked: Collection, reader: Reader, name: str) -> Member:
    """What has a name in a locked calendar, without the locks."""
    stored = await objects.get(tx, locked.id, name)
    return Member(locked, stored, await _seen(tx, locked, reader, stored), locks.NONE)


async def _seen(
    tx: WriteTx, calendar: Collection, reader: Reader, stored: Stored | None
) -> CalendarObject | None:
    for one in await views.seen(tx, reader, [] if stored is None else [stored]):
        return CalendarObject(calendar, one, reader.sight)
    return None


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


def as_mounted(locked: Collection, mounted: CalendarResource) -> CalendarResource:
    """A calendar, mounted or not, with the state of its locked row."""
    if mounted.mount is None:
        return CalendarResource(locked)
    was = mounted.collection
    row = replace(locked, name=was.name, uuid=was.uuid, incarnation=was.incarnation)
    return replace(mounted, collection=row)


async def require(
    tx: ReadTx,
    context: Context,
    demanded: Conditions,
    resource: Resource,
    held: Locks | None = None,
) -> None:
    """Raises Failed(412) unless the conditions hold; resolves the URLs that an If header names.

    `held`: the locks of the resource's home, if they were read already.
    """
    if not demanded.empty:
        await conditions.require(demanded, states(tx, context, demanded, resource, held))


def require_tokens(
    context: Context,
    demanded: Conditions,
    held: Locks,
    changed: Iterable[Spot],
    removed: Target | None = None,
) -> None:
    """Raises Refused(LOCK_TOKEN_SUBMITTED) for the lock of something that is to be changed.

    To remove a target, the tokens of others' locks that the actor may end serve as well: a lock
    keeps nobody from what is theirs.
    """
    if held.every:
        ends = [] if removed is None else _ended(context, held.every, removed)
        tokens = {one.token for one in ends}
        locks.require_tokens(held, demanded.submitted, context.actor.id, changed, tokens)


async def require_unlocked(
    tx: ReadTx,
    context: Context,
    demanded: Conditions,
    *changed: Spot,
    removed: Target | None = None,
) -> Locks:
    """Reads the locks of some homes, and raises as `require_tokens`; the locks."""
    held = await locks.of_owners(tx, context.now, *(where.owner_id for where in changed))
    require_tokens(context, demanded, held, changed, removed)
    return held


def require_removable(
    context: Context, demanded: Conditions, held: Locks, calendar: Collection, target: Target
) -> None:
    """Raises as `require_tokens` for the locks that keep a calendar from being removed.

    Those of others below it that the actor may end do not: they end with it. On a free name, the
    actor might not even know of them.
    """
    below = held.below(locks.of_collection(calendar))
    ended = {one.token for one in _ended(context, below, target)}
    left = locks.gathered(one for one in held.every if one.token not in ended) if ended else held
    require_tokens(context, demanded, left, locks.whole(left, calendar), target)


def require_at_root(context: Context, target: Target, lock: Lock, privilege: Privilege) -> None:
    """Raises NeedPrivileges unless the actor holds a privilege where a lock was taken.

    It may cover more than the target, through which it was found.
    """
    if locks.spot(target.resource) == locks.root_of(lock):
        require_privilege(target, privilege)
    elif lock.on_home:
        held = of_home(context.actor, lock.owner_id, target.grants)
        require_privilege(Target(target.resource, lock.root, held), privilege)
    else:
        require_above(target, privilege)


def _ended(context: Context, found: Iterable[Lock], target: Target) -> list[Lock]:
    """The locks of others that the actor may end, as far as the target tells."""
    return [
        one
        for one in found
        if one.creator_id != context.actor.id
        and Privilege.UNLOCK in _at_root(context.actor, one, target)
    ]


def _at_root(actor: Actor, lock: Lock, target: Target) -> Privilege:
    """What the actor holds where a lock was taken, or in its home if the target is elsewhere."""
    where = locks.spot(target.resource)
    if where is None or lock.place.collection_id != where.place.collection_id:
        return of_home(actor, lock.owner_id, target.grants)
    return target.above if where.place.name and not lock.place.name else target.privileges


def states(
    tx: ReadTx,
    context: Context,
    demanded: Conditions,
    resource: Resource,
    held: Locks | None = None,
) -> StateOf:
    """The state of the target of a request, and of other resources by their URL.

    Each is looked up once, and so are the locks of a home: nothing else changes them during the
    transaction.
    """
    known: dict[str | None, State] = {}
    where = locks.spot(resource)
    locked = {} if held is None or where is None else {where.owner_id: held}

    async def state_of(url: str | None) -> State:
        if url not in known:
            known[url] = await look_up(url)
        return known[url]

    async def look_up(url: str | None) -> State:
        named = resource
        if url is not None:
            try:
                target = await resolve(tx, context, context.urls.parse(url))
            except Failed:
                return State()
            if Privilege.READ not in target.privileges:
                return State()
            named = target.resource
        found = await state(tx, context, named)
        # Few conditions are about locks: the others cost no statement for them.
        if not demanded.submitted:
            return found
        return await _with_locks(tx, context, named, found, locked)

    return state_of


async def _with_locks(
    tx: ReadTx, context: Context, resource: Resource, found: State, known: dict[int, Locks]
) -> State:
    """A state with the tokens of the locks that cover the resource (RFC 4918 §10.4.4).

    `known`: the locks of homes by the owner's id; those of another are added.
    """
    where = locks.spot(resource)
    if where is None:
        return found
    if where.owner_id not in known:
        known[where.owner_id] = await locks.of_owners(tx, context.now, where.owner_id)
    tokens = (one.token for one in known[where.owner_id].covering(where))
    return replace(found, tokens=found.tokens.union(tokens))


async def state(tx: ReadTx, context: Context, resource: Resource) -> State:
    """A resource's entity tag, state tokens and time of modification."""
    match resource:
        case Unmapped():
            return State()
        case CalendarObject(stored=stored):
            tag, schedule_tag = stored.etag, stored.schedule_tag
            return State(True, tag, modified_at=stored.modified_at, schedule_tag=schedule_tag)
        case CalendarResource(collection) | Inbox(collection) | Outbox(collection):
            # A token holds for whoever has it, however they see the calendar.
            return _collection(collection, *(sync.token(collection, how) for how in Sight))
        case Home(collection):
            scheduling = context.server.scheduling
            members = await homes.members(
                tx, context.actor.id, collection.owner_id, scheduling=scheduling
            )
            token = sync.home_token(collection, [of for of, _ in members])
            return _collection(collection, token)
        case Notifications(collection):
            return _collection(collection, sync.token(collection))
        case Notification(stored=told):
            return State(True, told.etag, modified_at=told.created_at)
    return State(True)


def _collection(collection: Collection, *tokens: str) -> State:
    return State(True, collection.etag, frozenset(tokens), collection.modified_at)
