"""Write locks: what they cover and demand, who may take and end them (RFC 4918 §6, §7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection as Container
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from caldavd.errors import LOCK_TOKEN_SUBMITTED, NO_CONFLICTING_LOCK, Failed, Refused
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    Inbox,
    Lock,
    Outbox,
    Place,
    Resource,
    Unmapped,
)
from caldavd.store import locks as store
from caldavd.store.engine import ReadTx, WriteTx

MAX_OF_CREATOR: Final = 200
"""Locks that one principal may have in one home."""
MAX_IN_HOME: Final = 1_000
"""Locks of others in one home: they take no room from its owner's."""
MAX_AT: Final = 20
"""Locks on one place: whatever lies below it shows them all."""


class Spot(NamedTuple):
    """Something that can be locked: a home, a calendar, or a name in a calendar, taken or not."""

    owner_id: int
    place: Place
    is_home: bool = False


def of_collection(collection: Collection) -> Spot:
    """A calendar, and what is changed when a member is added to it, or taken away."""
    return Spot(collection.owner_id, Place(collection.id))


def of_home(home: Collection) -> Spot:
    """A home, and what is changed when a calendar is made, renamed or deleted."""
    return Spot(home.owner_id, Place(home.id), is_home=True)


def of_member(calendar: Collection, name: str) -> Spot:
    """A name in a calendar."""
    return Spot(calendar.owner_id, Place(calendar.id, name))


def root_of(lock: Lock) -> Spot:
    """What was locked, which is not all that the lock covers."""
    return Spot(lock.owner_id, lock.place, lock.on_home)


def spot(resource: Resource) -> Spot | None:
    """Where locks on a resource are rooted; None if it can have none."""
    match resource:
        case Home(collection):
            return of_home(collection)
        case Calendar(collection) | Inbox(collection) | Outbox(collection):
            return of_collection(collection)
        case CalendarObject(collection, stored):
            return of_member(collection, stored.name)
        case Unmapped(Calendar(collection), name):
            return of_member(collection, name)
    return None


@dataclass(frozen=True, slots=True)
class Locks:
    """All locks in the homes of some principals."""

    every: tuple[Lock, ...]
    at: Mapping[Place, tuple[Lock, ...]]
    """By the place of their root."""
    over: Mapping[int, tuple[Lock, ...]]
    """Those of Depth infinity on a whole home, by its owner's id."""

    def covering(self, where: Spot) -> list[Lock]:
        """The locks that protect something (RFC 4918 §7.4); its own ones first."""
        place = where.place
        found = list(self.at.get(place, ()))
        if place.name:
            found += [one for one in self.at.get(Place(place.collection_id), ()) if one.infinite]
        if not where.is_home:
            found += self.over.get(where.owner_id, ())
        return found

    def below(self, where: Spot) -> list[Lock]:
        """The locks that are rooted at what lies in a collection, however deep."""
        if where.is_home:
            return [one for one in self.every if one.owner_id == where.owner_id and not one.on_home]
        if where.place.name:
            return []
        inside = where.place.collection_id
        return [one for one in self.every if one.place.collection_id == inside and one.place.name]


def gathered(found: Iterable[Lock]) -> Locks:
    """Locks as they are asked for."""
    every = tuple(found)
    at: defaultdict[Place, tuple[Lock, ...]] = defaultdict(tuple)
    over: defaultdict[int, tuple[Lock, ...]] = defaultdict(tuple)
    for one in every:
        at[one.place] += (one,)
        if one.on_home and one.infinite:
            over[one.owner_id] += (one,)
    return Locks(every, dict(at), dict(over))


NONE: Final = gathered(())


async def of_owners(tx: ReadTx, now: int, *owner_ids: int) -> Locks:
    """All locks in some homes."""
    return gathered(await store.of_owners(tx, sorted(set(owner_ids)), now))


def require_tokens(
    held: Locks,
    submitted: Container[str],
    actor_id: int,
    changed: Iterable[Spot],
    ends: Container[str] = (),
) -> None:
    """Raises Refused(LOCK_TOKEN_SUBMITTED) unless everything that is to be changed is unlocked,
    or locked by a lock of the actor's whose token was submitted (RFC 4918 §6.4, §7.5).

    Of several shared locks, one is enough. `ends`: tokens that serve whoever submits them, as the
    actor may end the locks of others.
    """
    for where in changed:
        covering = held.covering(where)
        if covering and not any(
            one.token in submitted and (one.creator_id == actor_id or one.token in ends)
            for one in covering
        ):
            raise Refused(
                LOCK_TOKEN_SUBMITTED,
                "it is locked: submit the lock's token, or wait for its end",
                href=covering[0].root,
            )


def whole(held: Locks, calendar: Collection) -> list[Spot]:
    """A calendar and its members with locks of their own: all that its removal changes."""
    where = of_collection(calendar)
    inside = [Spot(one.owner_id, one.place) for one in held.below(where)]
    return [where, *dict.fromkeys(inside)]


async def take(tx: WriteTx, held: Locks, new: Lock) -> Locks:
    """Takes a lock in locked collections; all locks then (RFC 4918 §9.10.5).

    Raises Refused(NO_CONFLICTING_LOCK), Failed(507) for more locks than there may be.
    """
    where = root_of(new)
    others = held.covering(where) + (held.below(where) if new.infinite else [])
    for other in others:
        if not (other.shared and new.shared):
            raise Refused(NO_CONFLICTING_LOCK, "something of it is locked already", href=other.root)
    of_home = [one for one in held.every if one.owner_id == new.owner_id]
    of_creator = [one for one in of_home if one.creator_id == new.creator_id]
    of_others = [one for one in of_home if one.creator_id != one.owner_id]
    is_owner = new.creator_id == new.owner_id
    full = len(of_others) >= MAX_IN_HOME and not is_owner
    if full or len(of_creator) >= MAX_OF_CREATOR:
        raise Failed(507, "there are too many locks: unlock something first")
    if len(held.at.get(new.place, ())) >= MAX_AT:
        raise Failed(507, "there are too many locks on this: wait for the end of one")
    await store.insert_(tx, new)
    return gathered((*held.every, new))


async def refresh(tx: WriteTx, held: Locks, lock: Lock, expires_at: int) -> Locks:
    """Lets a lock last until another second; all locks then."""
    await store.refresh(tx, lock.token, expires_at)
    renewed = replace(lock, expires_at=expires_at)
    return gathered(renewed if one is lock else one for one in held.every)


async def release(tx: WriteTx, lock: Lock) -> None:
    """Ends one lock."""
    await store.remove(tx, lock.token)


async def drop(tx: WriteTx, held: Locks, where: Spot) -> None:
    """Ends the locks rooted at an object that is removed (RFC 4918 §9.6, §9.9)."""
    if where.place in held.at:
        await store.remove_at(tx, where.place)


async def inherit(tx: WriteTx, held: Locks, over: Collection, to: Collection) -> None:
    """Gives what takes a calendar's URL the locks of that URL (RFC 4918 §7.6)."""
    for one in held.at.get(Place(over.id), ()):
        await store.insert_(tx, replace(one, place=Place(to.id)))
